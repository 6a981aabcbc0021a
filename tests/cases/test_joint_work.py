"""Joint cases: one lead, named helpers with their own status, who see the family and no more (S-030)."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.db import connection
from django.test import Client

from anwang.access.context import acting
from anwang.cases.actions import close_case
from anwang.cases.actions.joint_work import invite_helper, step_helper
from anwang.cases.actions.transfers import answer_transfer, offer_transfer
from anwang.cases.models import HELPER_STEPS, Case, FamilyFile, FamilyMember, Helper
from anwang.cases.permissions import (
    check_can_answer_transfer,
    check_can_read_help,
    check_can_step_help,
    check_can_work_case,
)
from anwang.cases.queries.joint_work import joint_coverage
from anwang.common.errors import Refused
from anwang.intake.models import Report
from anwang.triage.actions.decisions import Change, NotNow, ReasonNeeded, confirm
from anwang.triage.models import Matter, Screening
from anwang.triage.permissions import check_can_decide
from tests.cases.test_accepting import accept, offered
from tests.conftest import ADD_TEAM, as_role
from tests.factories import (
    PASSWORD,
    SECOND_TEAM,
    TAOYUAN,
    TEAM,
    account,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def lead():
    return team_worker()


@pytest.fixture
def helping():
    return team_worker("helping", SECOND_TEAM)


@pytest.fixture
def case(desk, lead):
    return accept(lead, offered(desk, screened_report(), TEAM))


def invited(lead, case, team=SECOND_TEAM, task="請協助目睹兒少輔導") -> uuid.UUID:
    with acting(lead, "case-work"):
        permit = check_can_work_case(lead, case.pk)
        return invite_helper(case.pk, team_id=team, task=task, permit=permit)


def step(actor, helper, to_status, text=""):
    with acting(actor, "joint-work"):
        permit, found = check_can_step_help(actor, helper, back=to_status == "withdrawn")
        step_helper(found, to_status=to_status, text=text, permit=permit)


def reach(actor) -> list[bool]:
    """Whether the actor reaches the family file, its members, the case; report, matter, screening."""
    with acting(actor, "test"):
        return [model.objects.exists()
                for model in (FamilyFile, FamilyMember, Case, Report, Matter, Screening)]  # fmt: skip


def test_a_helper_sees_the_family_from_accepting_until_it_is_done_and_nothing_of_the_report(
    lead, helping, case
):
    helper = invited(lead, case)
    assert reach(helping) == [False] * 6
    step(helping, helper, "accepted")
    assert reach(helping) == [True, True, True, False, False, False]
    step(helping, helper, "working")
    assert reach(helping) == [True, True, True, False, False, False]
    step(helping, helper, "done", "已完成三次晤談")
    assert reach(helping) == [False] * 6
    with acting(lead, "test"):
        assert Helper.objects.get().said == "已完成三次晤談"


def test_the_lead_stays_the_one_who_answers(lead, helping, case):
    step(helping, invited(lead, case), "accepted")
    with as_role("worker"):
        assert Case.objects.get().team_id == TEAM
        assert Matter.objects.get().accountable_team == TEAM
    with acting(helping, "case-work"), pytest.raises(Refused):
        check_can_work_case(helping, case.pk)


def test_every_step_that_the_table_does_not_name_is_refused(lead, helping, case):
    helper = invited(lead, case)
    for status in ("accepted", "working", "done"):
        with as_role("worker"):
            now = Helper.objects.get().status
        for wrong in set(Helper.Status) - HELPER_STEPS[now] - {"withdrawn", "invited"}:
            with pytest.raises((NotNow, ReasonNeeded)):
                step(helping, helper, wrong, "理由")
        step(helping, helper, status)
    with pytest.raises(NotNow):
        step(lead, helper, "withdrawn")


def test_declining_needs_a_reason_and_opens_nothing(lead, helping, case):
    helper = invited(lead, case)
    with pytest.raises(ReasonNeeded):
        step(helping, helper, "declined", " ")
    step(helping, helper, "declined", "人力不足，建議改請社福中心")
    assert reach(helping) == [False] * 6


def test_the_lead_may_take_back_and_nobody_else(lead, helping, case):
    helper = invited(lead, case)
    step(helping, helper, "accepted")
    stranger = team_worker("welfare", "68000-welfare")
    for who in (stranger, helping):
        with acting(who, "joint-work"), pytest.raises(Refused):
            check_can_step_help(who, helper, back=True)
    with acting(stranger, "joint-work"), pytest.raises(Refused):
        check_can_read_help(stranger, helper)
    step(lead, helper, "withdrawn")
    assert reach(helping) == [False] * 6


def test_a_team_helps_once_at_a_time_and_never_the_lead_itself(lead, helping, case):
    invited(lead, case)
    with pytest.raises(NotNow, match="協力"):
        invited(lead, case)
    with pytest.raises(NotNow, match="名冊"):
        invited(lead, case, TEAM)


def test_help_ends_with_the_case(lead, helping, case):
    helper = invited(lead, case)
    step(helping, helper, "accepted")
    with acting(lead, "case-work"):
        close_case(case.pk, reason="目標達成", permit=check_can_work_case(lead, case.pk))
    with as_role("worker"):
        assert Helper.objects.get().status == "done"
    assert reach(helping) == [False] * 6


def test_a_helper_that_takes_the_case_over_is_no_helper_any_more(lead, helping, case):
    step(helping, invited(lead, case), "accepted")
    with acting(lead, "case-work"):
        transfer = offer_transfer(
            case.pk, to_team=SECOND_TEAM, reason="風險升高",
            permit=check_can_work_case(lead, case.pk),
        )  # fmt: skip
    with acting(helping, "transfer"):
        answer_transfer(
            transfer, answer="accepted", permit=check_can_answer_transfer(helping, transfer)
        )
    with as_role("worker"):
        assert (Case.objects.get().team_id, Helper.objects.get().status) == (SECOND_TEAM, "done")
    assert reach(helping) == [True] * 6


def test_the_helpers_page_shows_members_and_who_works_and_no_narrative(lead, helping, case):
    helper = invited(lead, case)
    client = Client()
    assert client.login(username="helping", password=PASSWORD)
    before = client.get(f"/joint/{helper}/").content.decode()
    assert "陳小安" not in before
    assert client.post(f"/joint/{helper}/step/", {"to_status": "accepted"}).status_code == 302
    page = client.get(f"/joint/{helper}/").content.decode()
    assert "陳小安" in page
    assert "衣架" not in page
    assert "範例路" not in page
    assert client.get(f"/cases/{case.pk}/").status_code == 404


@pytest.fixture
def mental_health_team(postgres_server):
    """The directory is the owner's to write, so the team comes and goes apart."""
    address = postgres_server.address("postgres", connection.settings_dict["NAME"])
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(ADD_TEAM, ["68000-mind", TAOYUAN, "health-bureau", "心衛", "Mind"])
        yield "68000-mind"
        admin.execute("delete from directory_team where id = '68000-mind'")


def test_the_coverage_of_families_open_in_both_names_its_denominator(
    desk, lead, mental_health_team
):
    mind = account("mind", ("68000-mind", TAOYUAN, "team-worker"))
    cases = []
    for child in (uuid.uuid4(), uuid.uuid4()):
        cases.append(accept(lead, offered(desk, screened_report(child=child), TEAM)))
        second = screened_report(child=child)
        with acting(desk, "decide"):
            permit = check_can_decide(desk, second.report)
            change = Change("心衛共案", {"team": "68000-mind", "agency_kind": "health-bureau"})
            offer = confirm(second.report, permit=permit, change=change)
        accept(mind, offer)
    accept(lead, offered(desk, screened_report(), TEAM))

    def told(actor):
        with acting(actor, "test"):
            found = joint_coverage(TAOYUAN)
        return found.in_both, found.jointly, found.share

    assert told(desk) == (2, 0, 0.0)
    step(mind, invited(lead, cases[0], "68000-mind"), "accepted")
    assert told(desk) == (2, 1, 0.5)
    assert told(desk_worker("far", "63000")) == (0, 0, None)
