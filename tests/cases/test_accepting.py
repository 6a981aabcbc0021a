"""Accepting an offer: the case opens and the duty moves in one step; the family is found or made."""

from __future__ import annotations

import uuid

import pytest

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.common.errors import Refused
from anwang.triage.actions.decisions import Change, NotNow, confirm
from anwang.triage.models import Duty, Matter
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TEAM, desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def worker():
    return team_worker()


def offered(desk, receipt, team=None):
    change = Change("這一家由該組熟悉", {"team": team}) if team else None
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        return confirm(receipt.report, permit=permit, change=change)


def accept(worker, offer) -> Case:
    with acting(worker, "answer-offer"):
        return accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))


def test_accepting_opens_the_case_and_moves_the_duty_without_a_gap(desk, worker):
    receipt = screened_report()
    case = accept(worker, offered(desk, receipt))
    with as_role("worker"):
        matter = Matter.objects.get(pk=receipt.report)
        duties = list(Duty.objects.filter(matter=matter).order_by("during"))
        entries = list(AuditEntry.objects.filter(act="case-opened"))
    assert (matter.state, matter.accountable_team) == ("accepted", TEAM)
    assert [duty.accountable_team for duty in duties] == [DESK, TEAM]
    assert duties[0].during.upper == duties[1].during.lower
    assert duties[1].during.upper is None
    assert case.team_id == TEAM
    assert [entry.object_ids for entry in entries] == [[str(case.pk)]]


def test_the_family_file_has_those_who_live_there_and_opens_to_its_team(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    with acting(worker, "test"):
        family = FamilyFile.objects.get(pk=case.family_id)
        members = FamilyMember.objects.filter(family=family).order_by("name")
        assert [member.name for member in members] == ["陳大方", "陳小安"]
        assert family.name == "陳家"
    stranger = team_worker("team-two", SECOND_TEAM)
    with acting(stranger, "test"):
        assert not FamilyFile.objects.exists()
        assert not FamilyMember.objects.exists()
        assert not Case.objects.exists()


def test_a_second_report_on_the_same_child_joins_the_family_file_of_another_team(desk, worker):
    child = uuid.uuid4()
    first = accept(worker, offered(desk, screened_report(child=child)))
    colleague = team_worker("team-two", SECOND_TEAM)
    second = accept(colleague, offered(desk, screened_report(child=child), SECOND_TEAM))
    assert second.family_id == first.family_id
    with acting(colleague, "test"):
        assert Case.objects.filter(family=first.family_id).count() == 2
        assert list(Matter.objects.values_list("pk", flat=True)) == [second.matter_id]


def test_a_probable_link_joins_no_file(desk, worker):
    child = uuid.uuid4()
    first = accept(worker, offered(desk, screened_report(child=child)))
    second = accept(worker, offered(desk, screened_report(child=child, by_number=False), TEAM))
    assert second.family_id != first.family_id


def test_an_offer_is_accepted_once_and_only_by_its_team(desk, worker):
    offer = offered(desk, screened_report())
    stranger = team_worker("team-two", SECOND_TEAM)
    with acting(stranger, "answer-offer"), pytest.raises(Refused):
        check_can_answer_offer(stranger, offer.pk)
    accept(worker, offer)
    with pytest.raises(NotNow):
        accept(worker, offer)
    with as_role("worker"):
        assert Case.objects.count() == 1
