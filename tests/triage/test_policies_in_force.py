"""The database alone says which version is in force; a change is seen at the next report."""

from __future__ import annotations

import copy
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.access.context import TRYING, acting
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.intake.models import Report
from anwang.rulebook.queries import TO_BEGIN, standings
from anwang.rulebook.rules.loader import with_dates
from anwang.triage.actions.screening import screen_waiting
from anwang.triage.models import Screening
from anwang.triage.queries.policies import CLOCKS, TABLES, policies_in_force
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.trials.queries.replays import differs_from_stored
from tests.conftest import as_role
from tests.factories import account
from tests.rulebook.test_versions import GRADE, drafted, in_force, put_in_force

DAY = dt.date(2026, 3, 2)


@pytest.fixture
def ministry(db):
    return account("min-one", ("", None, "ministry")), account("min-two", ("", None, "ministry"))


@pytest.mark.django_db
def test_the_policies_of_the_database_are_those_of_the_files():
    policies, versions = policies_in_force(None, DAY)
    assert set(versions) == {*TABLES, CLOCKS}
    assert policies.tables == shipped_policies(DAY).tables
    assert policies.clocks == shipped_policies(DAY).clocks


@pytest.mark.django_db
def test_unchanged_policies_cost_one_statement():
    policies_in_force("68000", DAY)
    with CaptureQueriesContext(connection) as seen:
        policies_in_force("68000", DAY)
    assert len(seen) == 1


@pytest.mark.django_db
def test_a_day_before_the_first_version_takes_the_version_in_force():
    policies, _ = policies_in_force(None, dt.date(2025, 3, 2))
    assert policies.tables == shipped_policies(dt.date(2026, 1, 1)).tables


def test_days_are_dates_again():
    body = {"valid_from": "2026-01-01", "rows": [{"id": "a", "valid_to": "2026-02-01"}], "n": 1}
    assert with_dates(body) == {
        "valid_from": dt.date(2026, 1, 1),
        "rows": [{"id": "a", "valid_to": dt.date(2026, 2, 1)}],
        "n": 1,
    }


@pytest.mark.django_db
def test_a_version_of_a_day_to_come_decides_from_that_day_on_and_not_before(delivered, ministry):
    """A report of the day before keeps its decision and replays to it; the next day's is otherwise."""
    starts = dt.datetime.combine(today() + dt.timedelta(days=10), dt.time(), TAIPEI)
    now = in_force(GRADE)
    rows = copy.deepcopy(now.body["rows"])
    next(row for row in rows if row["id"] == "G-13")["then"]["grade"] = "1"
    coming = drafted(ministry[0], rows=rows)
    put_in_force(ministry, coming, starts_at=starts)

    at(starts - dt.timedelta(minutes=1))
    before = screened(delivered)
    assert (before.proposal["grade"], before.versions["policies"][GRADE]) == ("2", now.version)
    assert standings([coming])[coming.pk].state == TO_BEGIN

    at(starts + dt.timedelta(minutes=1))
    after = screened(delivered)
    assert (after.proposal["grade"], after.versions["policies"][GRADE]) == ("1", coming.version)
    stand = standings([now, coming])
    assert (stand[now.pk].state, stand[coming.pk].state) == ("retired", "in force")
    with as_role("worker"), acting(TRYING, "test"):
        for one in (before, after):
            assert differs_from_stored(one, Report.objects.get(pk=one.matter_id)) == []


def today() -> dt.date:
    return clock_now().astimezone(TAIPEI).date()


def at(instant: dt.datetime) -> None:
    """Make it `instant` for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('clock.ahead', (%s::timestamptz - clock_timestamp())::text, true)",
            [instant],
        )


def screened(delivered) -> Screening:
    """The screening of a report that comes in now."""
    report = delivered(received_at=clock_now().isoformat()).report
    with as_role("worker"):
        screen_waiting()
        with acting(TRYING, "test"):
            return Screening.objects.get(matter_id=report)
