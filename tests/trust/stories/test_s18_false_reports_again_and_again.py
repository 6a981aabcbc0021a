"""S18: a neighbour files false reports again and again."""

from __future__ import annotations

import pytest
from django.test import Client

from anwang.triage.models import Clock, Duty, Matter, Screening
from tests.cases.test_accepting import offered
from tests.conftest import as_role
from tests.factories import (
    PASSWORD,
    TEAM,
    clocks_of,
    desk_worker,
    received_report,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def page(username: str, path: str) -> str:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client.get(path).content.decode()


def test_s18_each_is_received_and_triaged_like_the_first():
    told = [received_report(narrative=f"鄰居又在打小孩，第 {n} 次。") for n in range(6)]
    assert len({one.receipt for one in told}) == 6
    for one in told:
        assert "running" in clocks_of(one).values()
    with as_role("worker"):
        assert Duty.objects.filter(during__endswith=None).count() == 6
        assert Clock.objects.values("due_at").count() == 6


def test_s18_the_pattern_is_shown_to_the_desk_alone_and_punishes_nobody():
    desk, _ = desk_worker(), team_worker()
    first = screened_report()
    again = screened_report(same_as=first)
    offered(desk, again, TEAM)
    at_desk = page("desk-one", f"/desk/{again.receipt}/")
    in_team = page("team-one", f"/desk/{again.receipt}/")
    assert first.receipt in at_desk
    assert first.receipt not in in_team
    with as_role("worker"):
        grades = set(Matter.objects.values_list("grade", flat=True))
        inputs = Screening.objects.get(matter=again.report).inputs
    assert grades <= {"2", "1"}
    assert not [name for name in inputs if "reports" in name], "how often is no reason for a grade"
