"""People are called when nobody accepts a report: once a rung, up the line, until somebody does (P4)."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid

import pytest
from django.core.management import call_command
from django.db import connection

from anwang.access.context import SWEEPING, Actor, acting
from anwang.access.models import AuditEntry, Conflict, Notice
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.rulebook.models import PolicyVersion
from anwang.triage.actions import escalation
from anwang.triage.actions.decisions import answer, reopen
from anwang.triage.actions.escalation import (
    NotCalled,
    OfficeStays,
    acknowledge,
    call_if_silent,
    call_people,
    close_office,
    open_office,
)
from anwang.triage.models import Escalation, Matter, Watch
from anwang.triage.permissions import check_can_decide, check_can_see_overdue
from anwang.triage.queries.overdue import silent_sweeps, unaccepted
from anwang.triage.rules.ladder import LadderFault, read_ladders
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import DESK, TAOYUAN, TEAM, account, screened_report
from tests.triage.test_sweeping import ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def line() -> dict[str, Actor]:
    """Everybody up the line of one county."""
    return {
        "desk": account("desk-one", (DESK, TAOYUAN, "desk")),
        "supervisor": account("desk-supervisor", (DESK, TAOYUAN, "supervisor")),
        "team": account("team-one", (TEAM, TAOYUAN, "team-worker")),
        "team-supervisor": account("team-supervisor", (TEAM, TAOYUAN, "supervisor")),
        "county": account("manager", ("68000-county", TAOYUAN, "county-manager")),
        "ministry": account("ministry", ("ministry-oversight", None, "ministry")),
    }


def called(line: dict[str, Actor], about: uuid.UUID) -> list[str]:
    """Who was called, one entry a notice, in the order of their calls."""
    names = {actor.id: name for name, actor in line.items()}
    with as_role("worker"):
        found = Notice.objects.filter(object_id=about, kind="report-waiting").order_by("at")
        return [names[one.to_account] for one in found]


def climb_at(hours: float) -> int:
    ahead_minutes = int(hours * 60)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', %s, true)", [f"{ahead_minutes} minutes"])
    with as_role("worker"):
        return call_people()


def test_each_rung_is_called_once_when_its_time_has_come(line):
    report = screened_report().report
    assert climb_at(1.9) == 0
    assert climb_at(2.1) == 1
    assert climb_at(2.2) == 0
    assert called(line, report) == ["desk"]
    assert climb_at(6.1) == 1
    assert called(line, report) == ["desk", "supervisor"]
    climb_at(8.1)
    climb_at(10.1)
    assert called(line, report)[2:] == ["county", "ministry"]
    climb_at(12.1)
    climb_at(13.9)
    assert called(line, report)[4:] == ["ministry"]
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="report-escalated").count() == 5


def test_the_silence_of_a_team_that_was_offered_it_goes_up_its_own_line(line):
    receipt = screened_report()
    offered(line["desk"], receipt)
    climb_at(2.1)
    assert called(line, receipt.report) == ["team"]
    climb_at(6.1)
    assert sorted(called(line, receipt.report)) == ["desk", "team", "team-supervisor"]


def test_nobody_is_called_any_more_once_somebody_has_accepted(line):
    receipt = screened_report()
    accept(line["team"], offered(line["desk"], receipt))
    for hours in (2.1, 6.1, 30):
        assert climb_at(hours) == 0
    assert called(line, receipt.report) == []


def test_a_report_that_is_opened_again_begins_its_ladder_anew(line):
    report = screened_report().report
    desk = line["desk"]
    with acting(desk, "decide"):
        answer(report, permit=check_can_decide(desk, report), reason="已說明")
    assert climb_at(50) == 0
    with acting(desk, "decide"):
        reopen(report, permit=check_can_decide(desk, report), reason="再看一次")
    assert climb_at(51) == 0
    assert climb_at(52.1) == 1
    assert called(line, report) == ["desk"]


def test_after_a_dead_night_everybody_is_called_once_and_not_for_every_rung(line):
    reports = [screened_report().report for _ in range(2)]
    assert climb_at(9) == 2
    assert sorted(called(line, reports[0])) == ["county", "desk", "supervisor"]
    with as_role("worker"):
        assert Escalation.objects.filter(matter_id=reports[0]).count() == 1
    assert climb_at(9.5) == 0
    assert climb_at(10.1) == 2


def test_who_has_many_waiting_gets_one_notice_with_their_number(line):
    for _ in range(5):
        screened_report()
    assert climb_at(2.1) == 5
    with as_role("worker"):
        (told,) = Notice.objects.filter(kind__in=("report-waiting", "reports-waiting"))
        assert Escalation.objects.filter(told=[line["desk"].id]).count() == 5
    assert (told.kind, told.to_account, told.detail) == (
        "reports-waiting", line["desk"].id, {"counted": 5},
    )  # fmt: skip


def test_a_rung_without_a_person_passes_to_the_next_at_once():
    ministry = account("ministry", ("ministry-oversight", None, "ministry"))
    report = screened_report().report
    climb_at(2.1)
    assert called({"ministry": ministry}, report) == ["ministry"]
    with as_role("worker"):
        (raised,) = Escalation.objects.filter(matter_id=report)
    assert raised.passed == ["desk"]


def test_a_closed_office_is_passed_over_until_it_opens(line):
    report = screened_report().report
    supervisor = line["supervisor"]
    with acting(supervisor, "overdue"):
        permit = check_can_see_overdue(supervisor)
        close_office(DESK, clock_now() + dt.timedelta(hours=12), "颱風停班", permit=permit)
    climb_at(2.1)
    assert called(line, report) == ["county"]
    with acting(supervisor, "overdue"):
        open_office(DESK, permit=permit)
    climb_at(6.1)
    assert called(line, report) == ["county", "supervisor"]


@pytest.mark.parametrize(
    ("who", "team", "hours", "why"),
    [("desk", DESK, 4, "颱風"), ("supervisor", TEAM, 4, "颱風"), ("supervisor", DESK, 24 * 8, "颱風"),
     ("supervisor", DESK, 4, " ")],
)  # fmt: skip
def test_an_office_is_closed_by_its_supervisor_with_a_reason_for_a_while(
    line, who, team, hours, why
):
    actor = line[who]
    with acting(actor, "overdue"), pytest.raises(OfficeStays):
        until = clock_now() + dt.timedelta(hours=hours)
        close_office(team, until, why, permit=check_can_see_overdue(actor))


def test_nobody_in_conflict_or_gone_is_called(line):
    report = screened_report().report
    with as_role("worker"), acting(SWEEPING, "test"):
        Conflict.objects.create(
            account_id=line["desk"].id, object_kind="report", object_id=report, ground="relative",
            source="test",
        )  # fmt: skip
    climb_at(2.1)
    assert called(line, report) == ["supervisor"]


def test_a_report_that_arrives_late_calls_the_desk_at_once_and_gives_the_others_their_time(line):
    since = (clock_now() - dt.timedelta(hours=20)).isoformat()
    report = screened_report(received_at=since).report
    climb_at(0.05)
    assert called(line, report) == ["desk"]
    climb_at(3.9)
    assert called(line, report) == ["desk"]
    climb_at(4.1)
    assert called(line, report) == ["desk", "supervisor"]


def test_grade_one_is_called_for_in_minutes_and_a_change_of_grade_leaves_nobody_out(line):
    report = screened_report(grade="1").report
    climb_at(0.6)
    assert called(line, report) == ["desk"]
    climb_at(2.1)
    climb_at(4.1)
    assert called(line, report) == ["desk", "supervisor", "county"]
    with as_role("worker"):
        Matter.objects.filter(pk=report).update(grade="2")
    assert climb_at(5.9) == 0
    climb_at(6.1)
    climb_at(8.1)
    climb_at(10.1)
    assert called(line, report)[3:] == ["supervisor", "county", "ministry"]


def test_an_unchecked_report_climbs_as_any_other(line, delivered_unscreened):
    climb_at(2.1)
    assert called(line, delivered_unscreened) == ["desk"]


@pytest.fixture
def delivered_unscreened():
    from tests.factories import received_report

    return received_report().report


def test_a_clock_set_back_calls_nobody_twice_and_one_set_ahead_nobody_less(line):
    report = screened_report().report
    climb_at(6.1)
    assert sorted(called(line, report)) == ["desk", "supervisor"]
    assert climb_at(3) == 0
    climb_at(6.2)
    assert len(called(line, report)) == 2
    climb_at(40)
    assert sorted(called(line, report)[2:]) == ["county", "ministry"]


def test_old_reports_call_nobody(line):
    from anwang.intake.actions import deliver
    from tests.factories import SENDER, report_body

    old = report_body(received_at="2025-03-02T09:12:00+08:00")
    receipt = deliver(old, sender="tests", historic=True, actor=SENDER)
    assert climb_at(30) == 0
    with as_role("worker"):
        assert not Watch.objects.filter(matter_id=receipt.report).exists()


def permit_of(actor: Actor) -> Permit:
    return check_can_see_overdue(actor)


def test_who_was_called_says_that_he_heard_and_nobody_else_does(line):
    report = screened_report().report
    climb_at(2.1)
    with as_role("worker"):
        (raised,) = Escalation.objects.filter(matter_id=report)
    for name in ("team", "county"):
        with acting(line[name], "overdue"), pytest.raises(NotCalled):
            acknowledge(raised.pk, permit=permit_of(line[name]))
    with acting(line["desk"], "overdue"):
        acknowledge(raised.pk, permit=permit_of(line["desk"]))
    with as_role("worker"):
        raised.refresh_from_db()
    assert raised.acknowledged_by == line["desk"].id
    assert climb_at(6.1) == 1  # hearing is not accepting


def test_each_sees_what_concerns_him_and_a_number_only_where_he_reaches_it(line):
    receipt = screened_report()
    climb_at(6.1)
    elsewhere = account("far-manager", ("63000-county", "63000", "county-manager"))
    seen = {}
    for name, actor in {**line, "elsewhere": elsewhere}.items():
        with acting(actor, "overdue"):
            seen[name] = [one.receipt for one in unaccepted(permit_of(actor))]
    assert seen == {
        "desk": [receipt.receipt], "supervisor": [receipt.receipt], "team": [],
        "team-supervisor": [], "county": [None], "ministry": [None], "elsewhere": [],
    }  # fmt: skip


def test_silence_of_what_calls_is_seen_told_of_and_stood_in_for(line):
    operator = account("an-operator", ("", None, "operator"))
    report = screened_report().report
    with as_role("app"):
        assert [one.name for one in silent_sweeps()] == ["clocks", "ladder"]
    climb_at(0.1)
    with as_role("app"):
        assert [one.name for one in silent_sweeps()] == ["clocks"]
    ahead(3)
    escalation._looked.clear()
    with acting(line["desk"], "duty-desk"):
        assert [one.name for one in silent_sweeps()] == ["clocks", "ladder"]
        assert call_if_silent() == 1
        assert call_if_silent() == 0  # asked once a minute
    assert called(line, report) == ["desk"]
    with as_role("worker"):
        told = Notice.objects.filter(kind="sweeping-was-silent")
        assert {one.to_account for one in told} == {operator.id, line["ministry"].id}


def test_a_page_does_not_call_while_the_worker_does(line):
    screened_report()
    climb_at(2)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '124 minutes', true)")
    escalation._looked.clear()
    with acting(line["desk"], "duty-desk"):
        assert call_if_silent() == 0


def test_the_command_prints_what_waits_and_fails_when_nobody_looks(line):
    screened_report()
    with as_role("worker"):
        told = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("clocks", stdout=told)
        assert ended.value.code == 1
        assert "SILENT" in told.getvalue()
        ahead(7)
        told, errors = io.StringIO(), io.StringIO()
        call_command("clocks", "--sweep", "--json", stdout=told, stderr=errors)
    rows = [json.loads(text) for text in told.getvalue().splitlines()]
    assert [one["silent"] for one in rows[:2]] == [False, False]
    assert rows[2]["rung_id"] == "supervisor"
    assert rows[2]["called"] == 2
    with as_role("worker"):
        text = io.StringIO()
        call_command("clocks", stdout=text)
    assert "rung 2 (supervisor), called 2" in text.getvalue()


def test_the_shipped_ladders_are_well_formed():
    body = PolicyVersion.objects.get(policy_id="escalation").body
    urgent, ordinary = read_ladders(body)
    assert [one.after_minutes for one in ordinary.rungs[:3]] == [120, 360, 480]
    assert ordinary.every_minutes == 120
    assert urgent.rungs[0].after_minutes < 60


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["ladders"].pop(),
        lambda body: body["ladders"][1].pop("citation"),
        lambda body: body["ladders"][1].update(every_minutes=0),
        lambda body: body["ladders"][1]["rungs"].reverse(),
        lambda body: body["ladders"][1]["rungs"][0].update(tell={"waiting": []}),
        lambda body: body["ladders"][1]["rungs"][2]["tell"]["any"][0].update(role="nobody"),
    ],
)
def test_a_fault_in_a_ladder_is_named(change):
    body = PolicyVersion.objects.get(policy_id="escalation").body
    change(body)
    with pytest.raises(LadderFault):
        read_ladders(body)
