"""The board of teams: figures of the own county, weighted as the policy says, and no person (R10)."""

from __future__ import annotations

import pytest
from django.test import Client

from anwang.access.context import acting
from anwang.triage.queries.load_board import load_board
from tests.cases.test_accepting import accept, offered
from tests.factories import (
    PASSWORD,
    SECOND_TEAM,
    TAOYUAN,
    TEAM,
    account,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def page(username: str, path: str = "/load/"):
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client.get(path)


@pytest.fixture
def desk():
    return desk_worker()


def test_open_cases_are_weighed_and_what_waits_is_counted(desk):
    worker = team_worker()
    accept(worker, offered(desk, screened_report(grade="1"), TEAM))
    accept(worker, offered(desk, screened_report(grade="2"), TEAM))
    offered(desk, screened_report(), SECOND_TEAM)
    with acting(desk, "test"):
        lines = {one.id: one for one in load_board(TAOYUAN)}
    first, second = lines[TEAM], lines[SECOND_TEAM]
    assert (first.cases, first.load, first.capacity) == (2, round(1.6 * 1.5 + 1.6, 1), 75.0)
    assert (second.cases, second.offers, second.waiting_since is not None) == (0, 1, True)


def test_the_board_shows_figures_and_no_person(desk):
    accept(team_worker(), offered(desk, screened_report(), TEAM))
    said = page("desk-one").content.decode()
    assert "範例protection" in said
    for personal in ("陳小安", "陳家", "王範例"):
        assert personal not in said.replace("王範例</span>", "", 1)


@pytest.mark.parametrize(
    ("seat", "status"),
    [
        ((TEAM, TAOYUAN, "supervisor"), 200),
        ((f"{TAOYUAN}-manager", TAOYUAN, "county-manager"), 200),
        (("ministry-oversight", None, "ministry"), 200),
        ((TEAM, TAOYUAN, "team-worker"), 403),
        (("operators", None, "operator"), 403),
    ],
)
def test_it_is_for_supervisors_desks_managers_and_the_ministry(seat, status):
    account("somebody", seat)
    assert page("somebody").status_code == status


def test_nobody_sees_the_board_of_another_county(desk):
    accept(team_worker(), offered(desk, screened_report(), TEAM))
    account("far", ("63000-manager", "63000", "county-manager"))
    said = page("far", f"/load/?county={TAOYUAN}").content.decode()
    assert "範例protection" not in said
