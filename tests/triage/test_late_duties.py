"""A duty of a case that stays undone calls the people above its team, one after the other, until it is
done."""

from __future__ import annotations

import pytest

from anwang.access.actions.accounts import end_account
from anwang.access.context import LOADING, acting
from anwang.access.models import AuditEntry, Notice
from anwang.cases.actions import finish_duty
from anwang.cases.permissions import check_can_work_case
from anwang.rulebook.rules.loader import read_doc
from anwang.triage.actions.sweeping import look_at_clocks
from anwang.triage.models import Clock
from anwang.triage.rules.ladder import LadderFault, read_late_calls
from anwang.triage.rules.reading import POLICIES
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import TAOYUAN, TEAM, account, desk_worker, screened_report
from tests.triage.test_sweeping import ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
LONG = "child-investigation-30d"


@pytest.fixture
def line():
    return {
        "supervisor": account("team-supervisor", (TEAM, TAOYUAN, "supervisor")),
        "county": account("manager", ("68000-county", TAOYUAN, "county-manager")),
    }


@pytest.fixture
def lead():
    return account("lead-one", (TEAM, TAOYUAN, "lead"))


@pytest.fixture
def case(lead):
    return accept(lead, offered(desk_worker(), screened_report()))


def due_hours(case) -> int:
    """Hours from now to the end of the case's long duty."""
    with as_role("worker"):
        clock = Clock.objects.get(matter_id=case.matter_id, definition_id=LONG)
    return int((clock.due_at - clock.started_at).total_seconds() // 3600) + 1


def called_at(hours: int, line) -> list[str]:
    """Who was called for late duties until then, in order."""
    ahead(hours)
    with as_role("worker"):
        look_at_clocks()
        look_at_clocks()
        found = Notice.objects.filter(kind="duties-late").order_by("at")
        names = {actor.id: name for name, actor in line.items()}
        return [names[one.to_account] for one in found]


def test_the_line_is_called_rung_by_rung_and_every_week_from_then_on(case, line):
    end = due_hours(case)
    assert called_at(end + 1, line) == []
    assert called_at(end + 25, line) == ["supervisor"]
    assert called_at(end + 48, line) == ["supervisor"]
    assert called_at(end + 73, line) == ["supervisor", "county"]
    assert called_at(end + 73 + 168, line) == ["supervisor", "county", "county"]
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="duty-called").count() == 3


def test_a_duty_that_is_done_late_calls_nobody_any_more(case, lead, line):
    end = due_hours(case)
    called_at(end + 25, line)
    with acting(lead, "case-work"):
        finish_duty(case.pk, LONG, permit=check_can_work_case(lead, case.pk))
    assert called_at(end + 80, line) == ["supervisor"]


def test_where_nobody_stands_the_next_is_called_at_once(case, line):
    end = due_hours(case)
    with as_role("worker"), acting(LOADING, "test"):
        end_account(line["supervisor"].id, actor=LOADING)
    assert called_at(end + 25, line) == ["county"]


def test_who_slept_through_several_rungs_is_called_once_with_all(case, line):
    assert sorted(called_at(due_hours(case) + 100, line)) == ["county", "supervisor"]


def test_the_shipped_policy_says_who_is_called():
    body = read_doc(POLICIES / "escalation.yaml")
    assert [one.id for one in read_late_calls(body)] == ["supervisor", "county"]
    for wrong in (
        {"citation": ""},
        {"every_hours": 0},
        {"rungs": body["late_duties"]["rungs"][::-1]},
    ):
        with pytest.raises(LadderFault):
            read_late_calls({"late_duties": {**body["late_duties"], **wrong}})
