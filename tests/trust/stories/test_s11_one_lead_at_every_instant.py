"""S11: two teams each think that the other has the child. Transfer between counties comes later."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case
from anwang.triage.models import Duty, Matter
from anwang.triage.permissions import check_can_answer_offer
from tests.cases.test_accepting import offered
from tests.conftest import as_role
from tests.factories import SECOND_TEAM, TEAM, desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def accountable(receipt) -> list[str]:
    """Teams that answer for it now: there must be exactly one."""
    with as_role("worker"):
        return list(
            Duty.objects.filter(matter=receipt.report, during__endswith=None)
            .values_list("accountable_team", flat=True)
        )  # fmt: skip


def test_s11_an_offer_moves_nothing_until_it_is_accepted():
    desk, worker, receipt = desk_worker(), team_worker(), screened_report()
    offer = offered(desk, receipt, TEAM)
    with as_role("worker"):
        before = Matter.objects.get(pk=receipt.report).desk_team
    assert accountable(receipt) == [before]
    with acting(worker, "answer-offer"):
        accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
    assert accountable(receipt) == [TEAM]
    with as_role("worker"):
        (case,) = Case.objects.filter(matter=receipt.report)
    assert case.lead == worker.id


def test_s11_no_second_offer_and_no_second_case_stand_beside_the_first():
    desk, receipt = desk_worker(), screened_report()
    offer = offered(desk, receipt, TEAM)
    with (
        pytest.raises(DatabaseError, match="one_open_offer_a_matter"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("set local role anwang_worker")
        cursor.execute(
            "insert into triage_offer (id, matter_id, decision_id, team_id, answer, refusal,"
            " refusal_text) select gen_random_uuid(), matter_id, decision_id, %s, 'open', '', ''"
            " from triage_offer where id = %s",
            [SECOND_TEAM, offer.pk],
        )
    assert len(accountable(receipt)) == 1
