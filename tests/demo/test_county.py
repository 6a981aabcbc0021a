from datetime import date, timedelta

import pytest

from anwang.common.values.national_id import parse_id
from demo.county import build_county
from demo.words import districts

AS_OF = date(2026, 3, 3)


def test_two_builds_of_one_seed_are_equal_and_another_seed_differs():
    first = build_county(11, AS_OF, persons=600).digest()
    assert first == build_county(11, AS_OF, persons=600).digest()
    assert first != build_county(12, AS_OF, persons=600).digest()
    assert first != build_county(11, AS_OF + timedelta(days=1), persons=600).digest()


def test_every_number_passes_its_checksum_and_belongs_to_one_person(county):
    numbers = [person.national_id for person in county.persons.values()]
    assert len(set(numbers)) == len(numbers)
    parsed = [parse_id(number) for number in numbers]
    assert all(one.valid for one in parsed)
    assert {one.kind for one in parsed} == {"national", "arc-new", "arc-old"}


def test_household_sizes_and_ages_are_those_of_a_county(county):
    size = len(county.persons) / len(county.households)
    assert 2.2 < size < 2.7
    old = sum(person.age_on(AS_OF) >= 65 for person in county.persons.values())
    small = sum(person.age_on(AS_OF) < 6 for person in county.persons.values())
    assert 0.12 < old / len(county.persons) < 0.24
    assert 0.03 < small / len(county.persons) < 0.07


def test_at_least_eight_in_a_hundred_live_elsewhere_than_registered(county):
    people = county.persons.values()
    moved = [person for person in people if person.lives_at != person.registered]
    assert len(moved) >= 0.08 * len(people)
    assert any(person.lives_at.county_code != county.code for person in moved)


def test_addresses_lie_in_real_districts(county):
    for person in list(county.persons.values())[:500]:
        assert person.lives_at.district in districts(person.lives_at.county_code).options


def test_children_are_younger_than_their_parents(county):
    for person in county.persons.values():
        for key in (person.father, person.mother):
            if key:
                years = (person.born_on - county.persons[key].born_on).days / 365.25
                assert years > 12, person.key


def test_every_fate_the_screens_show_occurs(county):
    keys = county.persons.keys()
    assert any(county.in_prison(key) for key in keys)
    assert {care.level for care in county.care.values()} == {1, 2, 3, 4, 5}
    assert any(county.overdue(key) for key in keys)
    people = county.persons.values()
    assert any(person.died_on for person in people)
    assert any(person.left_on for person in people)
    assert any(person.former_spouse for person in people)
    assert any(person.born_on.year == AS_OF.year for person in people)
    assert any(person.origin == "vietnam" and person.romanised for person in people)
    assert any("·" in person.name and "'" in person.name for person in people)


@pytest.mark.slow
def test_sixty_thousand_people_are_drawn():
    assert len(build_county(7, AS_OF).persons) >= 60_000
