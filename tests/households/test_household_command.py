"""`anwang household`: one picture, of a day and as known on a day, and on record."""

import json
import uuid
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from anwang.access.actions.accounts import add_account
from anwang.access.context import Actor, enter
from anwang.access.models import Account
from anwang.access.operator import USERNAME, ShowsNoPersons
from anwang.households.management.commands.household import end_of
from tests.households.telling import REGISTRY, day, deliver, person

pytestmark = pytest.mark.django_db
ROW = {
    "record_key": "1",
    "name": "陳志安",
    "birth_date": "2018-05-01",
    "sex": "M",
    "household_key": "F1",
    "relation_to_head": "child",
    "registered_on": "2019-01-01",
    "address": "桃園市中壢區範例路1段2號3樓",
}


@pytest.fixture(autouse=True)
def _as_the_command(in_role):
    actor = Actor(uuid.uuid4(), "program")
    with in_role("worker"):
        enter(actor)
        if not Account.objects.filter(username=USERNAME).exists():
            add_account(
                USERNAME, display_name="示範操作", display_name_en="Demo operator", password=None,
                county=None, memberships=[], actor=actor,
            )  # fmt: skip
        yield


def ask(capsys, one, **more):
    call_command("household", str(one), json=True, **more)
    return json.loads(capsys.readouterr().out)


def test_a_persons_picture_has_members_and_facts_with_source_and_dates(capsys):
    one = person()
    deliver(REGISTRY, [(one, ROW)])
    picture = ask(capsys, one, as_of=date(2026, 3, 2))
    assert [member["name"] for member in picture["members"]] == ["陳志安"]
    assert {fact["source"] for fact in picture["facts"]} == {REGISTRY}
    assert picture["person_id"] == str(one)
    assert uuid.UUID(picture["household_id"])


def test_what_came_later_is_not_in_what_was_known(capsys):
    one = person()
    deliver(REGISTRY, [(one, ROW)], day("2026-02-10"))
    known = ask(capsys, one, as_of=date(2026, 3, 2), known_on=date(2026, 2, 10))
    assert known["members"]
    with pytest.raises(CommandError, match="Nothing was known"):
        call_command("household", str(one), known_on=date(2026, 2, 9), json=True)


def test_a_day_ends_in_taipei_and_a_running_day_ends_now():
    now = day("2026-03-02", hour=10)
    assert end_of(date(2026, 3, 1), now) == day("2026-03-01", hour=16)
    assert end_of(date(2026, 3, 2), now) == now


def test_a_reader_at_a_terminal_gets_lines(capsys):
    one = person()
    deliver(REGISTRY, [(one, ROW)])
    call_command("household", str(one), as_of=date(2026, 3, 2))
    out = capsys.readouterr().out
    assert "陳志安" in out
    assert "unknown:" in out


def test_a_production_instance_shows_nobody(monkeypatch):
    monkeypatch.setattr("anwang.access.operator.instance_kind", lambda: "production")
    with pytest.raises(ShowsNoPersons):
        call_command("household", str(uuid.uuid4()), json=True)
