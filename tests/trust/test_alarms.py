"""Odd access on a simulated year: planted abusers are found, and ordinary work hardly alarms (D5)."""

from __future__ import annotations

import os

import pytest

from anwang.access.rules.alarms import alarms_in, load_rules
from demo.staff_year import ABUSES, StaffYear, staff_year
from tests.trust.figure import SEED, drilling
from tests.trust.planting import faults_of, planted_in_code

MOST_A_WEEK = 15  # alarms a thousand staff and week
FAULTS = faults_of("alarms")
SIZE = (1000, 52) if drilling() or os.environ.get("ANWANG_ALARMS_WHOLE") else (250, 6)


def judged(year: StaffYear) -> tuple[list[str], float]:
    """Abuses that nobody would hear of, and alarms on ordinary work a thousand staff and week."""
    found = alarms_in(year.readings, load_rules())
    raised = {(one.rule, one.account) for one in found}
    missed = [f"{one.rule}: {one.account}" for one in year.planted
              if (one.rule, one.account) not in raised]  # fmt: skip
    ordinary = sum(1 for one in found if not one.account.startswith("abuser-"))
    return missed, ordinary * 1000 / (year.staff * year.weeks)


def test_planted_abusers_are_found_and_ordinary_work_hardly_alarms():
    """S3, S8."""
    year = staff_year(SEED, *SIZE)
    missed, a_week = judged(year)
    print(f"alarms: {len(year.readings):,} readings of {year.staff} staff in {year.weeks} weeks, "
          f"{len(year.planted)} abuses, missed {len(missed)}, {a_week:.1f} alarms a 1,000 staff and "
          f"week, seed {SEED}")  # fmt: skip
    assert missed == []
    assert a_week <= MOST_A_WEEK


def test_every_rule_has_an_abuse_that_proves_it():
    assert set(load_rules()) == set(ABUSES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault):
    with planted_in_code(fault):
        missed, a_week = judged(staff_year(1, 100, 4))
    assert missed or a_week > MOST_A_WEEK, "the harness does not notice the fault"
