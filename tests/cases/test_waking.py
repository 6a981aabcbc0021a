"""A family that is reported again: its file wakes, its last lead is told, and nobody else (B5)."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from anwang.access.context import LOADING, acting
from anwang.access.models import Notice
from anwang.cases.actions import close_case
from anwang.cases.models import FamilyFile, Waking
from anwang.cases.permissions import check_can_work_case
from anwang.triage.actions.waking import wake_families
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import (
    SECOND_TEAM,
    TAIPEI_CITY,
    TAOYUAN,
    TEAM,
    account,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def lead():
    return team_worker()


@pytest.fixture
def child(lead):
    """A child whose family had a case that is closed."""
    person = uuid.uuid4()
    case = accept(lead, offered(desk_worker(), screened_report(child=person), TEAM))
    with acting(lead, "case-work"):
        close_case(case.pk, reason="目標達成", permit=check_can_work_case(lead, case.pk))
    return person


def woken(receipt) -> int:
    with as_role("worker"), acting(LOADING, "test"):
        return wake_families([receipt.report])


def told(actor) -> list[dict[str, str]]:
    with acting(actor, "test"):
        return list(
            Notice.objects.filter(kind="family-reported-again").values_list("detail", flat=True)
        )


def test_a_report_on_a_closed_family_wakes_its_file_and_tells_its_last_lead_once(lead, child):
    again = screened_report(child=child)
    assert (woken(again), woken(again)) == (1, 0)
    with acting(lead, "test"):
        number = FamilyFile.objects.get().number
        waking = Waking.objects.get()
    assert told(lead) == [{"family": number}]
    assert (waking.elsewhere, waking.told) == (False, 1)
    assert told(team_worker("other", SECOND_TEAM)) == []


def test_of_another_countys_report_only_that_there_is_one(lead, child):
    again = screened_report(child=child, county="臺北市")
    assert woken(again) == 1
    with acting(lead, "test"):
        assert Waking.objects.get().elsewhere
    assert len(told(lead)) == 1
    assert told(desk_worker("far", TAIPEI_CITY)) == []


def test_a_probable_match_wakes_nothing(lead, child):
    assert woken(screened_report(child=child, by_number=False)) == 0
    assert told(lead) == []


def test_where_the_last_lead_is_in_conflict_another_who_leads_is_told(lead, child):
    """S2: who is respondent himself learns of nothing."""
    supervisor = account("super", (TEAM, TAOYUAN, "supervisor"))
    again = screened_report(child=child)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source,"
            " since) values (gen_random_uuid(), %s, 'report', %s, 'self', 'register', clock.now())",
            [lead.id, again.report],
        )
    assert woken(again) == 1
    assert (told(lead), len(told(supervisor))) == ([], 1)
    with acting(lead, "test"):
        assert not Waking.objects.exists()


def test_nobody_but_our_programs_wakes_a_file(lead, child):
    again = screened_report(child=child)
    with pytest.raises(Exception, match="permission denied"), acting(lead, "test"):
        wake_families([again.report])
