"""What is closed to an account is not there for it, whatever its role and relations (R5, R8)."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction

from anwang.access.context import acting
from anwang.access.models import Conflict, Relation, Seal, SealMember
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.common.clock import clock_now
from anwang.intake.models import Report
from anwang.triage.models import Clock, Decision, Duty, Matter, Offer, Screening
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
OF_THE_REPORT = (Report, Matter, Duty, Clock, Screening, Decision, Offer, Relation)
OF_THE_FAMILY = (FamilyFile, FamilyMember, Case)


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def worker():
    return team_worker()


def seen(actor, models) -> set[str]:
    """Names of those models of which the actor sees a row."""
    with acting(actor, "test"):
        return {model.__name__ for model in models if model.objects.exists()}


def closed(actor, object_kind, object_id, **more) -> None:
    with as_role("worker"):
        Conflict.objects.create(
            account_id=actor.id, object_kind=object_kind, object_id=object_id, ground="relative",
            source="test", **more,
        )  # fmt: skip


def sealed(object_kind, object_id, *members, **more) -> Seal:
    with as_role("worker"):
        seal = Seal.objects.create(
            object_kind=object_kind, object_id=object_id, ground="test", **more
        )
        for one in members:
            SealMember.objects.create(seal=seal, account_id=one.id)
    return seal


def test_a_conflict_with_a_report_takes_everything_of_it_away(desk):
    receipt = screened_report()
    assert "Matter" in seen(desk, OF_THE_REPORT)
    closed(desk, "report", receipt.report)
    assert seen(desk, OF_THE_REPORT) == set()
    assert "Matter" in seen(desk_worker("desk-two"), OF_THE_REPORT)


def test_a_conflict_that_ended_closes_nothing(desk):
    receipt = screened_report()
    ended = clock_now()
    closed(desk, "report", receipt.report, since=ended, until=ended)
    assert "Matter" in seen(desk, OF_THE_REPORT)


def test_a_conflict_with_a_family_takes_its_cases_and_members_away(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    assert seen(worker, OF_THE_FAMILY) == {"FamilyFile", "FamilyMember", "Case"}
    closed(worker, "family", case.family_id)
    assert seen(worker, OF_THE_FAMILY) == set()


def test_a_conflict_with_a_person_takes_that_person_out_of_the_family(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    with as_role("worker"):
        child = FamilyMember.objects.get(family_id=case.family_id, name="陳小安")
    closed(worker, "person", child.person_id)
    with acting(worker, "test"):
        assert [one.name for one in FamilyMember.objects.all()] == ["陳大方"]


def test_a_sealed_report_is_there_for_its_members_alone(desk):
    named, receipt = desk_worker("desk-two"), screened_report()
    seal = sealed("report", receipt.report, named)
    assert seen(desk, (*OF_THE_REPORT, Seal, SealMember)) == set()
    assert {"Matter", "Seal", "SealMember"} <= seen(named, (*OF_THE_REPORT, Seal, SealMember))
    with as_role("worker"):
        SealMember.objects.filter(seal=seal).update(until=clock_now())
    assert seen(named, (*OF_THE_REPORT, Seal)) == set()


def test_nobody_learns_from_the_application_what_is_in_conflict_with_whom(desk):
    closed(desk, "report", screened_report().report)
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with acting(desk, "test"), refused, transaction.atomic():
        Conflict.objects.exists()
