"""A thousand simulated months: nothing waits a day unheard, and one team answers at every instant."""

from __future__ import annotations

import contextlib

import pytest

from tests.trust.figure import Figure, drilling, hold, rotating
from tests.trust.month_lives import attempt_with, months_until_found
from tests.trust.month_world import world
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "month", "reports unheard, clocks wrong or not just one team, in simulated months", "0 in 1,000",
    share=50, whole=1_000, portion=25,
)  # fmt: skip
# A fault must show within so many months.
MOST = 120


@pytest.fixture
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_in_no_month_is_anybody_left_waiting_unheard(postgres_server, unblocked):
    with world(postgres_server) as people:
        hold(FIGURE, attempt_with(people))


@pytest.mark.parametrize("fault", rotating(faults_of("month")), ids=lambda f: f["fault"])
def test_a_planted_fault_shows_within_some_months(fault, postgres_server, unblocked):
    with contextlib.ExitStack() as planted:
        people = planted.enter_context(world(postgres_server, fault))
        if "in" in fault:
            planted.enter_context(planted_in_code(fault))
        assert list(months_until_found(people, MOST)), fault["fault"]


def test_there_are_at_least_25_planted_faults():
    assert len(faults_of("month")) >= 25
    assert drilling() or len(rotating(faults_of("month"))) == 2
