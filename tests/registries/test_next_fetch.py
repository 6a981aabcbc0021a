"""When a source is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anwang.registries.rules.fetching import LATEST, SOONEST, next_fetch

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = st.none() | st.integers(1, 400)


def test_a_source_never_tried_is_tried_at_once():
    assert next_fetch(None, failures=0, expected_every_days=1) is None


def test_a_daily_source_is_looked_at_every_hour():
    assert next_fetch(AT, failures=0, expected_every_days=1) == AT + timedelta(hours=1)


@given(DAYS)
def test_however_seldom_it_delivers_it_is_looked_at_within_hours(days):
    assert AT + SOONEST <= next_fetch(AT, failures=0, expected_every_days=days) <= AT + LATEST


@given(DAYS, st.integers(1, 10_000))
def test_after_failures_the_pauses_grow_and_never_beyond_the_usual_one(days, failures):
    usual = next_fetch(AT, failures=0, expected_every_days=days)
    now = next_fetch(AT, failures=failures, expected_every_days=days)
    assert AT < now <= usual
    assert now <= next_fetch(AT, failures=failures + 1, expected_every_days=days)
