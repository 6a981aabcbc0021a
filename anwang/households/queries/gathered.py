"""What was read of a household, as the rules take it: places and relatives become keys and persons."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from anwang.households.queries.records import RESIDENCE, Known, StoredFact, kinds, naming_kinds
from anwang.households.rules.evidence import FactView, Identification, PersonView, SubjectView
from anwang.households.rules.places import place_of
from anwang.people.queries import born_on, told_best
from anwang.people.rules.addresses import NO_ADDRESS, Address, parse_address
from anwang.people.rules.forms import Forms

Subject = Mapping[str, Any]


class Gathered:
    """One household's records, on a day."""

    def __init__(self, known: Known, as_of: date) -> None:
        self._known, self._as_of = known, as_of
        self._about: dict[str, uuid.UUID] = {}
        self._doors: dict[int, list[Address]] = {}
        for person, identities in known.identities.items():
            for one in identities:
                if one.id_token is not None:
                    token = one.id_token.hex()
                    self._about[token] = min(person, self._about.get(token, person))
                for key in {one.forms.address.door_key, one.forms.address.loose_key} - {0}:
                    self._doors.setdefault(key, []).append(one.forms.address)

    def subject(self, one: Subject, forms: Forms) -> SubjectView:
        """A subject with its place, as the rules take it."""
        person = uuid_of(one["person_id"]) if one.get("person_id") else None
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
        names = {person: str(person) for person in self._known.identities}
        return [
            FactView(
                person_id=names[one.person_id],
                kind=one.kind,
                value=one.value,
                source=one.source,
                known_at=one.known_at,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                key=one.key,
                about=self._relative(one),
                place=self._place(_address(one), one.person_id),
                record=str(one.record_id),
            )
            for one in self._known.facts
        ]

    def _relative(self, fact: StoredFact) -> str | None:
        about = self._about.get(fact.key or "") if fact.kind in naming_kinds() else None
        return str(about) if about else None

    def _place(self, told: Address, person: uuid.UUID | None) -> str | None:
        if told is NO_ADDRESS:
            return None
        own = [
            one.forms.address for one in self._known.identities.get(person, ())
        ] if person else []  # fmt: skip
        return place_of(told, own, self._doors.get(door_of(told), ()))

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
    if kind is None or kind.households not in RESIDENCE:
        return NO_ADDRESS
    return parse_address(fact.value.get("address"))


def door_of(address: Address) -> int:
    """The key of an address's door, with its district or, where that is not told, without; 0: none."""
    return address.door_key or address.loose_key


def uuid_of(text: uuid.UUID | str) -> uuid.UUID:
    """A person's id, from a picture's text or as it is."""
    return text if isinstance(text, uuid.UUID) else uuid.UUID(str(text))
