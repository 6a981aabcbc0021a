"""An open case changes teams: the sender answers until acceptance, nothing is lost on the way (S11)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import AuditEntry, Notice
from anwang.cases.actions import close_case
from anwang.cases.actions.transfers import answer_transfer, offer_transfer
from anwang.cases.models import Case, Transfer
from anwang.cases.permissions import (
    check_can_answer_transfer,
    check_can_read_case,
    check_can_work_case,
)
from anwang.common.errors import Refused
from anwang.intake.models import Report
from anwang.triage.actions.decisions import NotNow, ReasonNeeded
from anwang.triage.actions.offers import RefusalNeedsCode
from anwang.triage.models import Clock, Duty, Matter
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TEAM, desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def worker():
    return team_worker()


@pytest.fixture
def other():
    return team_worker("team-two", SECOND_TEAM)


@pytest.fixture
def case(worker):
    return accept(worker, offered(desk_worker(), screened_report(), TEAM))


def asked(worker, case, to_team=SECOND_TEAM, reason="風險改變，轉保護組"):
    with acting(worker, "case-work"):
        permit = check_can_work_case(worker, case.pk)
        return offer_transfer(case.pk, to_team=to_team, reason=reason, permit=permit)


def answered(actor, transfer, answer, code="", text=""):
    with acting(actor, "transfer"):
        permit = check_can_answer_transfer(actor, transfer, back=answer == "withdrawn")
        return answer_transfer(transfer, answer=answer, code=code, text=text, permit=permit)


def stands(case) -> tuple[str, str, str | None]:
    """(team of the case, accountable team, who may read the report besides)."""
    with as_role("worker"):
        found = Case.objects.get(pk=case.pk)
        matter = Matter.objects.get(pk=case.matter_id)
    return found.team_id, matter.accountable_team, matter.offered_team


def sees_report(actor, case) -> bool:
    with acting(actor, "test"):
        return (Report.objects.filter(pk=case.matter_id).exists()
                and Matter.objects.filter(pk=case.matter_id).exists())  # fmt: skip


def test_until_acceptance_the_sender_answers_and_afterwards_the_receiver(worker, other, case):
    transfer = asked(worker, case)
    assert stands(case) == (TEAM, TEAM, SECOND_TEAM)
    assert sees_report(worker, case)
    assert sees_report(other, case)
    answered(other, transfer, "accepted")
    assert stands(case) == (SECOND_TEAM, SECOND_TEAM, SECOND_TEAM)
    assert (sees_report(worker, case), sees_report(other, case)) == (False, True)
    with as_role("worker"):
        duties = list(Duty.objects.filter(matter=case.matter_id).order_by("during"))
        assert Case.objects.get(pk=case.pk).lead == other.id
        acts = list(
            AuditEntry.objects.filter(act__startswith="transfer").values_list("act", flat=True)
        )
    assert [one.accountable_team for one in duties] == [DESK, TEAM, SECOND_TEAM]
    assert duties[1].during.upper == duties[2].during.lower
    assert sorted(acts) == ["transfer-accepted", "transfer-offered"]


def test_one_service_line_clocks_and_history_go_on(worker, other, case):
    with as_role("worker"):
        before = list(
            Clock.objects.filter(matter=case.matter_id).values_list("pk", "due_at", "state")
        )
    answered(other, asked(worker, case), "accepted")
    with acting(other, "case-work"):
        check_can_read_case(other, case.pk)
        assert [one.answer for one in Transfer.objects.filter(case=case.pk)] == ["accepted"]
        assert Case.objects.filter(family=case.family_id).count() == 1
    with as_role("worker"):
        after = list(
            Clock.objects.filter(matter=case.matter_id).values_list("pk", "due_at", "state")
        )
    assert sorted(after) == sorted(before)
    with acting(worker, "case-work"), pytest.raises(Refused):
        check_can_read_case(worker, case.pk)


def test_a_transfer_of_the_same_day_says_so(worker, other, case):
    answered(other, asked(worker, case), "accepted")
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '3 days', true)")
    back = asked(other, case, TEAM)
    with as_role("worker"):
        told = dict(Transfer.objects.values_list("to_team", "same_day"))
    assert told == {SECOND_TEAM: True, TEAM: False}
    answered(worker, back, "accepted")
    assert stands(case)[:2] == (TEAM, TEAM)


@pytest.mark.parametrize("answer", ["refused", "withdrawn"])
def test_a_transfer_refused_or_taken_back_leaves_all_as_it_was(worker, other, case, answer):
    transfer = asked(worker, case)
    who = other if answer == "refused" else worker
    answered(who, transfer, answer, code="not-our-area" if answer == "refused" else "")
    assert stands(case) == (TEAM, TEAM, TEAM)
    assert (sees_report(worker, case), sees_report(other, case)) == (True, False)
    with pytest.raises((NotNow, Refused)):
        answered(other, transfer, "accepted")
    assert stands(case)[:2] == (TEAM, TEAM)


def test_who_was_not_asked_answers_nothing(worker, other, case):
    transfer = asked(worker, case)
    stranger = team_worker("welfare", "68000-welfare")
    for who, back in ((stranger, False), (worker, False), (other, True)):
        with acting(who, "transfer"), pytest.raises(Refused):
            check_can_answer_transfer(who, transfer, back=back)
        refused = pytest.raises(DatabaseError, match="no such transfer")
        said = "withdrawn" if back else "accepted"
        with refused, acting(who, "test"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select cases.answer_transfer(%s, %s, '', '')", [transfer, said])


def test_a_transfer_needs_a_reason_a_code_and_a_team_of_the_county(worker, other, case):
    with pytest.raises(ReasonNeeded):
        asked(worker, case, reason=" ")
    for team in (TEAM, DESK, "63000-desk", "nobody"):
        with pytest.raises(NotNow, match="名冊"):
            asked(worker, case, team)
    transfer = asked(worker, case)
    with pytest.raises(NotNow):
        asked(worker, case, "68000-welfare")
    with pytest.raises(RefusalNeedsCode):
        answered(other, transfer, "refused", code="other", text=" ")


def test_a_closed_case_is_on_its_way_nowhere(worker, other, case):
    transfer = asked(worker, case)
    with acting(worker, "case-work"):
        close_case(case.pk, reason="目標達成", permit=check_can_work_case(worker, case.pk))
    with as_role("worker"):
        assert Transfer.objects.get(pk=transfer).answer == "withdrawn"
    assert not sees_report(other, case)
    with pytest.raises((NotNow, Refused)):
        answered(other, transfer, "accepted")


def test_a_sealed_case_is_not_passed_on(worker, case):
    """R8: who is asked would learn of it."""
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "with made as (insert into access_seal (id, object_kind, object_id, ground, since, root,"
            " request) values (gen_random_uuid(), 'case', %s, 'other', clock.now(), %s,"
            " gen_random_uuid()) returning id) insert into access_sealmember (id, seal_id, account_id,"
            " since, lead) select gen_random_uuid(), id, %s, clock.now(), true from made",
            [case.pk, case.matter_id, worker.id],
        )
    with pytest.raises(NotNow, match="封存"):
        asked(worker, case)


def test_the_database_lets_nobody_lead_who_did_not_accept(worker, other, case):
    """V2: neither a case moved by hand nor a duty moved by hand passes the commit."""
    asked(worker, case)
    led = pytest.raises(DatabaseError, match="led by the team that accepted it last")
    with led, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local role anwang_worker")
        cursor.execute("update cases_case set team_id = %s", [SECOND_TEAM])
        cursor.execute("set constraints all immediate")
    refused = pytest.raises(DatabaseError, match=r"permission denied|row-level security")
    with refused, acting(worker, "test"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update cases_case set team_id = %s where id = %s", [SECOND_TEAM, case.pk])


def test_the_asked_team_is_told_and_the_sender_of_the_answer(worker, other, case):
    transfer = asked(worker, case)
    with acting(other, "test"):
        assert Notice.objects.filter(kind="transfer-offered").count() == 1
    answered(other, transfer, "refused", code="duplicate")
    with acting(worker, "test"):
        told = Notice.objects.get(kind="transfer-answered")
    assert told.detail == {"answer": "refused"}
