"""S3: seventy officers search a name from the news."""

from __future__ import annotations

import datetime as dt

import pytest

from anwang.access.context import acting
from anwang.access.rules.alarms import Reading, alarms_in, load_rules
from anwang.common.errors import Refused
from anwang.triage.permissions import check_can_search
from tests.factories import TAOYUAN, account


@pytest.mark.django_db
def test_s03_an_outside_agency_has_no_search_by_name():
    officer = account("officer", ("68000-police", TAOYUAN, "partner"))
    with acting(officer, "test"), pytest.raises(Refused):
        check_can_search(officer)


def test_s03_a_burst_on_one_person_alarms():
    noon = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
    looks = [
        Reading(noon + dt.timedelta(minutes=n), f"officer-{n}", "famous", task=False)
        for n in range(70)
    ]
    found = alarms_in(looks, load_rules())
    assert {one.rule for one in found} == {"burst"}
    assert all(one.object == "famous" for one in found)
