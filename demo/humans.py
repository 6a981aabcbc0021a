"""Which residents the demo's staff are: most of them strangers to every family, a few of them not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demo.county import County
from demo.persons import Person
from demo.reports import DemoReport

# At these accounts the demo shows what a conflict of interest does.
RELATED = {"desk2": "sibling", "adult-worker": "former-spouse", "health-lead": "household"}
STRANGERS = (
    "desk", "desk-supervisor", "child-worker", "child-lead", "child-supervisor", "welfare-worker",
    "welfare-lead", "welfare-supervisor", "health-worker", "health-supervisor", "hotline", "national",
)  # fmt: skip


def humans(county: County, reports: Iterable[DemoReport]) -> dict[str, str]:
    """Login -> national ID of an invented resident; the same for the same county and reports."""
    told = list(dict.fromkeys(key for one in reports for key in one.truth.values()))
    taken: set[str] = set()
    found: dict[str, str] = {}
    for login, kind in RELATED.items():
        for key in reversed(told):
            person = next(_close(county, county.persons[key], kind), None)
            if person is not None and person.key not in taken | set(told):
                taken.add(person.key)
                found[login] = person.national_id
                break
    strangers = _strangers(county, {county.persons[key].household for key in told})
    for login in STRANGERS:
        person = next(strangers, None)
        if person is not None:
            found[login] = person.national_id
    return found


def _works(county: County, person: Person) -> bool:
    return person.died_on is None and 25 <= person.age_on(county.as_of) <= 62


def _close(county: County, person: Person, kind: str) -> Iterator[Person]:
    """Residents of working age who are that to the person."""
    if kind == "former-spouse":
        near = [county.persons[person.former_spouse]] if person.former_spouse else []
    elif kind == "household":
        near = [one for one in county.households[person.household].members if one is not person]
    else:
        near = [one for up in (person.father, person.mother) if up
                for one in county.children_of.get(up, ()) if one is not person]  # fmt: skip
    yield from (one for one in near if _works(county, one))


def _strangers(county: County, told: set[str]) -> Iterator[Person]:
    """Residents of whose household, parents and children no report tells."""
    for person in county.persons.values():
        kin = [person.father, person.mother, person.spouse, person.former_spouse]
        near = [person, *(county.persons[one] for one in kin if one),
                *county.children_of.get(person.key, ())]  # fmt: skip
        if _works(county, person) and not {one.household for one in near} & told:
            yield person
