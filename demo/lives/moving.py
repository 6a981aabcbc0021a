"""Who is abroad, on which permit somebody lives here, and what the household register adds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from demo.lives.days import Days
from demo.lives.events import Journey, Residence
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

if TYPE_CHECKING:
    from demo.county import County

STILL_ABROAD = 0.12
YEAR = timedelta(days=365)


def journeys(days: Days) -> list[Journey]:
    """The last journeys; those who live alone may still be away."""
    words, rng = vocabulary("lives"), days.rng
    destinations, ports = Draw(words["destinations"]), Draw(words["ports"])
    alone = {one.members[0].key for one in days.county.households.values() if one.kind == "single"}
    found: list[Journey] = []
    for person in days.some(days.grown(1, 85), 0.012):
        left_on = days.met(person, 700)
        if left_on is None or days.is_away(person.key, left_on):
            continue
        back = left_on + timedelta(days=rng.randint(3, 60))
        gone = back > days.last(person) or (
            person.key in alone and (chance(rng, STILL_ABROAD) or not found)
        )
        if any(days.is_away(person.key, left_on + timedelta(days=day)) for day in range(0, 61, 5)):
            continue
        returned_on = None if gone else back
        days.away(person.key, left_on, returned_on)
        found.append(
            Journey(
                person=person.key, left_on=left_on, returned_on=returned_on,
                destination=destinations.one(rng), port=ports.one(rng),
            )
        )  # fmt: skip
    return found


def residences(days: Days) -> list[Residence]:
    """Permits of those with a resident's number; a few have overstayed."""
    names, rng = vocabulary("lives")["nations"], days.rng
    holders = [
        one for one in days.county.persons.values()
        if one.origin in names and one.national_id[1] not in "12" and one.died_on is None
    ]  # fmt: skip
    over = {one.key for one in days.some(holders, 0.02, least=1)}
    found = []
    for person in holders:
        since = days.past(person, 1500, person.born_on + 19 * YEAR) or days.as_of
        until = since + timedelta(days=rng.choice([365, 1095, 1826]))
        if person.key in over:
            since, until = days.as_of - 2 * YEAR, days.as_of - timedelta(days=rng.randint(20, 300))
        elif until <= days.as_of:
            until = days.as_of + timedelta(days=rng.randint(60, 900))
        ground = "marriage" if person.spouse else rng.choice(["work", "work", "study", "family"])
        found.append(
            Residence(
                person=person.key, nationality=names[person.origin], ground=ground,
                permit_from=since, permit_to=until,
                overstay_from=until + timedelta(days=1) if person.key in over else None,
                address_on=since, spouse_id=person.spouse,
            )
        )  # fmt: skip
    return found


def register_extras(county: County, days: Days) -> dict[str, dict[str, str]]:
    """Person -> further columns of the household register: death, marriage, custody, service."""
    found: dict[str, dict[str, str]] = {}
    for person in county.persons.values():
        more: dict[str, str] = {}
        if person.died_on:
            more["died_on"] = person.died_on.isoformat()
        more |= _marriage(county, person, days)
        if found_on := _service(person, days):
            more["service_from"] = found_on.isoformat()
        if days.age(person) < 18 and person.died_on is None:
            more |= _who_answers(county, person, days)
        if more:
            found[person.key] = more
    for person in days.some(days.grown(20, 70), 0.0006):
        since = days.past(person, 900, person.registered_on)
        if since and not person.left_on:
            found.setdefault(person.key, {})["at_office_since"] = since.isoformat()
    return found


def _marriage(county: County, person: Person, days: Days) -> dict[str, str]:
    """Married on one day with the spouse; a former spouse stays with the day of the divorce."""
    other = county.persons.get(person.spouse or person.former_spouse)
    if other is None:
        return {}
    grown = max(person.born_on, other.born_on) + 20 * YEAR
    eldest = min(
        (one.born_on for one in county.children_of.get(person.key, ())), default=days.as_of
    )
    married_on = max(grown, eldest - 2 * YEAR)
    if married_on >= days.as_of:
        return {}
    if person.spouse:
        return {"married_on": married_on.isoformat()}
    # The same day for both, from what both have in common.
    room = max((days.as_of - married_on).days - 60, 1)
    divorced_on = married_on + timedelta(days=60 + married_on.toordinal() % room)
    return {
        "spouse_id": other.national_id,
        "married_on": married_on.isoformat(),
        "divorced_on": min(divorced_on, days.as_of).isoformat(),
    }


def _service(person: Person, days: Days) -> date | None:
    if person.sex != "M" or not 19 <= days.age(person) <= 23 or person.died_on:
        return None
    if not chance(days.rng, 0.02) or days.is_away(person.key, days.as_of):
        return None
    return days.past(person, 110, person.born_on + 18 * YEAR)


def _who_answers(county: County, child: Person, days: Days) -> dict[str, str]:
    """Custody after a divorce; a grandparent as guardian of some whom grandparents raise."""
    mother, father = county.persons.get(child.mother), county.persons.get(child.father)
    if county.households[child.household].kind == "single-parent":
        for parent, by in ((mother, "mother"), (father, "father")):
            if parent and parent.household == child.household:
                since = max(child.born_on, days.as_of - 3 * YEAR)
                return {"custody_id": parent.national_id, "custody_by": by,
                        "custody_since": since.isoformat()}  # fmt: skip
    head = county.households[child.household].members[0]
    if county.households[child.household].kind == "grandparent" and chance(days.rng, 0.35):
        since = max(child.born_on, days.as_of - 2 * YEAR)
        return {"guardian_id": head.national_id, "guardian_name": head.name,
                "guardian_kind": "kin", "guardian_since": since.isoformat()}  # fmt: skip
    return {}
