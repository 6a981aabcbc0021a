"""The household picture from the database: who is around some persons, and what is known of each.

The matcher's reads, done as a program (decision 6). However many people there are, the number of
queries is the same: the feeds, three rounds of records, two of what leads from them to others.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from anwang.common.clock import clock_now
from anwang.households.queries.feeds import Feeds, feeds_as_known
from anwang.households.queries.groups import household_id_of, household_ids
from anwang.households.queries.records import (
    Asked,
    Known,
    StoredFact,
    kinds,
    known_of,
    near,
)
from anwang.households.rules.evidence import (
    FactView,
    Identification,
    PersonView,
    ReportView,
    SubjectView,
)
from anwang.households.rules.living_together import MOST_TOGETHER
from anwang.households.rules.picture import Picture, build_picture
from anwang.households.rules.places import place_of
from anwang.people.queries import born_on, told_best
from anwang.people.rules.addresses import NO_ADDRESS, Address, parse_address
from anwang.people.rules.forms import Forms

__all__ = ["MOST_TOGETHER", "household_id_of", "household_ids", "household_of", "picture_of"]

Subject = Mapping[str, Any]
_RESIDENCE: Final = ("registered-residence", "actual-residence")


def picture_of(
    subjects: Sequence[Subject],
    *,
    as_of: date,
    known_on: datetime | None = None,
    concerns: Sequence[str] = (),
    focus: Iterable[uuid.UUID | str] = (),
) -> Picture:
    """The picture around a report's subjects on `as_of`, with what was known at `known_on` (now).

    A subject has `index`, `role`, `person_id` (None where nobody was accepted) and, as far as told,
    `forms`, `name`, `sex`, `age`, `relation_to_victim`, and `identification` where a person
    confirmed who it is. Without subjects it is drawn around `focus`.
    """
    known_at = known_on or clock_now()
    feeds = feeds_as_known(known_at)
    gathering = _Gathering(as_of, known_at, feeds, then=known_on is not None)
    told = [(one, one.get("forms") or Forms()) for one in subjects]
    centre = [_uuid(one) for one in focus]
    start = {_uuid(one["person_id"]) for one in subjects if one.get("person_id")} | set(centre)
    gathering.gather(start, [forms.address for _, forms in told])
    report = ReportView(
        reported_on=as_of,
        subjects=tuple(gathering.subject(one, forms) for one, forms in told),
        concerns=tuple(concerns),
    )
    return build_picture(
        as_of=as_of,
        known_at=known_at,
        persons=gathering.persons({str(one.get("person_id")): one for one in subjects}),
        facts=gathering.facts(),
        sources=feeds.asked,
        report=report if subjects else None,
        focus=[str(one) for one in centre],
        kinds=kinds(),
    )


def household_of(
    person_id: uuid.UUID, as_of: date, known_on: datetime | None = None
) -> Picture | None:
    """The picture around one person; None where nothing was known of anybody of this id."""
    picture = picture_of([], as_of=as_of, known_on=known_on, focus=[person_id])
    return picture if picture["members"] else None


class _Gathering:
    """One picture's reading: outward from the subjects, each round in one or two queries."""

    def __init__(self, as_of: date, known_at: datetime, feeds: Feeds, *, then: bool) -> None:
        self._as_of, self._known_at, self._feeds, self._then = as_of, known_at, feeds, then
        self._known = Known()
        self._about: dict[str, uuid.UUID] = {}
        self._doors: dict[int, list[Address]] = {}

    def gather(self, start: set[uuid.UUID], told: Sequence[Address]) -> None:
        """Read the subjects, then those beside them, then the kin of all these."""
        self._read(start)
        first = self._asked(start, beside=True)
        first.places |= {one.full_key for one in told if one.full_key}
        first.doors |= {key for one in told if not one.floor and (key := _door(one))}
        second = self._follow(first)
        # Whom these lead to is read, and nobody further out.
        self._follow(self._asked(second, beside=False))
        for identities in self._known.identities.values():
            for one in identities:
                for key in {one.forms.address.door_key, one.forms.address.loose_key} - {0}:
                    self._doors.setdefault(key, []).append(one.forms.address)

    def subject(self, one: Subject, forms: Forms) -> SubjectView:
        """A subject with its place, as the rules take it."""
        person = _uuid(one["person_id"]) if one.get("person_id") else None
        age = one.get("age")
        if age is None:
            year = forms.year or forms.about_year
            age = self._as_of.year - year if year else forms.approx_age
        return SubjectView(
            index=int(one["index"]),
            role=str(one.get("role") or "other"),
            person_id=str(person) if person in self._known.identities else None,
            name=str(one.get("name") or forms.name),
            sex=one.get("sex") or forms.sex or "",  # type: ignore[arg-type]
            age=age,
            place=self._place(forms.address, person),
            relation_to_victim=str(one.get("relation_to_victim") or ""),
        )

    def persons(self, subjects: Mapping[str, Subject]) -> list[PersonView]:
        """Everybody read, each told by the fullest record."""
        found = []
        for person, identities in self._known.identities.items():
            best = told_best(identities)
            year = best.year or best.about_year
            found.append(
                PersonView(
                    person_id=str(person),
                    name=best.name,
                    born_on=born_on(best),
                    sex=best.sex,  # type: ignore[arg-type]
                    age=self._as_of.year - year if year else None,
                    identification=self._identification(person, subjects.get(str(person))),
                )
            )
        return found

    def facts(self) -> list[FactView]:
        """Their facts, with places and relatives as keys and persons."""
        return [
            FactView(
                person_id=str(one.person_id),
                kind=one.kind,
                value=one.value,
                source=one.source,
                known_at=one.known_at,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                key=one.key,
                about=self._relative(one),
                place=self._place(_address(one), one.person_id),
            )
            for one in self._known.facts
        ]

    def _read(self, persons: set[uuid.UUID]) -> None:
        new = persons - self._known.identities.keys()
        self._known.add(known_of(new, self._known_at, then=self._then))

    def _asked(self, persons: set[uuid.UUID], *, beside: bool) -> Asked:
        """What leads on from `persons`: kin, and (`beside`) households and places of the day."""
        asked = Asked()
        for one in self._known.facts:
            kind = kinds().get(one.kind)
            if kind is None or one.person_id not in persons or not self._holds(one):
                continue
            if kind.kin and one.key:
                asked.tokens.add(one.key)
            elif beside and kind.households == "registered-together" and one.key:
                asked.keys.add(one.key)
            elif beside and kind.households in _RESIDENCE:
                address = _address(one)
                asked.places |= {address.full_key} - {0}
                if not address.floor:
                    asked.doors |= {_door(address)} - {0}
        for person in persons:
            for identity in self._known.identities.get(person, ()):
                if identity.id_token is not None:
                    # Whoever names this number as parent or spouse.
                    asked.keys.add(identity.id_token.hex())
        asked.kinds = {
            one.id for one in kinds().values()
            if one.kin or (beside and one.households == "registered-together")
        }  # fmt: skip
        return asked

    def _follow(self, asked: Asked) -> set[uuid.UUID]:
        """Read whom `asked` leads to; returns them."""
        telling = self._feeds.telling(asked.kinds)
        reached = near(asked, telling, self._known_at, then=self._then)
        for (way, key), persons in reached.items():
            if way == "token":
                self._about.setdefault(key, min(persons))
        found = {one for persons in reached.values() for one in persons}
        self._read(found)
        return found

    def _holds(self, fact: StoredFact) -> bool:
        return fact.valid_to is None or self._as_of < fact.valid_to

    def _relative(self, fact: StoredFact) -> str | None:
        kind = kinds().get(fact.kind)
        about = self._about.get(fact.key or "") if kind and kind.kin else None
        return str(about) if about else None

    def _place(self, told: Address, person: uuid.UUID | None) -> str | None:
        if told is NO_ADDRESS:
            return None
        own = [
            one.forms.address for one in self._known.identities.get(person, ())
        ] if person else []  # fmt: skip
        return place_of(told, own, self._doors.get(_door(told), ()))

    def _identification(self, person: uuid.UUID, subject: Subject | None) -> Identification:
        """Certain by number or by a person's word; a machine's link by other signs is probable."""
        tokens = {one.id_token for one in self._known.identities[person]} - {None}
        if subject is None:
            return "certain" if tokens else "probable"
        said: Identification | None = subject.get("identification")
        forms = subject.get("forms")
        if said:
            return said
        return "certain" if forms and forms.id_token in tokens else "probable"


def _address(fact: StoredFact) -> Address:
    kind = kinds().get(fact.kind)
    if kind is None or kind.households not in _RESIDENCE:
        return NO_ADDRESS
    return parse_address(fact.value.get("address"))


def _door(address: Address) -> int:
    return address.door_key or address.loose_key


def _uuid(text: uuid.UUID | str) -> uuid.UUID:
    return text if isinstance(text, uuid.UUID) else uuid.UUID(str(text))
