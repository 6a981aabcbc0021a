"""The household picture of a report: who belongs, what is known of each, from whom, and what is
not.

A plain dict, stored with the decision it led to, so that the decision can be replayed. Everything
in it is sorted: the same evidence gives the same picture, byte for byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from anwang.households.rules.evidence import (
    Edge,
    FactView,
    PersonView,
    ReportView,
    SourceView,
    SubjectView,
)
from anwang.households.rules.kin import (
    bound_edges,
    household_kin,
    kin_within,
    one_edge_a_pair,
    registered_kin,
    relation_to,
    told_kin,
    violence_edges,
)
from anwang.households.rules.living_together import (
    faded,
    living_together,
    residences_in,
    residences_of,
)
from anwang.households.rules.lookups import lookup_state, sources_with_value, unknown_sources
from anwang.households.rules.memberships import memberships
from anwang.households.rules.protected import said_instead, settled_on, tells_place
from anwang.households.rules.ties import Ties, load_ties
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds

Picture = dict[str, Any]
_KIN_STEPS = 2


def build_picture(
    *,
    as_of: date,
    known_at: datetime,
    persons: Sequence[PersonView],
    facts: Sequence[FactView],
    sources: Sequence[SourceView],
    report: ReportView | None = None,
    focus: Sequence[str] = (),
    kinds: Mapping[str, FactKind] | None = None,
    ties: Ties | None = None,
) -> Picture:
    """The picture around the report's subjects, or around `focus` where no report is at hand.

    `persons` and `facts` may hold more people than belong; those who are neither subject, nor live
    or are registered with the focus, nor are kin within two steps, nor answer for the focus or must
    keep away from it, stay out. A subject nobody could
    be accepted for is a member `subject-<index>` with every source not asked. `sources` are those
    that deliver; our own records are evidence, not a look-up.
    """
    kinds = kinds if kinds is not None else load_fact_kinds()
    ties = ties or load_ties()
    shown = _not_withheld(facts, sources)
    subjects = report.subjects if report else ()
    ids = {one.index: one.person_id or f"subject-{one.index}" for one in subjects}
    people = _people(persons, shown, kinds, subjects, ids, as_of)
    main = sorted(set(focus)) or _focus(subjects, ties, ids)

    residences = residences_of(shown, kinds, as_of)
    kin = registered_kin(shown, kinds, as_of) + household_kin(shown, kinds, ties, as_of)
    if report is not None:
        residences += residences_in(report, ties, ids)
        kin += told_kin(report, ties, ids)
    kin = one_edge_a_pair(edge for edge in kin if edge.from_id in people and edge.to_id in people)
    tied = [(edge.from_id, edge.to_id) for edge in kin]
    groups = living_together(residences, tied)
    dead = {pid for pid, one in people.items() if one.dead}
    living = {pid for one in main for pid in groups.get(one, ())} - (dead - set(main))
    registered = _registered_together(main, shown, kinds, as_of)
    relatives = kin_within(main, kin, _KIN_STEPS) & people.keys()
    bound = bound_edges(shown, kinds, as_of)
    tied_to = {pid for one in bound for pid in (one.from_id, one.to_id)
               if {one.from_id, one.to_id} & set(main)}  # fmt: skip
    chosen = set(main) | set(ids.values()) | living | registered | relatives | tied_to
    chosen &= people.keys()

    violence = violence_edges(shown, kinds, ties, report, ids)
    edges = [one for one in kin + bound + violence if {one.from_id, one.to_id} <= chosen]
    order = sorted(chosen, key=lambda pid: _order(pid, main, ids, people))
    relations = relation_to(main[0], kin) if main else {}
    told = {ids[one.index]: ties.relation(one.relation_to_victim) for one in subjects}
    lookups = _lookups(order, people, sources, shown, as_of)
    return {
        "as_of": as_of.isoformat(),
        "known_at": known_at.isoformat(),
        "focus": [pid for pid in order if pid in main],
        "members": [
            people[pid].as_dict()
            | _subject(pid, subjects, ids)
            | {
                "registered": pid in registered,
                "living": pid in living,
                "relation": relations.get(pid) or told.get(pid),
            }
            for pid in order
        ],
        "memberships": memberships(
            order,
            main=main,
            living=living,
            facts=shown,
            residences=residences,
            edges=edges,
            kinds=kinds,
            as_of=as_of,
        ),
        "edges": [_edge(one) for one in edges],
        "facts": _facts(order, shown, kinds, as_of),
        "lookups": lookups,
        "unknown": unknown_sources(sources, lookups, {pid: people[pid].age for pid in order}),
        "living_together": [pid for pid in order if pid in living],
        "registered_together": [pid for pid in order if pid in registered],
        "kin": [pid for pid in order if pid in relatives],
    }


@dataclass(frozen=True, slots=True)
class _Person:
    """A member with what facts say of the person itself."""

    person_id: str
    name: str
    born_on: date | None
    sex: str
    age: int | None
    dead: bool
    pregnant: bool
    matched: bool
    identification: Any

    def as_dict(self) -> dict[str, Any]:
        return {
            "person_id": self.person_id,
            "name": self.name,
            "born_on": self.born_on.isoformat() if self.born_on else None,
            "sex": self.sex,
            "age": self.age,
            "dead": self.dead,
            "pregnant": self.pregnant,
            "matched": self.matched,
        }


def age_on(day: date, born_on: date) -> int:
    """Whole years; somebody born on 29 February turns a year older on 1 March."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _not_withheld(facts: Sequence[FactView], sources: Sequence[SourceView]) -> list[FactView]:
    withheld = {one.id for one in sources if one.withheld}
    return [fact for fact in facts if fact.source not in withheld]


def _people(
    persons: Sequence[PersonView],
    facts: Sequence[FactView],
    kinds: Mapping[str, FactKind],
    subjects: Sequence[SubjectView],
    ids: Mapping[int, str],
    as_of: date,
) -> dict[str, _Person]:
    said: dict[tuple[str, str], FactView] = {}
    of_persons = {one.id: one.person for one in kinds.values() if one.person}
    for fact in sorted((one for one in facts if one.kind in of_persons), key=_fact_order):
        kind = kinds[fact.kind]
        if kind.person and fact.holds_on(as_of) and not faded(fact, kind, as_of):
            said[(fact.person_id, kind.person)] = fact
    found = {}
    for one in persons:
        birth = said.get((one.person_id, "birth"))
        born_on = one.born_on or (birth.valid_from if birth else None)
        death = said.get((one.person_id, "death"))
        until = death.valid_from if death and death.valid_from else as_of
        found[one.person_id] = _Person(
            one.person_id,
            one.name,
            born_on,
            one.sex,
            age_on(min(until, as_of), born_on) if born_on else one.age,
            dead=death is not None,
            pregnant=(one.person_id, "pregnancy") in said,
            matched=True,
            identification=one.identification,
        )
    for subject in subjects:
        pid = ids[subject.index]
        if pid not in found:
            found[pid] = _Person(
                pid, subject.name, None, subject.sex, subject.age, False, False, False, "weak"
            )
    return found


def _focus(subjects: Sequence[SubjectView], ties: Ties, ids: Mapping[int, str]) -> list[str]:
    victims = [ids[one.index] for one in subjects if one.role in ties.focus]
    return list(dict.fromkeys(victims or [ids[one.index] for one in subjects[:1]]))


def _registered_together(
    main: Sequence[str], facts: Sequence[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> set[str]:
    keys = {
        (fact.person_id, fact.key)
        for fact in facts
        if (kind := kinds.get(fact.kind))
        and kind.households == "registered-together"
        and fact.key
        and fact.holds_on(as_of)
    }
    ours = {key for pid, key in keys if pid in main}
    return {pid for pid, key in keys if key in ours}


def _order(
    pid: str, main: Sequence[str], ids: Mapping[int, str], people: Mapping[str, _Person]
) -> tuple[Any, ...]:
    """Focus first, then the other subjects, then the others from old to young."""
    if pid in main:
        return (0, main.index(pid), 0, pid)
    if pid in ids.values():
        return (1, min(index for index, one in ids.items() if one == pid), 0, pid)
    age = people[pid].age
    return (2, age is None, -(age or 0), pid)


def _subject(pid: str, subjects: Sequence[SubjectView], ids: Mapping[int, str]) -> dict[str, Any]:
    one = next((one for one in subjects if ids[one.index] == pid), None)
    return {"subject": one.index if one else None, "role": one.role if one else None}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "kind": edge.kind,
        "from": edge.from_id,
        "to": edge.to_id,
        "since": edge.since.isoformat() if edge.since else None,
        "until": edge.until.isoformat() if edge.until else None,
        "source": edge.source,
        "inferred": edge.inferred,
        "dates": [day.isoformat() for day in edge.dates],
    }


def _facts(
    order: Sequence[str], facts: Sequence[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> list[dict[str, Any]]:
    """Facts of the members that have begun; ties of kin are edges and stand there."""
    place = {pid: at for at, pid in enumerate(order)}
    ranks = {kind: at for at, kind in enumerate(kinds)}
    wanted = [
        fact
        for fact in facts
        if fact.person_id in place
        and fact.kind in kinds
        and kinds[fact.kind].households != "kin"
        and (fact.valid_from is None or fact.valid_from <= as_of)
    ]
    wanted.sort(key=lambda fact: (place[fact.person_id], ranks[fact.kind], _fact_order(fact)))
    said = {kind: _SaidOfKind.of(kinds[kind]) for kind in {fact.kind for fact in wanted}}
    return [_fact(fact, kinds[fact.kind], said[fact.kind], as_of) for fact in wanted]


@dataclass(frozen=True, slots=True)
class _SaidOfKind:
    """What every fact of one kind is shown with."""

    label: dict[str, str]
    tells_place: str | None
    instead: dict[str, str]

    @classmethod
    def of(cls, kind: FactKind) -> "_SaidOfKind":
        return cls(kind.label.as_dict(), tells_place(kind), said_instead(kind).as_dict())


def _fact(fact: FactView, kind: FactKind, said: _SaidOfKind, as_of: date) -> dict[str, Any]:
    return _place(fact, said) | {
        "person_id": fact.person_id,
        "kind": fact.kind,
        "label": said.label,
        "value": dict(fact.value),
        "source": fact.source,
        "valid_from": fact.valid_from.isoformat() if fact.valid_from else None,
        "valid_to": fact.valid_to.isoformat() if fact.valid_to else None,
        "known_at": fact.known_at.isoformat(),
        "state": "withheld" if fact.withheld else "value",
        "current": fact.holds_on(as_of) and not faded(fact, kind, as_of),
        "text": said.instead if fact.withheld else kind.text_of(fact.value).as_dict(),
        "record": fact.record,
    }


def _place(fact: FactView, said: _SaidOfKind) -> dict[str, Any]:
    """That the fact tells a place, and what whoever must keep the place back goes by."""
    if said.tells_place is None:
        return {}
    return {
        "tells_place": said.tells_place,
        "settled_on": settled_on(fact).isoformat(),
        "instead": said.instead,
    }


def _fact_order(fact: FactView) -> tuple[Any, ...]:
    starts = fact.valid_from or date.min
    return (starts, fact.known_at, fact.source, fact.key or "", repr(sorted(fact.value.items())))


def _lookups(
    order: Sequence[str],
    people: Mapping[str, _Person],
    sources: Sequence[SourceView],
    facts: Sequence[FactView],
    as_of: date,
) -> list[dict[str, str]]:
    known = sources_with_value(facts)
    in_order = sorted(sources, key=lambda one: one.id)
    return [
        {
            "person_id": pid,
            "source": source.id,
            "state": lookup_state(
                source,
                has_value=(pid, source.id) in known,
                age=people[pid].age,
                identification=people[pid].identification,
                as_of=as_of,
            ),
        }
        for pid in order
        for source in in_order
    ]
