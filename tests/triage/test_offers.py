"""Offers and *same event?*: a refusal gives the family back to the desk at once, and nothing is lost."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.intake.models import Report
from anwang.triage.actions.decisions import NotNow, answer, confirm
from anwang.triage.actions.offers import RefusalNeedsCode, refuse_offer, withdraw_offer
from anwang.triage.actions.same_events import NotThisPair, judge_same_event
from anwang.triage.models import Matter, Offer
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import (
    DESK,
    SECOND_TEAM,
    TEAM,
    clocks_of,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def worker():
    return team_worker()


def offered(desk, receipt) -> Offer:
    with acting(desk, "decide"):
        return confirm(receipt.report, permit=check_can_decide(desk, receipt.report))


def refuse(worker, offer, code="not-our-area", text=""):
    with acting(worker, "answer-offer"):
        permit = check_can_answer_offer(worker, offer.pk)
        refuse_offer(offer.pk, code=code, text=text, permit=permit)


def judge(desk, later, earlier, same, **more):
    with acting(desk, "decide"):
        permit = check_can_decide(desk, later.report)
        return judge_same_event(later.report, earlier.report, same=same, permit=permit, **more)


def matter_of(receipt) -> Matter:
    with as_role("worker"):
        return Matter.objects.get(pk=receipt.report)


def sees(actor, receipt) -> tuple[bool, bool]:
    """Whether the actor reaches the report, and its matter."""
    with acting(actor, "test"):
        return (Report.objects.filter(pk=receipt.report).exists(),
                Matter.objects.filter(pk=receipt.report).exists())  # fmt: skip


def test_a_refused_offer_is_at_the_desk_again_with_its_first_clock_running_on(desk, worker):
    receipt = screened_report()
    due = matter_of(receipt).due_at
    refuse(worker, offered(desk, receipt))
    matter = matter_of(receipt)
    assert (matter.state, matter.offered_team) == ("awaiting-decision", None)
    assert (matter.accountable_team, matter.due_at) == (DESK, due)
    assert clocks_of(receipt)["dispatch-24h"] == "running"
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="offer-refused")
    assert (entry.result, entry.object_ids) == ("not-our-area", [str(receipt.report)])


@pytest.mark.parametrize(("code", "text"), [("", ""), ("too-far", ""), ("other", " ")])
def test_a_refusal_without_a_code_or_with_an_empty_other_is_not_taken(desk, worker, code, text):
    receipt = screened_report()
    offer = offered(desk, receipt)
    with pytest.raises(RefusalNeedsCode):
        refuse(worker, offer, code, text)
    assert matter_of(receipt).state == "offered"


def test_a_team_reaches_a_report_only_while_it_was_offered(desk, worker):
    receipt = screened_report()
    assert sees(worker, receipt) == (False, False)
    offer = offered(desk, receipt)
    assert sees(worker, receipt) == (True, True)
    refuse(worker, offer)
    assert sees(worker, receipt) == (False, False)


def test_who_refused_is_not_suggested_again_and_may_be_asked_again(desk, worker):
    receipt = screened_report()
    refuse(worker, offered(desk, receipt))
    second = offered(desk, receipt)
    assert second.team_id == SECOND_TEAM
    refuse(team_worker("team-two", SECOND_TEAM), second)
    assert offered(desk, receipt).team_id == TEAM
    assert sees(worker, receipt) == (True, True)


def test_a_team_that_was_not_offered_the_report_cannot_answer(desk, worker):
    offer = offered(desk, screened_report())
    stranger = team_worker("team-two", SECOND_TEAM)
    with acting(stranger, "answer-offer"), pytest.raises(Refused):
        check_can_answer_offer(stranger, offer.pk)


def test_an_offer_is_answered_once(desk, worker):
    offer = offered(desk, screened_report())
    refuse(worker, offer)
    with as_role("worker"), pytest.raises(NotNow), acting(worker):
        refuse_offer(offer.pk, code="duplicate", text="", permit=_permit_like(worker))


def _permit_like(worker):
    from anwang.access.permissions import Permit

    return Permit(worker, "task", "answer-offer", ())


def test_the_desk_can_take_an_unanswered_offer_back(desk, worker):
    receipt = screened_report()
    offered(desk, receipt)
    with acting(desk, "decide"):
        withdraw_offer(receipt.report, permit=check_can_decide(desk, receipt.report))
    assert matter_of(receipt).state == "awaiting-decision"
    assert sees(worker, receipt) == (False, False)
    with as_role("worker"):
        assert Offer.objects.get(matter=receipt.report).answer == "withdrawn"
        assert AuditEntry.objects.filter(act="offer-withdrawn").count() == 1


def test_the_application_cannot_send_a_report_back_that_nobody_refused(desk, worker):
    offer = offered(desk, screened_report())
    with (
        pytest.raises(Exception, match="only a refused"),
        acting(worker),
        connection.cursor() as cursor,
    ):
        cursor.execute("select triage.return_to_desk(%s)", [offer.pk])


def test_joined_reports_keep_both_texts_and_come_apart_again(desk):
    first = screened_report()
    second = screened_report(same_as=first)
    due = matter_of(second).due_at
    judge(desk, second, first, True)
    assert (matter_of(second).state, matter_of(second).due_at) == ("linked-same-event", None)
    assert matter_of(first).state == "awaiting-decision"
    judge(desk, second, first, None)
    assert (matter_of(second).state, matter_of(second).due_at) == ("awaiting-decision", due)
    with as_role("worker"):
        entries = AuditEntry.objects.filter(act="same-event-judged").order_by("at")
        assert [entry.result for entry in entries] == ["same", "taken-back"]
        assert Report.objects.filter(pk__in=[first.report, second.report]).count() == 2


def test_a_denied_event_is_not_proposed_again_until_the_answer_is_taken_back(desk):
    first = screened_report()
    second = screened_report(same_as=first)
    judge(desk, second, first, False)
    assert matter_of(second).same_event_as is None
    judge(desk, second, first, None)
    assert matter_of(second).same_event_as == first.report


def test_two_reports_cannot_be_joined_to_each_other_nor_one_to_itself(desk):
    first = screened_report()
    second = screened_report(same_as=first)
    judge(desk, second, first, True)
    for later, earlier in ((first, second), (first, first)):
        with pytest.raises(NotThisPair):
            judge(desk, later, earlier, True)
    assert matter_of(first).state == "awaiting-decision"


def test_a_report_that_was_answered_cannot_be_joined_afterwards(desk):
    first = screened_report()
    second = screened_report(same_as=first)
    with acting(desk, "decide"):
        answer(second.report, permit=check_can_decide(desk, second.report), reason="已說明")
    with pytest.raises(NotNow):
        judge(desk, second, first, True)


def test_a_team_cannot_pass_a_report_on_or_change_what_the_desk_decided(desk, worker):
    """R2: the column's grant holds for every office, so the row itself asks who changes it."""
    receipt = screened_report()
    offered(desk, receipt)
    for change in ({"offered_team": SECOND_TEAM}, {"offered_team": None}, {"grade": "3"},
                   {"passed_to": "police"}):  # fmt: skip
        refused = pytest.raises(DatabaseError, match="only its desk decides")
        with refused, acting(worker), transaction.atomic():
            Matter.objects.filter(pk=receipt.report).update(**change)
    with acting(worker):
        assert Matter.objects.filter(pk=receipt.report).update(changed_at=clock_now()) == 1
