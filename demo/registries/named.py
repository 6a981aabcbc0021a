"""The four registers that the county's own life tells: household, doses, psychiatric care, prison."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from demo.county import County
from demo.persons import Person
from demo.registries.identity import Row, elsewhere, identity, iso
from demo.slips import variant
from demo.words import chance

# One stay in twenty is not a sentence, and one more serves to get off drugs.
KINDS_OF_CUSTODY = {0: "detention", 1: "observation"}


def household_registration(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    """One row a person and membership; moved and duplicate rows have keys of their own."""
    number = {key: person.national_id for key, person in county.persons.items()}
    for person in county.persons.values():
        row = identity(person, rng, wrong=0.008)
        row["address"] = person.registered.text(with_village=chance(rng, 0.7))
        row["previous_address"] = person.previous.text() if person.previous else ""
        row |= {
            "household_key": person.household,
            "relation_to_head": person.relation,
            "father_id": number.get(person.father, ""),
            "mother_id": number.get(person.mother, ""),
            "spouse_id": number.get(person.spouse, ""),
            "registered_on": iso(person.registered_on),
            "left_on": iso(person.left_on or person.died_on),
            "valid_from": iso(person.registered_on),
            "valid_to": iso(person.died_on),
        } | county.lives.registered.get(person.key, {})
        yield row, person.key
        yield from _second_row(person, row, rng)


def _second_row(person: Person, row: Row, rng: Random) -> Iterator[tuple[Row, str]]:
    """A former membership of some who moved; now and then a plain duplicate."""
    if person.previous and chance(rng, 0.12):
        since = person.registered_on - timedelta(days=rng.randint(300, 3000))
        former = row | {
            "record_key": f"{person.key}-1",
            "household_key": f"{person.household}-1",
            "address": person.previous.text(),
            "previous_address": "",
            "registered_on": iso(max(since, person.born_on)),
            "left_on": iso(person.registered_on),
            "valid_from": iso(max(since, person.born_on)),
            "valid_to": iso(person.registered_on),
        }
        yield former, person.key
    if chance(rng, 0.003):
        again = row | {"record_key": f"{person.key}-D", "name": variant(row["name"], rng)}
        yield again, person.key


def immunisation(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    """One row a dose; the address is the real one, told by the parent who came."""
    for key, doses in county.doses.items():
        child = county.persons[key]
        if child.died_on:
            continue
        row = elsewhere(county, child, rng, actual=0.85)
        row["phone"] = row["phone"] or _parent_phone(county, child)
        for n, dose in enumerate(doses, start=1):
            yield (
                row
                | {
                    "record_key": f"V{key[1:]}-{n:02d}",
                    "vaccine": dose.vaccine,
                    "dose": str(dose.dose),
                    "due_on": iso(dose.due_on),
                    "given_on": iso(dose.given_on),
                },
                key,
            )


def psychiatric_care(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    for key, care in county.care.items():
        yield (
            elsewhere(county, county.persons[key], rng, actual=0.8)
            | {
                "record_key": f"P{key[1:]}",
                "care_level": str(care.level),
                "registered_on": iso(care.registered_on),
                "closed_on": iso(care.closed_on),
                "last_visit_on": iso(care.last_visit_on),
            }
            | county.lives.in_care.get(key, {}),
            key,
        )


def prison(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    for key, stay in county.stays.items():
        yield (
            elsewhere(county, county.persons[key], rng, actual=0.4)
            | {
                "record_key": f"J{key[1:]}",
                "phone": "",
                "entered_on": iso(stay.entered_on),
                "expected_release_on": iso(stay.expected_release_on),
                "released_on": iso(stay.released_on),
                "custody_kind": KINDS_OF_CUSTODY.get(int(key[1:]) % 20, "sentence"),
                "facility": stay.facility,
            },
            key,
        )


def _parent_phone(county: County, child: Person) -> str:
    mother, father = county.persons.get(child.mother), county.persons.get(child.father)
    return next((p.phone for p in (mother, father) if p and p.phone), "")
