"""S1: a police officer whose brother is the respondent asks for the wife's address "for a case"."""

from __future__ import annotations

import pytest

from anwang.access.actions.attempts import record_attempt
from anwang.access.context import acting
from anwang.access.models import Notice
from anwang.cases.oversight.actions.attempts import resolve_attempts
from anwang.cases.oversight.actions.glass import NothingThere, break_glass
from anwang.cases.permissions import check_can_break_glass
from anwang.intake.models import Report
from anwang.triage.models import Screening
from tests.conftest import as_role
from tests.factories import TAOYUAN, account, picture_of_two, received_report
from tests.relatives import child_of, is_human, known_person

pytestmark = pytest.mark.django_db


def test_s01_refused_with_the_case_number_too_and_the_other_office_is_told():
    wife, respondent, officer, father = (known_person() for _ in range(4))
    child_of(respondent, father)
    child_of(officer, father)
    actor = account("officer", ("68000-desk", TAOYUAN, "desk"))
    is_human(actor.id, officer)
    receipt = received_report()
    with as_role("worker"):
        Screening.objects.create(
            matter_id=receipt.report, picture=picture_of_two(wife.person, respondent.person)
        )
    with acting(actor, "test"):
        assert not Report.objects.filter(receipt=receipt.receipt).exists()
        with pytest.raises(NothingThere):
            break_glass(
                receipt.receipt, ["people"], "這件是我手上的案子，需要馬上知道她現在住在哪裡才能處理",
                permit=check_can_break_glass(actor),
            )  # fmt: skip
    record_attempt(actor, "triage:report", receipt.receipt)
    with as_role("worker"):
        resolve_attempts()
        told = Notice.objects.filter(kind="conflict-attempted", object_id=receipt.report)
        assert {one.to_team for one in told} == {"national-desk"}
        assert len(told) == 2
