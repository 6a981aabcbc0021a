"""Who a row is about, as an authority knows the person: with its own slips, doors and phones."""

from __future__ import annotations

from datetime import date
from random import Random

from demo.county import County
from demo.persons import Person
from demo.slips import homophone, swapped_digits, variant, wrong_digit
from demo.words import chance

Row = dict[str, str]
IDENTIFYING = [
    "record_key", "national_id", "name", "name_romanised", "sex", "birth_date", "phone", "phone_2",
    "address", "previous_address",
]  # fmt: skip


def identity(person: Person, rng: Random, wrong: float) -> Row:
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
        born_on = slipped_day(born_on, rng)
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


def elsewhere(
    county: County, person: Person, rng: Random, actual: float, wrong: float = 0.03
) -> Row:
    """The identity as another authority knows it; `actual`: share of addresses lived at."""
    row = identity(person, rng, wrong)
    lived_at = chance(rng, actual)
    row["address"] = (person.lives_at if lived_at else person.registered).text(chance(rng, 0.3))
    if lived_at and person.lives_at != person.registered and chance(rng, 0.3):
        row["previous_address"] = person.registered.text()
    return row


def slipped_day(born_on: date, rng: Random) -> date:
    """A neighbouring day, day and month exchanged, or the wrong year."""
    roll = rng.random()
    if roll < 0.4 and born_on.day <= 12:
        return date(born_on.year, born_on.day, born_on.month)
    if roll < 0.8:
        day = max(1, min(28, born_on.day + rng.choice([-1, 1, 10])))
        return date(born_on.year, born_on.month, day)
    return date(born_on.year + rng.choice([-1, 1]), born_on.month, min(born_on.day, 28))


def iso(day: date | None) -> str:
    """The day as a registry writes it; empty where there is none."""
    return day.isoformat() if day else ""
