"""Which person a cluster of records is: persons keep their ids, and known ones are not merged.

A person whom somebody has judged, or who is part of a report or case, is *settled*: a machine may
propose that two of them are one, a person decides (decision 16).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from anwang.people.rules.clusters import NOBODY, Doubt, Flags, Places, Records

FIRST_NEW: Final = -2  # new persons count down from here


@dataclass(frozen=True, slots=True)
class Assigned:
    """`person`: for each record a person's number as given, or below NOBODY a new one's."""

    person: Places
    merges: list[Doubt]


def assign(records: Records, cluster: Places, known: Places, settled: Collection[int]) -> Assigned:
    """Persons of all clusters. `known`: each record's person so far, NOBODY for none.

    A person stays with the cluster that holds most of it (with what a person said before all), a
    cluster keeps the person of most of its records.
    """
    person = known.copy()
    groups: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(_changing(cluster, known)).tolist():
        groups[int(cluster[place])].append(place)
    merges: list[Doubt] = []
    wishes: list[tuple[tuple[bool, bool, int, int], int, int]] = []
    for lead, places in groups.items():
        wanted: dict[int, list[int]] = defaultdict(list)
        for place in places:
            wanted[int(known[place])].append(place)
        first = int(min(records.tie[places]))
        for one, theirs in wanted.items():
            if one != NOBODY:
                pinned = bool((records.pinned[theirs] == one).any())
                wishes.append(((not pinned, one not in settled, -len(theirs), first), lead, one))
        kept = sorted(one for one in wanted if one in settled)
        if len(kept) > 1:
            merges.append(Doubt("merge", tuple(wanted[one][0] for one in kept), 0.0))
    granted = _granted(wishes)
    new = FIRST_NEW
    for lead, places in groups.items():
        mine = granted.get(lead)
        if mine is None:
            mine, new = new, new - 1
        for place in places:
            one = int(known[place])
            stays = one in settled and one != mine and _others_settled(known, places, settled)
            person[place] = one if stays else mine
    return Assigned(person, merges)


def _others_settled(known: Places, places: list[int], settled: Collection[int]) -> bool:
    return len({int(known[place]) for place in places} & set(settled)) > 1


def _granted(wishes: Iterable[tuple[tuple[bool, bool, int, int], int, int]]) -> dict[int, int]:
    """Cluster -> person, each person once, the strongest wish first."""
    granted: dict[int, int] = {}
    given: set[int] = set()
    for _, lead, one in sorted(wishes):
        if lead not in granted and one not in given:
            granted[lead] = one
            given.add(one)
    return granted


def _changing(cluster: Places, known: Places) -> Flags:
    """Records of clusters that are not one person and the whole of it, the usual case."""
    pairs, pair = np.unique(np.stack([cluster, known]), axis=1, return_inverse=True)
    _, cluster_of, persons = np.unique(pairs[0], return_inverse=True, return_counts=True)
    _, person_of, clusters = np.unique(pairs[1], return_inverse=True, return_counts=True)
    whole = (persons[cluster_of] == 1) & (clusters[person_of] == 1) & (pairs[1] != NOBODY)
    found: Flags = ~whole[pair.ravel()]
    return found
