"""Persons keep their ids; known ones are merged by people alone."""

from __future__ import annotations

import numpy as np

from anwang.people.rules.assigning import assign
from anwang.people.rules.clusters import NOBODY, Records


def assigned(cluster, known, *, settled=(), pinned=None):
    records = Records(
        np.zeros(len(cluster), dtype=int), np.arange(len(cluster)),
        np.array(pinned if pinned is not None else [NOBODY] * len(cluster)),
    )  # fmt: skip
    found = assign(records, np.array(cluster), np.array(known), set(settled))
    return found.person.tolist(), [one.places for one in found.merges]


def test_a_cluster_that_is_a_person_changes_nothing():
    assert assigned([0, 0, 2], [5, 5, 6]) == ([5, 5, 6], [])


def test_records_without_a_person_get_one_for_each_cluster():
    assert assigned([0, 0, 2], [NOBODY] * 3) == ([-2, -2, -3], [])


def test_a_person_stays_with_most_of_its_records():
    assert assigned([0, 1, 1], [5, 5, 5]) == ([-2, 5, 5], [])


def test_the_person_of_most_records_takes_the_others():
    assert assigned([0, 0, 0], [5, 6, 6]) == ([6, 6, 6], [])


def test_what_a_person_said_outweighs_the_count():
    assert assigned([0, 0, 0], [5, 6, 6], settled={5}, pinned=[5, -1, -1])[0] == [5, 5, 5]


def test_two_settled_persons_are_proposed_and_not_merged():
    person, merges = assigned([0, 0, 0, 0], [5, 5, 6, NOBODY], settled={5, 6})
    assert person == [5, 5, 6, 5]
    assert merges == [(0, 2)]
