"""Who lives with whom, from dated evidence: the newest word on where a person lives decides.

A registered address is evidence from the day of registration; an address told later in a report, a
visit or a clinic outweighs it, one told earlier does not. In custody a person lives with nobody of
the household. Groups do not depend on the order of the evidence (a property test holds it).

A door joins those behind it as long as it can be one dwelling. Behind a dormitory's, a tower's or an
office's door each registered household stays by itself, and with it those of its kin.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from anwang.households.rules.evidence import FactView, ReportView
from anwang.households.rules.ties import Ties
from anwang.registries.rules.fact_kinds import FactKind

# More people than this behind one door, household or number are an institution or a mistake.
MOST_TOGETHER: Final = 60
# Two registered households in one dwelling are usual (a son registers apart from his parents), three
# that are no kin are several dwellings behind one number. Assumed; measured in docs/matching.md.
MOST_HOUSEHOLDS: Final = 2

Place = tuple[str, str]  # (door, household, with or away; its key)
Rank = Literal["registered", "actual", "elsewhere"]
# On one day what was seen outweighs what was registered, and custody outweighs both.
_RANKS: Final = {"registered": 0, "actual": 1, "elsewhere": 2}


@dataclass(frozen=True, slots=True)
class Residence:
    """One word on where a person lives. `place` is a door's key, a registered household's key, or
    (`with`) another person. `said_on` None: nobody knows since when, any dated word is newer. `source`
    and `known_at` are for showing it and weigh nothing.
    """

    person_id: str
    rank: Rank
    place: Place
    said_on: date | None
    source: str = ""
    known_at: datetime | None = None


def residences_of(
    facts: Iterable[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> list[Residence]:
    """The words on residence in `facts` that hold on `as_of` and have not faded."""
    found = []
    for fact in facts:
        kind = kinds.get(fact.kind)
        if kind is None or not fact.holds_on(as_of) or faded(fact, kind, as_of):
            continue
        said_on = fact.valid_from
        if kind.households == "registered-residence" and fact.place:
            found.append(_word(fact, "registered", ("door", fact.place), said_on))
        elif kind.households == "registered-together" and fact.key:
            found.append(_word(fact, "registered", ("household", fact.key), said_on))
        elif kind.households == "actual-residence" and fact.place:
            said_on = said_on or fact.known_at.date()
            found.append(_word(fact, "actual", ("door", fact.place), said_on))
        elif kind.households == "lives-elsewhere":
            found.append(_word(fact, "elsewhere", ("away", fact.person_id), said_on))
    return found


def _word(fact: FactView, rank: Rank, place: Place, said_on: date | None) -> Residence:
    return Residence(fact.person_id, rank, place, said_on, fact.source, fact.known_at)


def residences_in(report: ReportView, ties: Ties, ids: Mapping[int, str]) -> list[Residence]:
    """What the report at hand says: addresses of its subjects, and who lives with the victim.

    `ids`: index of a subject -> the id under which it is a member.
    """
    found = []
    victims = [one for one in report.subjects if one.role in ties.focus]
    for one in report.subjects:
        if one.place:
            place = ("door", one.place)
            found.append(Residence(ids[one.index], "actual", place, report.reported_on, "report"))
        elif one.role in ties.lives_with_victim and victims:
            found.append(
                Residence(
                    ids[one.index],
                    "actual",
                    ("with", ids[victims[0].index]),
                    report.reported_on,
                    "report",
                )
            )
    return found


def living_together(
    evidence: Iterable[Residence], kin: Iterable[tuple[str, str]] = ()
) -> dict[str, frozenset[str]]:
    """Person -> all who live in the same place, themselves included. `kin`: pairs of persons.

    Several newest words of one person on one day: a door counts before a mere "with", then the
    smaller key, so that the answer is one and the same whoever spoke first.
    """
    words: dict[str, list[Residence]] = defaultdict(list)
    for one in evidence:
        words[one.person_id].append(one)
    roots = _Roots()
    behind: dict[Place, dict[str, Place | None]] = defaultdict(dict)
    for person_id, said in words.items():
        roots.find(("person", person_id))
        places = _newest_places(said)
        household = next((place for place in places if place[0] == "household"), None)
        for place in places:
            if place[0] == "with":
                roots.join(("person", person_id), ("person", place[1]))
            elif place[0] == "household":
                roots.join(("person", person_id), place)
            elif place[0] == "door":
                behind[place][person_id] = household
    crowded = {door for door, persons in behind.items() if _crowded(persons)}
    door_of = {one: door for door in crowded for one in behind[door]}
    for door in behind.keys() - crowded:
        for person_id in behind[door]:
            roots.join(("person", person_id), door)
    for person, relative in kin if crowded else ():
        if person in door_of and door_of[person] == door_of.get(relative):
            roots.join(("person", person), ("person", relative))
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for node in list(roots.above):
        if node[0] == "person":
            groups[roots.find(node)].add(node[1])
    return {person: frozenset(group) for group in groups.values() for person in group}


def _crowded(persons: Mapping[str, Place | None]) -> bool:
    """Whether so many stand behind a door that it cannot be one dwelling. `persons`: each with the
    registered household of the same word, if that says one.
    """
    households = {household for household in persons.values() if household is not None}
    return len(persons) > MOST_TOGETHER or len(households) > MOST_HOUSEHOLDS


def faded(fact: FactView, kind: FactKind, as_of: date) -> bool:
    """Whether an open-ended fact was said too long ago to be taken for the present state."""
    if kind.fades_after_days is None or fact.valid_to is not None:
        return False
    said_on = fact.valid_from or fact.known_at.date()
    return as_of - said_on > timedelta(days=kind.fades_after_days)


def deciding_words(
    evidence: Iterable[Residence],
) -> Iterator[tuple[str, Residence, list[Residence]]]:
    """Each person, the word that decides where they live, and words seen of another place besides.

    A registered address that was outlived is no second home; a place somebody was seen at is one
    until it fades.
    """
    words: dict[str, list[Residence]] = defaultdict(list)
    for one in evidence:
        words[one.person_id].append(one)
    for person_id, said in words.items():
        places = _newest_places(said)
        decides = min(
            (one for one in said if one.place in places),
            key=lambda one: (places.index(one.place), -(one.said_on or date.min).toordinal(),
                             one.source),
        )  # fmt: skip
        others = {
            one.place: one
            for one in sorted(said, key=lambda one: (one.said_on or date.min, one.source))
            if one.rank == "actual" and one.place not in places and one.place[0] == "door"
        }
        yield person_id, decides, [others[place] for place in sorted(others)]


def _newest_places(said: list[Residence]) -> list[tuple[str, str]]:
    """The place of the newest word. A registration gives its door and its household, both."""
    newest = max(said, key=lambda one: (one.said_on or date.min, _RANKS[one.rank]))
    same = {one.place for one in said if one.rank == newest.rank and one.said_on == newest.said_on}
    if newest.rank == "registered":
        doors = sorted(place for place in same if place[0] == "door")[:1]
        return [*doors, *sorted(place for place in same if place[0] == "household")[:1]]
    return [min(same)]  # "away" < "door" < "with"


class _Roots:
    """Union of persons and places into groups."""

    def __init__(self) -> None:
        self.above: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, node: tuple[str, str]) -> tuple[str, str]:
        self.above.setdefault(node, node)
        while self.above[node] != node:
            self.above[node] = self.above[self.above[node]]
            node = self.above[node]
        return node

    def join(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self.above[second] = first
