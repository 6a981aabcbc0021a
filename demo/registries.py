"""Tells the county's truth as four registries would hold it, each with its own mistakes."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random

from demo.county import County
from demo.persons import Person
from demo.slips import homophone, swapped_digits, variant, wrong_digit
from demo.words import chance

TAIPEI = timezone(timedelta(hours=8))
IDENTIFYING = [
    "record_key", "national_id", "name", "name_romanised", "sex", "birth_date", "phone", "phone_2",
    "address", "previous_address",
]  # fmt: skip
COLUMNS = {
    "household-registration": [
        *IDENTIFYING, "household_key", "relation_to_head", "father_id", "mother_id", "spouse_id",
        "registered_on", "left_on", "valid_from", "valid_to",
    ],
    "immunisation": [*IDENTIFYING, "vaccine", "dose", "due_on", "given_on"],
    "psychiatric-care": [*IDENTIFYING, "care_level", "registered_on", "closed_on", "last_visit_on"],
    "prison": [*IDENTIFYING, "entered_on", "expected_release_on", "released_on", "facility"],
}  # fmt: skip
FAULTY_SHARE = 0.003
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """A row as delivered, whose it is, and what quarantine should say of it (empty: sound)."""

    row: Row
    owner: str
    fault: str


def registry_rows(county: County, source: str) -> list[RegistryRow]:
    """All rows of one source, in a full delivery's order; the same at every call."""
    rng = county.rng(f"registry:{source}")
    return [_maybe_faulty(row, owner, rng) for row, owner in TELLERS[source](county, rng)]


def write_registries(county: County, folder: Path) -> dict[str, int]:
    """Write each source as CSV (UTF-8) with its envelope; returns source -> rows."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for source, columns in COLUMNS.items():
        rows = registry_rows(county, source)
        path = folder / f"{source}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerows(row.row for row in rows)
        _write_envelope(path, source, len(rows), county.as_of)
        counts[source] = len(rows)
    return counts


def faulty_owners(county: County, source: str = "household-registration") -> frozenset[str]:
    """Keys of persons whose row quarantine keeps out: nobody can be matched to them there."""
    return frozenset(r.owner for r in registry_rows(county, source) if r.fault)


def _write_envelope(path: Path, source: str, rows: int, as_of: date) -> None:
    delivered_at = datetime.combine(as_of, time(2, 30), TAIPEI).astimezone(UTC)
    envelope = {
        "source": source,
        "manifest_version": 1,
        "mode": "full",
        "delivered_at": delivered_at.astimezone(TAIPEI).isoformat(),
        "rows": rows,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    text = json.dumps(envelope, ensure_ascii=False, indent=1) + "\n"
    path.with_name(path.name + ".meta.json").write_text(text, "utf-8")


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _household_registration(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    """One row a person and membership; moved and duplicate rows have keys of their own."""
    number = {key: person.national_id for key, person in county.persons.items()}
    for person in county.persons.values():
        row = _identity(person, rng, wrong=0.008)
        row["address"] = person.registered.text(with_village=chance(rng, 0.7))
        row["previous_address"] = person.previous.text() if person.previous else ""
        row |= {
            "household_key": person.household,
            "relation_to_head": person.relation,
            "father_id": number.get(person.father, ""),
            "mother_id": number.get(person.mother, ""),
            "spouse_id": number.get(person.spouse, ""),
            "registered_on": _iso(person.registered_on),
            "left_on": _iso(person.left_on or person.died_on),
            "valid_from": _iso(person.registered_on),
            "valid_to": _iso(person.died_on),
        }
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
            "registered_on": _iso(max(since, person.born_on)),
            "left_on": _iso(person.registered_on),
            "valid_from": _iso(max(since, person.born_on)),
            "valid_to": _iso(person.registered_on),
        }
        yield former, person.key
    if chance(rng, 0.003):
        again = row | {"record_key": f"{person.key}-D", "name": variant(row["name"], rng)}
        yield again, person.key


def _immunisation(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    """One row a dose; the address is the real one, told by the parent who came."""
    for key, doses in county.doses.items():
        child = county.persons[key]
        if child.died_on:
            continue
        row = _elsewhere(county, child, rng, actual=0.85)
        row["phone"] = row["phone"] or _parent_phone(county, child)
        for n, dose in enumerate(doses, start=1):
            yield (
                row
                | {
                    "record_key": f"V{key[1:]}-{n:02d}",
                    "vaccine": dose.vaccine,
                    "dose": str(dose.dose),
                    "due_on": _iso(dose.due_on),
                    "given_on": _iso(dose.given_on),
                },
                key,
            )


def _psychiatric_care(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    for key, care in county.care.items():
        yield (
            _elsewhere(county, county.persons[key], rng, actual=0.8)
            | {
                "record_key": f"P{key[1:]}",
                "care_level": str(care.level),
                "registered_on": _iso(care.registered_on),
                "closed_on": _iso(care.closed_on),
                "last_visit_on": _iso(care.last_visit_on),
            },
            key,
        )


def _prison(county: County, rng: Random) -> Iterator[tuple[Row, str]]:
    for key, stay in county.stays.items():
        yield (
            _elsewhere(county, county.persons[key], rng, actual=0.4)
            | {
                "record_key": f"J{key[1:]}",
                "phone": "",
                "entered_on": _iso(stay.entered_on),
                "expected_release_on": _iso(stay.expected_release_on),
                "released_on": _iso(stay.released_on),
                "facility": stay.facility,
            },
            key,
        )


TELLERS: dict[str, Callable[[County, Random], Iterator[tuple[Row, str]]]] = {
    "household-registration": _household_registration,
    "immunisation": _immunisation,
    "psychiatric-care": _psychiatric_care,
    "prison": _prison,
}


def _identity(person: Person, rng: Random, wrong: float) -> Row:
    """The identifying columns; each goes wrong on its own with chance `wrong` or so."""
    name, number, born_on = person.name, person.national_id, person.born_on
    if chance(rng, wrong):
        name = homophone(name, rng)
    if chance(rng, wrong):
        name = variant(name, rng)
    roll = rng.random()
    if roll < wrong:
        number = ""
    elif roll < wrong * 1.5:
        number = wrong_digit(number, rng) if chance(rng, 0.6) else swapped_digits(number, rng)
    if chance(rng, wrong):
        born_on = _slipped_day(born_on, rng)
    return {
        "record_key": person.key,
        "national_id": number,
        "name": name,
        "name_romanised": person.romanised,
        "sex": person.sex,
        "birth_date": born_on.isoformat(),
        "phone": "" if chance(rng, wrong * 3 + 0.1) else person.phone,
        "phone_2": person.phone_2,
    }


def _elsewhere(county: County, person: Person, rng: Random, actual: float) -> Row:
    """The identity as another authority knows it; `actual`: share of addresses lived at."""
    row = _identity(person, rng, wrong=0.03)
    lived_at = chance(rng, actual)
    row["address"] = (person.lives_at if lived_at else person.registered).text(chance(rng, 0.3))
    if lived_at and person.lives_at != person.registered and chance(rng, 0.3):
        row["previous_address"] = person.registered.text()
    return row


def _parent_phone(county: County, child: Person) -> str:
    mother, father = county.persons.get(child.mother), county.persons.get(child.father)
    return next((p.phone for p in (mother, father) if p and p.phone), "")


def _slipped_day(born_on: date, rng: Random) -> date:
    """A neighbouring day, day and month exchanged, or the wrong year."""
    roll = rng.random()
    if roll < 0.4 and born_on.day <= 12:
        return date(born_on.year, born_on.day, born_on.month)
    if roll < 0.8:
        day = max(1, min(28, born_on.day + rng.choice([-1, 1, 10])))
        return date(born_on.year, born_on.month, day)
    return date(born_on.year + rng.choice([-1, 1]), born_on.month, min(born_on.day, 28))


def _maybe_faulty(row: Row, owner: str, rng: Random) -> RegistryRow:
    """Break about three rows in a thousand, so that quarantine has something to show."""
    if not chance(rng, FAULTY_SHARE):
        return RegistryRow(row, owner, "")
    faults = ["bad-date", "missing-key"]
    if row.get("relation_to_head"):
        faults.append("unknown-code")
    if row.get("care_level"):
        faults.append("unknown-code")
    fault = rng.choice(faults)
    if fault == "bad-date":
        row = row | {"birth_date": rng.choice(["2019-02-30", "1988-13-05", "0000-00-00", "不詳"])}
    elif fault == "missing-key":
        row = row | {"record_key": ""}
    elif "care_level" in row:
        row = row | {"care_level": "9"}
    else:
        row = row | {"relation_to_head": rng.choice(["boarder", "乾親", "??"])}
    return RegistryRow(row, owner, fault)
