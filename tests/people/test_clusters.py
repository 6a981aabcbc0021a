"""Who is joined and who is not: numbers, judgements, chains, doubts."""

from __future__ import annotations

import random

import numpy as np

from anwang.people.rules.clusters import NOBODY, Pairs, Partition, Records, partition
from anwang.people.rules.scoring import load_model

MODEL = load_model()


def linked(numbers, pairs=(), *, pinned=None, **others) -> Partition:
    """`pairs`: (left, right, weight), all of more than a name."""
    left, right, weight = zip(*pairs, strict=True) if pairs else ((), (), ())
    records = Records(
        np.array(numbers), np.arange(len(numbers)),
        np.array(pinned if pinned is not None else [NOBODY] * len(numbers)),
    )  # fmt: skip
    found = Pairs(
        np.array(left, dtype=int), np.array(right, dtype=int), np.array(weight, dtype=float),
        np.ones(len(left), dtype=bool),
    )  # fmt: skip
    return partition(records, found, MODEL, **others)


def persons(found: Partition) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(found.cluster == one).tolist()) for one in set(found.cluster)}


def test_equal_numbers_are_one_person():
    assert persons(linked([7, 8, 7, 0])) == {frozenset({0, 2}), frozenset({1}), frozenset({3})}


def test_a_record_between_two_numbers_joins_neither_chain_and_is_put_to_review():
    found = linked([7, 8, 0], [(2, 0, 30), (2, 1, 29)])
    assert persons(found) == {frozenset({0}), frozenset({1}), frozenset({2})}
    assert [(one.kind, one.places, one.weight) for one in found.doubts] == [
        ("two-numbers", (2, 0, 1), 1.0)
    ]


def test_the_weakest_link_between_two_numbers_is_cut():
    found = linked([7, 8, 0], [(2, 0, 40), (2, 1, 25)])
    assert persons(found) == {frozenset({0, 2}), frozenset({1})}
    assert [one.kind for one in found.doubts] == ["two-numbers"]


def test_a_chain_without_numbers_stays_apart_where_its_ends_do_not_speak_for_each_other():
    chain = [(0, 1, 32), (1, 2, 30)]
    assert persons(linked([0, 0, 0], chain)) == {frozenset({0, 1}), frozenset({2})}
    assert persons(linked([0, 0, 0], [*chain, (0, 2, 25)])) == {frozenset({0, 1, 2})}


def test_holders_of_one_number_who_contradict_each_other_are_two_persons_in_review():
    found = linked([7, 7, 7], contradicting=[(0, 2), (1, 2)])
    assert persons(found) == {frozenset({0, 1}), frozenset({2})}
    assert [one.kind for one in found.doubts] == ["one-number"]


def test_whom_people_keep_apart_is_not_asked_of_people_again():
    def asked(**told) -> list[tuple[int, ...]]:
        return [one.places for one in linked([7, 7, 7], **told).doubts]

    assert asked(apart=[(0, 1)]) == asked(pinned=[1, 2, NOBODY]) == []
    assert asked(contradicting=[(0, 1)], apart=[(1, 0)]) == []
    assert asked(contradicting=[(0, 1)], pinned=[1, 2, NOBODY]) == []
    assert asked(contradicting=[(1, 2)], apart=[(0, 1)]) == []  # 2 is whoever 0 is
    # Whoever is contradicted by both of two that are kept apart is the one in question.
    assert asked(contradicting=[(0, 2), (1, 2)], apart=[(0, 1)]) == [(2, 0, 1)]


def test_what_a_person_said_outweighs_number_and_score():
    assert persons(linked([7, 7], pinned=[1, 2])) == {frozenset({0}), frozenset({1})}
    assert persons(linked([7, 8], pinned=[1, 1])) == {frozenset({0, 1})}
    strong = [(1, 0, 50)]
    assert persons(linked([7, 0], strong, apart=[(0, 1)])) == {frozenset({0}), frozenset({1})}
    assert persons(linked([7, 0], strong, pinned=[1, 2])) == {frozenset({0}), frozenset({1})}


def test_a_pair_kept_apart_is_not_joined_through_a_third():
    told = {"apart": [(1, 2)]}
    pairs = [(1, 0, 50), (2, 0, 45), (1, 2, 40)]
    assert persons(linked([7, 0, 0], pairs, **told)) == {frozenset({0, 1}), frozenset({2})}


def test_the_order_of_records_and_pairs_does_not_matter():
    rng = random.Random(8)
    for _ in range(60):
        count = 14
        numbers = [rng.choice([0, 0, 1, 2, 3]) for _ in range(count)]
        pairs = [
            (one, other, rng.choice([18, 22, 26, 30, 34]))
            for one in range(count) for other in range(count)
            if numbers[one] == 0 and (numbers[other] or one < other) and rng.random() < 0.3
        ]  # fmt: skip
        apart = [tuple(rng.sample(range(count), 2)) for _ in range(2)]
        pinned = [rng.choice([NOBODY] * 6 + [1, 2]) for _ in range(count)]
        first = linked(numbers, pairs, pinned=pinned, apart=apart)
        order = rng.sample(range(count), count)
        at = {old: new for new, old in enumerate(order)}
        records = Records(
            np.array([numbers[old] for old in order]), np.array(order),
            np.array([pinned[old] for old in order]),
        )  # fmt: skip
        mixed = rng.sample(pairs, len(pairs))
        again = partition(
            records,
            Pairs(
                np.array([at[one] for one, _, _ in mixed], dtype=int),
                np.array([at[other] for _, other, _ in mixed], dtype=int),
                np.array([weight for *_, weight in mixed], dtype=float),
                np.ones(len(mixed), dtype=bool),
            ),
            MODEL, apart=[(at[one], at[other]) for one, other in apart],
        )  # fmt: skip
        renamed = {frozenset(order[place] for place in one) for one in persons(again)}
        assert renamed == persons(first)
