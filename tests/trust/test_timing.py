"""What tells times apart does so, and even answers leave on the stroke."""

from __future__ import annotations

import random

import pytest

from anwang.access.evening import until_stroke
from tests.trust.timing import largest_t, trained_auc, welch_t

CHANCE = random.Random(7)
PLAIN = [CHANCE.gauss(10, 1) for _ in range(4_000)]
ALIKE = [CHANCE.gauss(10, 1) for _ in range(4_000)]
LATER = [CHANCE.gauss(10.2, 1) for _ in range(4_000)]
WIDER = [CHANCE.gauss(10, 2) for _ in range(4_000)]


def test_two_of_one_kind_are_not_told_apart():
    assert abs(welch_t(PLAIN, ALIKE)) < 4.5
    assert trained_auc(PLAIN, ALIKE) < 0.52


def test_a_fifth_of_the_spread_is_found_by_both():
    assert abs(welch_t(LATER, PLAIN)) > 4.5
    assert trained_auc(LATER, PLAIN) > 0.53


def test_another_spread_with_the_same_mean_is_found_by_the_classifier():
    assert trained_auc(WIDER, PLAIN) > 0.6


def test_a_shift_among_very_slow_answers_is_found_by_cutting_them_off():
    def crowded(sample):
        return [one if at % 20 else one + CHANCE.uniform(0, 400) for at, one in enumerate(sample)]

    assert abs(welch_t(crowded(LATER), crowded(PLAIN))) < 4.5
    assert abs(largest_t(crowded(LATER), crowded(PLAIN))) > 4.5
    assert abs(largest_t(crowded(ALIKE), crowded(PLAIN))) < 4.5


@pytest.mark.parametrize("elapsed", [0.0, 0.004, 0.0249, 0.026, 1.3])
def test_an_answer_leaves_on_the_stroke(elapsed):
    left = until_stroke(elapsed, 0.025)
    assert 0 < left <= 0.025
    assert (elapsed + left) / 0.025 == pytest.approx(round((elapsed + left) / 0.025))
