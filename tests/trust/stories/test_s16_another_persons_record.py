"""S16: a partner sends the record of another person with the same name and birthday.

Merging and undoing it by two persons comes later; until then nothing merges at all.
"""

from __future__ import annotations

import uuid

import pytest

from anwang.cases.models import Case
from anwang.people.models import Person
from anwang.people.queries import find_people
from anwang.people.rules.forms import forms_of
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import TEAM, desk_worker, screened_report, team_worker
from tests.people.invented_persons import token
from tests.people.stored import store

pytestmark = pytest.mark.django_db
TWIN = {"name": "陳志明", "birth_date": "1980-05-01", "sex": "M"}


def test_s16_two_of_one_name_and_birthday_stay_two():
    with as_role("worker"):
        first, second = store(
            [TWIN | {"national_id": "A123456789"}, TWIN | {"national_id": "B123456780"}]
        )
        found = find_people(forms_of(TWIN, token=token))
        assert Person.objects.filter(pk__in=[first, second]).count() == 2
    assert not any(one.accepted for one in found), "which of the two is meant nobody can tell"


@pytest.mark.usefixtures("service_teams")
def test_s16_a_match_without_a_number_joins_no_family_file():
    """The same person by all but a number: the files stay apart until somebody judges."""
    desk, worker, child = desk_worker(), team_worker(), uuid.uuid4()
    cases = [
        accept(worker, offered(desk, screened_report(child=child, by_number=False), TEAM))
        for _ in range(2)
    ]
    with as_role("worker"):
        assert Case.objects.filter(pk__in=[one.pk for one in cases]).count() == 2
    assert cases[0].family_id != cases[1].family_id
