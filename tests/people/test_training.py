"""Training learns from records alone, leaves unseen levels as they were, and repeats itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

from anwang.people.rules.columns import asked_of, rows_of
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.forms import forms_of
from anwang.people.rules.model_file import Level, read_model
from anwang.people.rules.scoring import MODELS
from anwang.people.rules.strata import strata_of
from anwang.people.rules.training import PASSES, train
from tests.people.invented_persons import asked, persons, token

START = read_model(MODELS / "2026-11-24.1.yaml").levels  # all assumed
PERSONS = 800


@pytest.fixture(scope="module")
def rows():
    everybody = persons(PERSONS, seed=51)
    rng = random.Random(52)
    questions = [
        forms_of(raw, token=token, query=True)
        for person in rng.sample(everybody, 200)
        for _, raw in asked(rng, person)
    ]
    return asked_of(questions), rows_of([forms_of(one.raw, token=token) for one in everybody])


def learn(rows, comparisons, passes):
    return train(
        *rows, comparisons, START, one_in=PERSONS, seed=1, passes=passes, random_pairs=200_000
    )


@pytest.mark.slow
def test_the_same_rows_and_seed_give_the_same_levels_and_unseen_ones_stay(rows):
    few = [one for one in COMPARISONS if one.name in ("birth", "sex", "phone")]
    first, again = (learn(rows, few, PASSES[:1]) for _ in range(2))
    assert first == again
    pairs, same = first.pairs["number"]
    assert pairs == 200 and same == pytest.approx(200, abs=1)
    birth = first.levels["birth"]
    assert birth["day"] == START["birth"]["day"]  # too rare among so few random pairs
    assert birth["age-3"] == START["birth"]["age-3"]  # nobody tells a number and an age
    assert first.levels["phone"] == START["phone"]  # and nobody both numbers
    sex = first.levels["sex"]
    assert sex["same"].origin == "trained" and sex["same"].m > 0.95


@pytest.mark.slow
def test_nothing_speaks_much_more_against_than_was_assumed(rows):
    sex = learn(rows, [one for one in COMPARISONS if one.name == "sex"], PASSES[:1]).levels["sex"]
    # No sex ever differs in these pairs; somebody will write a wrong one all the same.
    assert START["sex"]["different"].weight - 3.1 < sex["different"].weight < -5
    assert sex["same"].weight == pytest.approx(1, abs=0.1)


def test_levels_of_a_comparison_are_spread_over_its_strata():
    for one in COMPARISONS:
        strata = strata_of(one)
        assert {name for stratum in strata for name in stratum.levels} == set(one.names)


def test_a_pair_with_a_level_stands_in_one_stratum_that_has_it(rows):
    left, right = rows
    rng = np.random.default_rng(3)
    mine, theirs = rng.integers(len(left), size=4000), rng.integers(len(right), size=4000)
    sides = (
        {name: left[mine][name] for name in left.dtype.names},
        {name: right[theirs][name] for name in right.dtype.names},
    )
    for one in COMPARISONS:
        strata = strata_of(one)
        holds = [condition.of(*sides) for _, condition in one.levels]
        first = np.select([np.broadcast_to(each, 4000) for each in holds], range(len(holds)), -1)
        within = sum(np.broadcast_to(each.told.of(*sides), 4000).astype(int) for each in strata)
        assert set(within[first >= 0]) <= {1}, one.name


def test_a_level_weighs_the_quotient_of_its_chances():
    assert Level(0.5, 0.125).weight == 2
