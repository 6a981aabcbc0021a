"""Splink's expectation maximisation gets levels by number and finds the chances they were drawn by."""

import numpy as np
import pytest

from anwang.people.rules.columns import STORED
from anwang.people.rules.maximising import Seen, maximised, pairs_of

COUNT = 4_000


def drawn(rng, same, m, u):
    places = np.where(same, rng.choice(len(m), COUNT, p=m), rng.choice(len(u), COUNT, p=u))
    return places.astype(np.int16)


@pytest.mark.slow
def test_the_chances_by_which_levels_were_drawn_are_found_again():
    rng = np.random.default_rng(5)
    same = rng.random(COUNT) < 0.6
    m, u = (0.8, 0.15, 0.05), (0.01, 0.04, 0.95)
    begun = [(0.5, 0.01), (0.3, 0.04), (0.2, 0.95)]
    seen = [Seen(name, drawn(rng, same, m, u), begun) for name in ("name", "birth", "phone")]
    seen[2].places[:1000] = -1  # a thousand tell no telephone
    share, chances = maximised(seen)
    assert share == pytest.approx(0.6, abs=0.03)
    for name in ("name", "birth", "phone"):
        assert chances[name] == pytest.approx(m, abs=0.03)


def test_a_level_that_no_pair_shows_has_no_chance():
    places = np.array([0, 0, 0, 2, 2, 0], np.int16)
    _, chances = maximised([Seen("name", places, [(0.8, 0.1), (0.1, 0.1), (0.1, 0.8)])])
    assert chances["name"][1] == 0


def test_pairs_meet_a_condition_once_and_never_themselves():
    rows = np.zeros(4, STORED)
    rows["id"] = (7, 7, 0, 8)
    mine, theirs = pairs_of(rows, None, "l.id = r.id and l.id <> 0")
    assert list(zip(mine, theirs, strict=True)) == [(0, 1)]
    mine, theirs = pairs_of(rows, rows[1:], "l.id = r.id and l.id <> 0")
    assert list(zip(mine, theirs, strict=True)) == [(0, 0), (1, 0), (3, 2)]
