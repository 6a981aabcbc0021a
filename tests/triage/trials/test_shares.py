"""Intervals against published values, and counts that could point to somebody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.triage.trials.rules.shares import hide_alone, share_of, shown_counts, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(hits, of, low, high):
    assert wilson(hits, of) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_lies_within_its_interval_and_that_between_nothing_and_all(case):
    hits, of = case
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1


def test_few_are_not_shown_and_neither_are_all_but_few():
    assert share_of(3, 100).hits is None
    assert share_of(97, 100).hits is None
    assert share_of(2, 4).of is None
    assert share_of(0, 100).hits == 0


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 40), min_size=2, max_size=8))
def test_a_hidden_count_is_not_found_by_subtraction(counts):
    """Of a known total no single count is left over, unless all others are 0."""
    shown = shown_counts(counts)
    hidden = [name for name, count in shown.items() if count is None]
    others = [count for name, count in counts.items() if name not in hidden and count]
    assert len(hidden) != 1 or not others


def test_the_next_smallest_group_hides_with_the_one_that_is_too_small():
    found = hide_alone([("a", 1, 50), ("b", 20, 40), ("c", 30, 90)])
    assert found["a"].hits is None and found["b"].hits is None
    assert found["c"].hits == 30
