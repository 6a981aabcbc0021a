"""The database alone says which version is in force; a change is seen at the next report."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.rulebook.rules.loader import with_dates
from anwang.triage.queries.policies import CLOCKS, TABLES, policies_in_force
from anwang.triage.rules.policies import shipped_policies

DAY = dt.date(2026, 3, 2)


@pytest.mark.django_db
def test_the_policies_of_the_database_are_those_of_the_files():
    policies, versions = policies_in_force(None, DAY)
    assert set(versions) == {*TABLES, CLOCKS}
    assert policies.tables == shipped_policies(DAY).tables
    assert policies.clocks == shipped_policies(DAY).clocks


@pytest.mark.django_db
def test_unchanged_policies_cost_one_statement():
    policies_in_force("68000", DAY)
    with CaptureQueriesContext(connection) as seen:
        policies_in_force("68000", DAY)
    assert len(seen) == 1


@pytest.mark.django_db
def test_a_day_before_the_first_version_takes_the_version_in_force():
    policies, _ = policies_in_force(None, dt.date(2025, 3, 2))
    assert policies.tables == shipped_policies(dt.date(2026, 1, 1)).tables


def test_days_are_dates_again():
    body = {"valid_from": "2026-01-01", "rows": [{"id": "a", "valid_to": "2026-02-01"}], "n": 1}
    assert with_dates(body) == {
        "valid_from": dt.date(2026, 1, 1),
        "rows": [{"id": "a", "valid_to": dt.date(2026, 2, 1)}],
        "n": 1,
    }
