"""Deciding at the desk: who becomes accountable when, with which clocks, and what stays on record."""

from __future__ import annotations

import datetime as dt

import pytest

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.common.errors import Refused
from anwang.triage.actions.decisions import (
    Change,
    NoTeam,
    NotNow,
    ReasonNeeded,
    answer,
    confirm,
    reopen,
)
from anwang.triage.models import TRANSITIONS, Clock, Decision, Duty, Matter, Offer, Screening, State
from anwang.triage.permissions import check_can_decide
from tests.conftest import as_role
from tests.factories import (
    DESK,
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


def decide(desk, receipt, change=None, **more):
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        return confirm(receipt.report, permit=permit, change=change, **more)


def step(desk, receipt, action, **more):
    with acting(desk, "decide"):
        return action(receipt.report, permit=check_can_decide(desk, receipt.report), **more)


def matter_of(receipt) -> Matter:
    with as_role("worker"):
        return Matter.objects.get(pk=receipt.report)


def acts_on(receipt) -> list[str]:
    with as_role("worker"):
        return [act for act, ids in AuditEntry.objects.order_by("at").values_list("act", "object_ids")
                if str(receipt.report) in ids and act != "read"]  # fmt: skip


def test_confirming_offers_the_report_while_the_desk_stays_accountable(desk):
    receipt = screened_report()
    offer = decide(desk, receipt)
    matter = matter_of(receipt)
    assert (matter.state, matter.offered_team) == ("offered", TEAM)
    assert matter.accountable_team == DESK
    assert offer.team_id == TEAM
    assert acts_on(receipt) == ["decision-confirmed", "offer-made"]
    assert clocks_of(receipt) == {"dispatch-24h": "met", "child-investigation-30d": "running"}


def test_a_change_keeps_the_proposal_and_needs_a_reason(desk):
    receipt = screened_report()
    with pytest.raises(ReasonNeeded):
        decide(desk, receipt, Change("  ", {"grade": "1"}))
    decide(desk, receipt, Change("學校說孩子今晚不敢回家", {"grade": "1"}))
    with as_role("worker"):
        decision = Decision.objects.get(matter=receipt.report)
    assert decision.changed == ["grade"]
    assert decision.screening is not None
    assert matter_of(receipt).grade == "1"
    assert acts_on(receipt) == ["decision-changed", "offer-made"]


def test_a_raised_grade_starts_the_clocks_of_that_grade(desk):
    receipt = screened_report()
    decide(desk, receipt, Change("今晚有立即危險", {"grade": "1"}))
    clocks = clocks_of(receipt)
    assert clocks["child-visit-24h"] == "running"
    assert "child-investigation-30d" not in clocks


def test_two_desks_cannot_overwrite_each_other(desk):
    receipt = screened_report()
    seen = matter_of(receipt).changed_at
    other = desk_worker("desk-two")
    decide(other, receipt, seen=seen)
    with pytest.raises(NotNow):
        decide(desk, receipt, seen=seen)
    with as_role("worker"):
        assert Offer.objects.filter(matter=receipt.report).count() == 1


def test_what_changed_after_it_was_seen_is_not_decided(desk):
    receipt = screened_report()
    seen = matter_of(receipt).changed_at - dt.timedelta(microseconds=1)
    with pytest.raises(NotNow, match="變動"):
        decide(desk, receipt, seen=seen)


def test_without_a_team_in_the_directory_the_desk_is_asked_to_choose(desk):
    receipt = screened_report(agency_kind="health-bureau")
    with pytest.raises(NoTeam):
        decide(desk, receipt)
    assert matter_of(receipt).state == "awaiting-decision"


def test_a_report_for_a_body_outside_is_passed_on_and_closed(desk):
    receipt = screened_report(stream="not-for-us", agency_kind="other")
    with as_role("worker"):
        Matter.objects.filter(pk=receipt.report).update(passed_to="drug-prevention-centre")
        Screening.objects.filter(matter=receipt.report).update(inputs={"child_in_home": False})
    assert decide(desk, receipt) is None
    assert matter_of(receipt).state == "answered"
    assert set(clocks_of(receipt).values()) == {"dropped"}


@pytest.mark.parametrize(("error", "state"), [("", "answered"), ("unreachable", "error")])
def test_ending_without_a_case_needs_a_reason_and_can_be_taken_back(desk, error, state):
    receipt = screened_report()
    due = matter_of(receipt).due_at
    with pytest.raises(ReasonNeeded):
        step(desk, receipt, answer, reason=" ", error=error)
    step(desk, receipt, answer, reason="已提供福利資訊", error=error)
    assert (matter_of(receipt).state, matter_of(receipt).due_at) == (state, None)
    step(desk, receipt, reopen, reason="來電補充新的情況")
    assert (matter_of(receipt).state, matter_of(receipt).due_at) == ("awaiting-decision", due)
    assert acts_on(receipt) == ["report-answered", "report-reopened"]


def test_an_open_report_cannot_be_reopened(desk):
    receipt = screened_report()
    with pytest.raises(NotNow):
        step(desk, receipt, reopen, reason="試試看")
    decide(desk, receipt)
    with pytest.raises(NotNow):
        step(desk, receipt, reopen, reason="試試看")
    assert matter_of(receipt).state == "offered"


# Disputed is no state by itself: see test_disputes.py.
@pytest.mark.parametrize("state", [one for one in State if one != State.DISPUTED])
def test_no_state_is_left_in_a_way_that_the_table_does_not_allow(desk, state):
    receipt = screened_report()
    with as_role("worker"):
        Matter.objects.filter(pk=receipt.report).update(
            state=state, offered_team=TEAM if state == "offered" else None
        )
    for to, action, more in (
        (State.OFFERED, confirm, {}),
        (State.ANSWERED, answer, {"reason": "理由"}),
        (State.ERROR, answer, {"reason": "理由", "error": "untrue"}),
    ):
        if to in TRANSITIONS[state]:
            continue
        with pytest.raises(NotNow):
            step(desk, receipt, action, **more)
    assert matter_of(receipt).state == state


def test_who_does_not_sit_at_the_desk_cannot_decide():
    receipt = screened_report()
    for stranger in (team_worker(), desk_worker("desk-taipei", "63000")):
        with acting(stranger, "decide"), pytest.raises(Refused):
            check_can_decide(stranger, receipt.report)
    assert matter_of(receipt).state == "awaiting-decision"
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="refused", purpose="decide").count() == 2


def test_the_duty_has_no_gap_from_receipt_to_decision(desk):
    receipt = screened_report()
    decide(desk, receipt)
    with as_role("worker"):
        duties = list(Duty.objects.filter(matter=receipt.report))
        assert [(duty.accountable_team, duty.during.upper) for duty in duties] == [(DESK, None)]
        assert Clock.objects.filter(matter=receipt.report, state="running").exists()
