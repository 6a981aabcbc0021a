"""Who was registered or lived where, and when: the stays of a household, by place.

A place is a door down to its floor. A fact whose place is protected has no value and is no stay: it is
counted as kept back, and its days are not told either.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from anwang.households.rules.evidence import FactView
from anwang.registries.rules.fact_kinds import FactKind

Rank = Literal["registered", "lives"]
_RANKS: dict[str, Rank] = {"registered-residence": "registered", "actual-residence": "lives"}


@dataclass(frozen=True, slots=True)
class Stay:
    """One person at one place, however often it was said. `until` None: not known to have ended;
    `since` None: not known.
    """

    person_id: str
    rank: Rank
    since: date | None
    until: date | None
    seen_on: date
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonStays:
    """All stays of one person and rank at one place, the earliest first; never empty."""

    person_id: str
    rank: Rank
    stays: tuple[Stay, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Who told of any of them."""
        return tuple(sorted({source for stay in self.stays for source in stay.sources}))


@dataclass(frozen=True, slots=True)
class PlaceStays:
    """A place as it was told last, and its stays, the earliest first."""

    address: str
    stays: tuple[Stay, ...]

    @property
    def persons(self) -> tuple[PersonStays, ...]:
        """The stays of each person and rank together: somebody may come to a shelter a thousand times."""
        found: dict[tuple[str, Rank], list[Stay]] = {}
        for stay in self.stays:
            found.setdefault((stay.person_id, stay.rank), []).append(stay)
        return tuple(PersonStays(*who, tuple(stays)) for who, stays in found.items())


@dataclass(frozen=True, slots=True)
class Addresses:
    """All places of a household; `kept_back`: person -> how many words on a place are protected."""

    places: tuple[PlaceStays, ...]
    kept_back: Mapping[str, int]


def addresses_of(
    facts: Iterable[FactView],
    kinds: Mapping[str, FactKind],
    members: Iterable[str],
    as_of: date,
) -> Addresses:
    """The places of `members` up to a day, those lived at last first."""
    wanted = set(members)
    stays: dict[str, set[Stay]] = defaultdict(set)
    told: dict[str, tuple[date, str]] = {}
    kept: dict[str, int] = defaultdict(int)
    for fact in facts:
        kind = kinds.get(fact.kind)
        rank = _RANKS.get(kind.households) if kind else None
        begun = fact.valid_from is None or fact.valid_from <= as_of
        if rank is None or fact.person_id not in wanted or not begun:
            continue
        if fact.withheld:
            kept[fact.person_id] += 1
            continue
        address = str(fact.value.get("address") or "").strip()
        place = fact.place or address
        if not place:
            continue
        seen = fact.valid_from or fact.known_at.date()
        stays[place].add(_stay(fact, rank, seen, as_of))
        told[place] = max(told.get(place, (date.min, "")), (seen, address))
    places = [
        PlaceStays(told[place][1], tuple(sorted(_said_once(found), key=_order)))
        for place, found in stays.items()
    ]
    places.sort(key=lambda one: (-_last(one, as_of).toordinal(), one.address))
    return Addresses(tuple(places), dict(sorted(kept.items())))


def _stay(fact: FactView, rank: Rank, seen: date, as_of: date) -> Stay:
    ended = fact.valid_to if fact.valid_to and fact.valid_to <= as_of else None
    return Stay(fact.person_id, rank, fact.valid_from, ended, seen, (fact.source,))


def _said_once(stays: Iterable[Stay]) -> Iterator[Stay]:
    """Stays of one person and kind that run into each other, as one."""
    by_person: dict[tuple[str, str], list[Stay]] = defaultdict(list)
    for stay in sorted(stays, key=_order):
        said = by_person[stay.person_id, stay.rank]
        last = said[-1] if said else None
        if last is not None and (last.until is None or last.until >= stay.seen_on):
            until = None if None in (last.until, stay.until) else max(
                day for day in (last.until, stay.until) if day
            )  # fmt: skip
            sources = tuple(sorted({*last.sources, *stay.sources}))
            said[-1] = replace(last, until=until, sources=sources)
        else:
            said.append(stay)
    for said in by_person.values():
        yield from said


def _order(stay: Stay) -> tuple[date, str, str, tuple[str, ...]]:
    return (stay.since or stay.seen_on, stay.person_id, stay.rank, stay.sources)


def _last(place: PlaceStays, as_of: date) -> date:
    return max(one.until or as_of for one in place.stays)
