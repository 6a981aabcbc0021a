"""Records into persons, from scored pairs: nobody is chained to a stranger.

Equal valid numbers come first. A record without one goes to the one person it means, weighed
against all others it may mean (as `scoring.rank` does); what then stands alone is joined only
where each pair of the group speaks for it. Two different valid numbers never meet in a person.
What a person has said holds against all of this (decision 16). The answer does not depend on the
order in which records came. A wrong one here gives a family another's past.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from anwang.people.rules.scoring import FARTHEST, Model

Places: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Kind = Literal["two-numbers", "one-number", "merge"]
NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Records:
    """One place a record, in parallel. `number`: its valid number as a whole number, 0 for none.

    `tie`: an order that does not depend on when a record came. `pinned`: the person (as a whole
    number) whose a person said it is, NOBODY for none.
    """

    number: Places
    tie: Places
    pinned: Places

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs of places, the side without a number left. `beside_name`: more than a name."""

    left: Places
    right: Places
    weight: npt.NDArray[np.float64]
    beside_name: Flags

    def __getitem__(self, chosen: Flags | Places) -> Pairs:
        return Pairs(
            self.left[chosen], self.right[chosen], self.weight[chosen], self.beside_name[chosen]
        )


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a person should look at: the places concerned, the first of them the one in question."""

    kind: Kind
    places: tuple[int, ...]
    weight: float


@dataclass(slots=True)
class Partition:
    """`cluster`: for each record the place of a record that stands for its person.

    `by_pair`: the pair (its place among the given ones) that brought a record there, NOBODY where
    a number, a judgement or nothing did.
    """

    cluster: Places
    by_pair: Places
    doubts: list[Doubt] = field(default_factory=list)


def partition(
    records: Records,
    pairs: Pairs,
    model: Model,
    *,
    contradicting: Sequence[tuple[int, int]] = (),
    apart: Sequence[tuple[int, int]] = (),
) -> Partition:
    """The persons. `contradicting`: pairs with one number that cannot be one person. `apart`: pairs
    of which a person said that they are not the same.
    """
    units = _Units(records, contradicting, apart)
    model = model.for_population(register_size(len(np.unique(units.of)), model))
    by_pair = np.full(len(records), NOBODY)
    doubts = list(units.doubts)
    asking = _Asking(records, pairs, units, model)
    doubts += asking.doubts()
    for asker, group, pair in asking.taken():
        by_pair[units.members(asker)] = pair
        units.join(asker, group)
    for one, other, pair in _among_themselves(records, pairs, units, asking, model):
        by_pair[units.members(other)] = pair
        units.join(other, one)
    return Partition(units.settled(), by_pair, doubts)


class _Units:
    """Records that numbers and judgements hold together; each named by the first of its places."""

    def __init__(
        self,
        records: Records,
        contradicting: Sequence[tuple[int, int]],
        apart: Sequence[tuple[int, int]],
    ) -> None:
        self._records = records
        self.doubts: list[Doubt] = []
        self._contradicts, self._parted = _both_ways(contradicting), _both_ways(apart)
        self.of = _by_number(records)
        self._above = np.arange(len(records))
        self._split_contradicting()
        self._join_pinned()
        self.holds_number = np.zeros(len(records), dtype=bool)
        self.holds_number[self.of[records.number != 0]] = True
        self.pinned = np.full(len(records), NOBODY)
        told = records.pinned != NOBODY
        self.pinned[self.of[told]] = records.pinned[told]
        self.apart: dict[int, set[int]] = defaultdict(set)
        for one, others in _both_ways(apart).items():
            self.apart[int(self.of[one])].update(int(self.of[other]) for other in others)
        self._members: dict[int, list[int]] = {}
        for place in np.flatnonzero(told):
            self._members.setdefault(int(self.of[place]), []).append(int(place))

    def members(self, unit: int) -> list[int]:
        """The places of a unit without a number."""
        return self._members.get(unit, [unit])

    def may_join(self, one: int, other: int) -> bool:
        """Whether no judgement stands between two units, with all that has joined them since."""
        first, second = self._top(one), self._top(other)
        pins = {int(self.pinned[first]), int(self.pinned[second])} - {NOBODY}
        strangers = {self._top(stranger) for stranger in self.apart.get(first, ())}
        return len(pins) < 2 and second not in strangers

    def join(self, one: int, other: int) -> None:
        """`one` belongs to `other` from now on."""
        first, second = self._top(one), self._top(other)
        if first == second:
            return
        self._above[first] = second
        if self.pinned[first] != NOBODY:
            self.pinned[second] = self.pinned[first]
        if first in self.apart:
            strangers = self.apart.pop(first)
            self.apart[second] |= strangers
            for stranger in strangers:
                self.apart[self._top(stranger)].add(second)

    def settled(self) -> Places:
        """For each record the unit it ended in."""
        above = self._above
        while not np.array_equal(above, above[above]):
            above = above[above]
        found: Places = above[self.of]
        return found

    def _top(self, unit: int) -> int:
        while self._above[unit] != unit:
            unit = int(self._above[unit])
        return unit

    def _split_contradicting(self) -> None:
        """Holders of one number that a person or their own words keep apart become several."""
        records = self._records
        pinned = np.flatnonzero((records.pinned != NOBODY) & (records.number != 0))
        touched = {int(self.of[place]) for place in [*self._contradicts, *self._parted, *pinned]}
        touched = {unit for unit in touched if records.number[unit] != 0}
        groups: dict[int, list[int]] = defaultdict(list)
        if touched:
            for place in np.flatnonzero(np.isin(self.of, list(touched))):
                groups[int(self.of[place])].append(int(place))
        for members in groups.values():
            parts = self._parts(members)
            for part in parts:
                self.of[part] = part[0]
            if doubtful := self._doubtful(parts):
                self.doubts.append(Doubt("one-number", doubtful, 0.0))

    def _doubtful(self, parts: list[list[int]]) -> tuple[int, ...]:
        """Of the holders of one number those about whom a person should be asked, the most
        contradicted first. Whoever is kept apart by people alone is in no doubt.
        """
        doubts = [sum(self._in_doubt(part, other) for other in parts) for part in parts]
        order = sorted(range(len(parts)), key=lambda at: -doubts[at])
        return tuple(parts[at][0] for at in order if doubts[at])

    def _in_doubt(self, part: list[int], other: list[int]) -> bool:
        """Whether two parts contradict each other and no person has said whether they are one."""
        across = [(one, another) for one in part for another in other]
        return any(
            another in self._contradicts.get(one, ()) for one, another in across
        ) and not any(
            another in self._parted.get(one, ())
            or NOBODY not in (self._records.pinned[one], self._records.pinned[another])
            for one, another in across
        )

    def _parts(self, members: list[int]) -> list[list[int]]:
        records = self._records
        parts: list[list[int]] = []
        for place in sorted(members, key=lambda one: (records.pinned[one] < 0, records.tie[one])):
            for part in parts:
                if not any(self._clashes(place, other) for other in part):
                    part.append(place)
                    break
            else:
                parts.append([place])
        return parts

    def _clashes(self, one: int, other: int) -> bool:
        mine, theirs = self._records.pinned[one], self._records.pinned[other]
        if mine != NOBODY and theirs != NOBODY:
            return bool(mine != theirs)
        return other in self._parted.get(one, ()) or other in self._contradicts.get(one, ())

    def _join_pinned(self) -> None:
        """All that a person said to be one person is one unit, led by a holder of a number."""
        records = self._records
        of_person: dict[int, list[int]] = defaultdict(list)
        for place in np.flatnonzero(records.pinned != NOBODY):
            of_person[int(records.pinned[place])].append(int(self.of[place]))
        for units in of_person.values():
            lead, *others = sorted(
                set(units), key=lambda one: (records.number[one] == 0, records.tie[one])
            )
            if others:
                self.of[np.isin(self.of, others)] = lead


class _Asking:
    """Units without a number, each against the persons that have one."""

    def __init__(self, records: Records, pairs: Pairs, units: _Units, model: Model) -> None:
        self._records, self._model, self._units = records, model, units
        left, right = units.of[pairs.left], units.of[pairs.right]
        mine, theirs = units.holds_number[left], units.holds_number[right]
        among = np.flatnonzero(mine != theirs)
        asker = np.where(mine, right, left)[among]
        group = np.where(mine, left, right)[among]
        weight = pairs.weight[among]
        order = np.lexsort((records.tie[group], -weight, group, asker))
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(asker[order]) != 0) | (np.diff(group[order]) != 0)
        kept = order[first]
        kept = kept[[units.may_join(int(asker[at]), int(group[at])) for at in kept]] if (
            units.apart or (units.pinned != NOBODY).any()
        ) else kept  # fmt: skip
        self._asker, self._group = asker[kept], group[kept]
        self._weight, self._pair = weight[kept], among[kept]
        self._beside_name = pairs.beside_name[self._pair]
        self.mass = np.zeros(len(records))
        self._odds = np.exp2(np.minimum(self._weight, FARTHEST))
        np.add.at(self.mass, self._asker, self._odds)

    def taken(self) -> Iterable[tuple[int, int, int]]:
        """(asker, group, pair) of those who mean one person, the surest first."""
        sure = self._odds / (self._model.population + self.mass[self._asker])
        chosen = np.flatnonzero((sure >= self._model.accept) & self._beside_name)
        tie = self._records.tie[self._asker[chosen]]
        for at in chosen[np.lexsort((tie, -self._weight[chosen]))]:
            asker, group = int(self._asker[at]), int(self._group[at])
            if self._units.may_join(asker, group):
                yield asker, group, int(self._pair[at])

    def doubts(self) -> list[Doubt]:
        """Askers that alone would be linked to several persons: their pairs but one are cut."""
        alone = self._odds / (self._model.population + self._odds)
        linked = np.flatnonzero((alone >= self._model.accept) & self._beside_name)
        asker, count = np.unique(self._asker[linked], return_counts=True)
        several = linked[np.isin(self._asker[linked], asker[count > 1])]
        found: dict[int, list[int]] = defaultdict(list)
        for at in several:  # in order of askers; among those the heaviest first
            found[int(self._asker[at])].append(int(at))
        doubts = []
        for one, places in found.items():
            places.sort(key=lambda at: (-self._weight[at], self._records.tie[self._group[at]]))
            margin = float(self._weight[places[0]] - self._weight[places[1]])
            groups = (int(self._group[at]) for at in places)
            doubts.append(Doubt("two-numbers", (one, *groups), margin))
        return doubts


def _among_themselves(
    records: Records, pairs: Pairs, units: _Units, asking: _Asking, model: Model
) -> Iterable[tuple[int, int, int]]:
    """(unit, joining unit, pair) of units that no number holds, heaviest pairs first.

    A group grows by a unit only if each of its members speaks for the unit: no chain.
    """
    settled = units.settled()
    free = ~units.holds_number & (settled == np.arange(len(records)))
    left, right = units.of[pairs.left], units.of[pairs.right]
    open_ = np.flatnonzero(free[left] & free[right] & (left != right))
    mine, theirs, weight = left[open_], right[open_], pairs.weight[open_]
    odds = np.exp2(np.minimum(weight, FARTHEST))
    against = model.population + np.maximum(asking.mass[mine], asking.mass[theirs])
    sure = (odds / (odds + against) >= model.accept) & pairs.beside_name[open_]
    low = np.minimum(records.tie[mine], records.tie[theirs])
    high = np.maximum(records.tie[mine], records.tie[theirs])
    speaks = set(zip(mine[sure].tolist(), theirs[sure].tolist(), strict=True))
    members: dict[int, list[int]] = {}
    group_of: dict[int, int] = {}
    for at in np.flatnonzero(sure)[np.lexsort((high[sure], low[sure], -weight[sure]))]:
        one, other = (group_of.get(unit, unit) for unit in (int(mine[at]), int(theirs[at])))
        if one == other or not units.may_join(one, other):
            continue
        ours, others = members.get(one, [one]), members.get(other, [other])
        if any((a, b) not in speaks and (b, a) not in speaks for a in ours for b in others):
            continue
        if min(records.tie[others]) < min(records.tie[ours]):
            one, other, ours, others = other, one, others, ours
        members[one] = ours + others
        group_of.update(dict.fromkeys(members[one], one))
        yield one, other, int(open_[at])


def _by_number(records: Records) -> Places:
    """For each place the first of those with its number, by tie; itself where it has none."""
    found = np.arange(len(records))
    held = np.flatnonzero(records.number != 0)
    order = held[np.lexsort((records.tie[held], records.number[held]))]
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(records.number[order]) != 0
    found[order] = order[first][np.cumsum(first) - 1] if len(order) else order
    return found


def _both_ways(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return found


def register_size(persons: int, model: Model) -> int:
    """The register's size in doublings of the model's: small changes must not move a score."""
    return model.population << max(0, math.ceil(math.log2(max(persons, 1) / model.population)))
