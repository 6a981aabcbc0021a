"""S2: the respondent is himself a worker in the county."""

from __future__ import annotations

import pytest

from anwang.access.models import Account
from anwang.triage.models import Screening
from tests.conftest import as_role
from tests.factories import desk_worker, picture_of_two, received_report
from tests.relatives import is_human, known_person

pytestmark = pytest.mark.django_db


def test_s02_his_account_sees_neither_the_report_nor_that_there_is_one(client):
    child, respondent = known_person(), known_person()
    him, colleague = desk_worker("him"), desk_worker("colleague")
    is_human(him.id, respondent)
    receipt = received_report()
    with as_role("worker"):
        Screening.objects.create(
            matter_id=receipt.report, picture=picture_of_two(child.person, respondent.person)
        )
    shown = {}
    for actor in (him, colleague):
        with as_role("worker"):
            person = Account.objects.get(pk=actor.id)
        client.force_login(person, "anwang.access.sign_in.ByNameAndPassword")
        shown[actor.id] = (
            receipt.receipt in client.get("/desk/").content.decode(),
            client.get(f"/desk/{receipt.receipt}/").status_code,
        )
    assert shown[him.id] == (False, 404)
    assert shown[colleague.id] == (True, 200)
