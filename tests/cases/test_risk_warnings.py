"""A delivery that changes a signal of an open case tells its lead, once, saying what changed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client

from anwang.access.models import Notice
from anwang.cases.models import SignalHeld
from anwang.cases.oversight.actions.signals import warn_of_changes
from anwang.common.clock import clock_now
from anwang.web.notice_lines import notice_lines
from tests.cases.household_world import OTHER, into_custody, known_family, row
from tests.conftest import as_role
from tests.factories import PASSWORD
from tests.households.telling import REGISTRY, day, deliver, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def known():
    return known_family()


def newly_in_custody(who, **more):
    """Known as of now."""
    return into_custody(who, known_at=clock_now(), **more)


def look(times: int = 1) -> list[int]:
    with as_role("worker"):
        return [warn_of_changes() for _ in range(times)]


def told() -> list[Notice]:
    with as_role("worker"):
        return list(Notice.objects.filter(kind="risk-changed").order_by("at"))


def test_the_first_look_at_a_family_tells_nobody(known):
    into_custody(known.father)
    look()
    assert told() == []
    with as_role("worker"):
        assert "child-of-inmate" in set(SignalHeld.objects.values_list("signal_id", flat=True))


def test_a_new_delivery_that_changes_a_signal_tells_the_lead_once(known):
    look()
    newly_in_custody(known.father)
    assert look(3) == [1, 0, 0]
    (notice,) = told()
    assert notice.to_account == known.case.lead
    assert "child-of-inmate" in notice.detail["began"]
    assert notice.detail["ended"] == []


def test_who_is_released_ends_the_signal_and_that_is_told_too(known):
    look()
    newly_in_custody(known.father)
    look()
    newly_in_custody(known.father, released_on="2026-02-25")
    look(2)
    assert [("child-of-inmate" in one.detail["began"], "child-of-inmate" in one.detail["ended"])
            for one in told()] == [(True, False), (False, True)]  # fmt: skip


def test_a_delivery_about_somebody_else_changes_nothing(known):
    look()
    with as_role("worker"):
        stranger = {"record_key": "P9", "name": "王路人", "entered_on": "2026-02-01"}
        deliver("prison", [(person(), stranger)], clock_now(), mode="incremental")
    assert look(2) == [0, 0]
    assert told() == []


def test_who_has_the_same_vaccine_is_no_family_and_who_has_the_same_household_is(known):
    def vaccinated(key, name):
        return {
            "record_key": key,
            "name": name,
            "vaccine": "五合一",
            "dose": "1",
            "due_on": "2026-02-01",
        }

    with as_role("worker"):
        deliver("immunisation", [(known.child, vaccinated("1", "陳小安"))])
    look()
    at = clock_now()
    with as_role("worker"):
        deliver("immunisation", [(person(), vaccinated("2", "王路人"))], at, mode="incremental")
        assert of_interest(at) == 0
        newcomer = row("9", "陳阿公", "1950-01-01", "M", "parent", address=OTHER)
        deliver(REGISTRY, [(person(), newcomer)], at, mode="incremental")
        assert of_interest(at) == 1


def of_interest(at) -> int:
    """How many new records since `at` may concern a family of an open case."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from cases.records_of_interest(%s, 5000)",
            [at - dt.timedelta(seconds=1)],
        )
        return cursor.fetchone()[0]


def test_a_warning_leads_to_the_household_and_says_what_changed(known):
    look()
    newly_in_custody(known.father)
    look()
    client = Client()
    assert client.login(username="team-one", password=PASSWORD)
    text = client.get("/notices/").content.decode()
    assert "風險訊號有變化" in text
    assert (
        text.count(known.family.number) >= 2
    )  # in the link, and to read: a lead has many families
    assert "12 歲以下兒童的父或母在監" in text
    assert f"{known.path}household/" in text


def test_nobody_is_told_of_a_closed_case(known):
    look()
    with as_role("worker"):
        type(known.case).objects.filter(pk=known.case.pk).update(
            closed_at=day("2026-02-01"), closed_by=known.case.lead, closing_reason="完"
        )
    newly_in_custody(known.father)
    assert look() == [0]
    assert told() == []


def test_lines_of_other_notices_hold_no_signals():
    assert notice_lines([]) == []
