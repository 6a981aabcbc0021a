"""What asks for a person never goes out by itself, and each fault that would let it is noticed."""

from __future__ import annotations

import pytest

from tests.trust.automatic_world import SITUATIONS, try_all
from tests.trust.figure import drilling, rotating
from tests.trust.planting import faults_of, planted_in_code

FAULTS = faults_of("automatic")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams"), pytest.mark.slow]


def test_whatever_asks_for_a_person_stays_with_a_person_and_says_why():
    assert try_all(SITUATIONS) == []


@pytest.mark.parametrize("fault", rotating(FAULTS), ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault):
    tried = SITUATIONS if drilling() else [fault["shows"]]
    with planted_in_code(fault):
        assert try_all(tried), f"not found: {fault['fault']}"
