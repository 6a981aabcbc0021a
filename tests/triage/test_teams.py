"""Ranking over the database: loads, who works in the home, what is closed counts for nothing."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from anwang.access.context import acting
from anwang.triage.models import Decision, Matter
from anwang.triage.queries.teams import teams_for_matter
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import (
    SECOND_TEAM,
    TAOYUAN,
    TEAM,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def desk():
    return desk_worker()


def ranked(desk, receipt):
    with acting(desk, "decide"):
        matter = Matter.objects.get(pk=receipt.report)
        return teams_for_matter(matter, matter.agency_kind, matter.stream)


def loads(actor, county=TAOYUAN):
    with acting(actor, "test"), connection.cursor() as cursor:
        cursor.execute("select team_id, cases, offers from triage.team_loads(%s)", [county])
        return sorted(cursor.fetchall())


def test_the_team_that_already_works_in_the_home_comes_first(desk):
    child = uuid.uuid4()
    accept(
        team_worker("two", SECOND_TEAM), offered(desk, screened_report(child=child), SECOND_TEAM)
    )
    again = ranked(desk, screened_report(child=child))
    assert (again[0].id, again[0].ranked.part("home").points > 0) == (SECOND_TEAM, True)
    assert ranked(desk, screened_report())[0].id == TEAM


def test_only_the_desk_of_the_report_learns_who_works_in_the_home(desk):
    child = uuid.uuid4()
    accept(
        team_worker("two", SECOND_TEAM), offered(desk, screened_report(child=child), SECOND_TEAM)
    )
    receipt = screened_report(child=child)
    for actor, told in ((desk, [(SECOND_TEAM,)]), (team_worker("one", TEAM), []),
                        (desk_worker("far", "63000"), [])):  # fmt: skip
        with acting(actor, "test"), connection.cursor() as cursor:
            cursor.execute("select triage.teams_at_home(%s)", [receipt.report])
            assert cursor.fetchall() == told


def test_the_decision_keeps_the_rank_that_it_was_made_on(desk):
    receipt = screened_report()
    offered(desk, receipt)
    with as_role("worker"):
        outcome = Decision.objects.get(matter=receipt.report).outcome
    assert outcome["ranked"][0]["team"] == outcome["team"] == TEAM
    assert outcome["ranked"][0]["points"] > outcome["ranked"][-1]["points"]


def test_loads_are_told_within_the_county_and_to_the_nation(desk):
    accept(team_worker(), offered(desk, screened_report(), TEAM))
    offered(desk, screened_report(), SECOND_TEAM)
    expected = [(SECOND_TEAM, 0, 1), (TEAM, 1, 0)]
    assert sorted(loads(desk)) == sorted(expected)
    assert sorted(loads(team_worker("other", "68000-welfare"))) == sorted(expected)
    assert loads(desk_worker("far", "63000")) == []


def test_what_is_closed_to_somebody_is_not_in_the_loads_that_he_is_told(desk):
    """R5: a count must not betray a report that its reader may not know of."""
    receipt = screened_report()
    accept(team_worker(), offered(desk, receipt, TEAM))
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source,"
            " since) values (gen_random_uuid(), %s, 'report', %s, 'declared', 'declared', clock.now())",
            [desk.id, receipt.report],
        )
    assert loads(desk) == []
