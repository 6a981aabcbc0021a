"""What is closed to an account is not there for it, whatever its role and relations (R5, R8)."""

from __future__ import annotations

import uuid

import pytest
from django.db import ProgrammingError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import Conflict, Relation, Seal, SealMember
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.cases.oversight.actions.conflicts import renew_conflicts
from anwang.common.clock import clock_now
from anwang.intake.models import Report
from anwang.triage.models import Clock, Decision, Duty, Matter, Offer, Screening
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import desk_worker, screened_report, team_worker
from tests.people.stored import store

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


def test_records_identified_after_the_conflict_are_closed_and_no_others(desk):
    """Thousands come with one statement, and almost none of them is closed to anybody."""
    about, other = uuid.uuid4(), uuid.uuid4()
    closed(desk, "person", about)
    with as_role("worker"):
        store(
            [{"name": "陳小安"}, {"name": "林美玉"}, {"name": "陳小安"}],
            persons=[about, other, about],
        )
        with connection.cursor() as cursor:
            cursor.execute("select person_id, closed_to from people_identity order by no")
            found = cursor.fetchall()
    assert found == [(about, [desk.id]), (other, None), (about, [desk.id])]


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


def test_nobody_learns_from_a_function_what_is_closed_to_him(desk):
    closed(desk, "report", screened_report().report)
    refused = pytest.raises(ProgrammingError, match="permission denied for function closed_to_me")
    with acting(desk, "test"), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select access.closed_to_me()")


def test_nobody_reads_to_whom_a_row_is_closed(desk):
    screened_report()
    for mark in ("closed_to", "sealed_for"):
        refused = pytest.raises(ProgrammingError, match="permission denied for table triage_matter")
        with acting(desk, "test"), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"select {mark} from triage_matter")


def test_a_refusal_tells_not_whether_a_family_is_closed_or_another_countys(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    told = []
    for family in (case.family_id, "00000000-0000-4000-8000-00000000abcd"):
        with (
            acting(worker, "test"),
            pytest.raises(ProgrammingError) as refused,
            transaction.atomic(),
        ):
            closed(worker, "family", case.family_id)
            with connection.cursor() as cursor:
                cursor.execute(
                    "insert into cases_familymember (id, family_id, name, role, since, judged_by)"
                    " values (gen_random_uuid(), %s, 'x', 'child', clock.now(), %s)",
                    [family, worker.id],
                )
        told.append(str(refused.value))
    assert told[0] == told[1]
    assert "policy for table" in told[0]


def test_a_row_that_missed_its_mark_is_marked_soon_after(desk):
    receipt = screened_report()
    sealed("report", receipt.report)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("update triage_matter set sealed_for = null")
    assert "Matter" in seen(desk, [Matter])
    with as_role("worker"):
        renew_conflicts()
    assert seen(desk, [Matter]) == set()


def test_a_row_made_after_the_seal_is_marked_and_opened_when_it_ends(desk):
    receipt = screened_report()
    seal = sealed("report", receipt.report)
    with as_role("worker"):
        Relation.objects.create(team_id="68000-desk", object_kind="report", object_id=receipt.report,
                                ground="test", through=receipt.report)  # fmt: skip
    assert seen(desk, [Relation]) == set()
    with as_role("worker"):
        Seal.objects.filter(pk=seal.pk).update(until=clock_now())
    assert seen(desk, [Relation]) == {"Relation"}
