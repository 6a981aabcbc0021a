"""A year's official calendar, put in force by two people, moves the ends of running terms."""

from __future__ import annotations

import datetime as dt

import pytest

from anwang.access.context import SWEEPING, acting
from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import CALENDAR, calendar_in_force
from anwang.rulebook.rules.calendar import package_calendar
from anwang.rulebook.rules.clocks import due_at
from anwang.triage.actions.calendar import move_by_calendar
from anwang.triage.models import Clock, ClockEvent
from anwang.triage.queries.policies import clocks_of_day
from tests.conftest import as_role
from tests.rulebook.exchanging import calendar_csv
from tests.rulebook.test_files import upload
from tests.rulebook.test_studio import agreed, one, other, proposed
from tests.rulebook.test_versions import in_force
from tests.triage.test_clock_history import visit

__all__ = ["one", "other", "visit"]  # fixtures


@pytest.mark.django_db
def test_a_year_comes_in_force_by_two_people_moves_terms_and_is_undone(one, other, visit):
    with as_role("worker"), acting(SWEEPING, "test"):
        definition = clocks_of_day(visit.started_at)[visit.definition_id]
        start, due = visit.started_at, due_at(visit.started_at, definition, package_calendar())
        last = due.astimezone(TAIPEI).date()
        Clock.objects.filter(pk=visit.pk).update(due_at=due)
    former = in_force(CALENDAR)
    years = sorted({last.year, (last + dt.timedelta(days=10)).year})
    rests = {f"d{last:%Y%m%d}": "2"}
    lines = [calendar_csv(year, **rests).decode("utf-8-sig") for year in years]
    content = "".join([lines[0], *(one.partition("\r\n")[2] for one in lines[1:])])

    answer = upload(one, "/policies/import/", content.encode(), "calendar.csv")
    assert answer.status_code == 302, answer.content.decode()
    draft = PolicyVersion.objects.get(policy_id=CALENDAR, state="draft")
    shown = one.get(f"/policies/{draft.pk}/").content.decode()
    assert "與現行日曆不同的日子" in shown and "改為放假" in shown and "平日放假" in shown
    with as_role("worker"), acting(SWEEPING, "test"):
        assert move_by_calendar() == 0, "a draft moves nothing"
    assert proposed(one, draft).status_code == 302
    assert agreed(other, draft).status_code == 302
    with as_role("worker"):
        with acting(SWEEPING, "test"):
            assert calendar_in_force().is_rest_day(last)
        assert move_by_calendar() == 1
        assert move_by_calendar() == 0
        with acting(SWEEPING, "test"):
            visit.refresh_from_db()
            assert visit.due_at == due_at(start, definition, calendar_in_force()) > due
            events = ClockEvent.objects.filter(clock=visit).order_by("id")
            assert events.last().what == "moved"
    assert proposed(other, former).status_code == 302
    assert agreed(one, former).status_code == 302
    with as_role("worker"):
        assert move_by_calendar() == 1
        with acting(SWEEPING, "test"):
            visit.refresh_from_db()
            assert visit.due_at == due
