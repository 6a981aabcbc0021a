"""A household as known on a day stays as it was, whatever comes later and in whatever order it came."""

import random
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from anwang.households.presenters.signals import signals_of_picture
from anwang.households.queries import household_of
from tests.cases.household_world import HOME, OTHER, row
from tests.households.telling import REGISTRY, day, deliver, person
from tests.people.invented_persons import number

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
DRAW = random.Random(29)
NUMBERS = {"child": number(DRAW, "M"), "father": number(DRAW, "M"), "mother": number(DRAW, "F")}


@pytest.fixture(autouse=True)
def _as_the_matcher(in_role):
    with in_role("worker"):
        yield


def deliveries(child, father, mother) -> list[tuple[str, list[Any], str]]:
    """(source, rows, day known), in the order of the days."""
    home = [
        (child, row("1", "陳小安", "2022-05-01", "M", "child", national_id=NUMBERS["child"],
                    father_id=NUMBERS["father"], mother_id=NUMBERS["mother"])),
        (father, row("2", "陳大方", "1984-02-03", "M", "head", national_id=NUMBERS["father"])),
        (mother, row("3", "林美玉", "1986-07-08", "F", "spouse", national_id=NUMBERS["mother"])),
    ]  # fmt: skip
    moved = home[2][1] | {"address": OTHER, "household_key": "F2", "registered_on": "2026-01-20"}
    taken = {"record_key": "P1", "name": "陳大方", "entered_on": "2026-01-10"}
    shot = {"record_key": "V1", "name": "陳小安", "vaccine": "MMR", "dose": "1",
            "given_on": "2026-01-05", "address": HOME}  # fmt: skip
    return [
        (REGISTRY, home, "2026-01-05"),
        ("immunisation", [(child, shot)], "2026-01-12"),
        ("prison", [(father, taken)], "2026-01-15"),
        (REGISTRY, [(mother, moved)], "2026-01-25"),
        ("prison", [(father, taken | {"released_on": "2026-02-20"})], "2026-02-21"),
    ]


def seen(child, known_on=None) -> tuple[Any, ...]:
    """What the picture says, without the ids that each delivery draws anew and the hour of asking."""
    picture = household_of(child, DAY, known_on)
    if picture is None:
        return ()
    facts = [
        {name: value for name, value in one.items() if name != "record"} for one in picture["facts"]
    ]
    signals = [(one.key, one.certain, one.since) for one in signals_of_picture(picture)]
    kept = ("members", "memberships", "edges", "living_together", "registered_together", "kin")
    return tuple(repr(part) for part in (*(picture[name] for name in kept), facts, signals))


def test_the_order_in_which_deliveries_came_does_not_matter():
    """Of different sources; those of one source are taken in their own order."""
    child, father, mother = person(), person(), person()
    told = deliveries(child, father, mother)
    orders = [
        told,
        [told[2], told[4], told[0], told[3], told[1]],
        [told[1], told[2], told[0], told[4], told[3]],
    ]
    found = []
    for order in orders:
        with transaction.atomic():
            for source, rows, known in order:
                deliver(source, rows, day(known), mode="incremental")
            found.append(seen(child))
            transaction.set_rollback(True)
    assert found[0]
    assert found == [found[0]] * len(orders)


def test_what_was_known_on_a_day_is_replayed_after_everything_else_came():
    child, father, mother = person(), person(), person()
    then = []
    for source, rows, known in deliveries(child, father, mother):
        deliver(source, rows, day(known), mode="incremental")
        at = day(known, hour=12)
        then.append((at, seen(child, at)))
    assert len({one for _, one in then}) == len(then)
    for at, before in then:
        assert seen(child, at) == before
    assert seen(child) == then[-1][1]
