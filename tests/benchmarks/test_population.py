"""The invented nation: the same for the same seed, in slices, with the shares it promises."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from anwang.common.values.national_id import parse_id
from benchmarks.population import (
    BLOCK,
    COLUMNS,
    KINDS,
    SOURCES,
    TEST_SEED,
    TRAINING_SEED,
    people_of,
    queries,
    rows_of_block,
    write,
)
from benchmarks.population.numbers import mobiles, national_ids, resident_ids

pytestmark = pytest.mark.slow
PERSONS = 2 * BLOCK - 1_000


def test_a_block_is_the_same_whatever_was_drawn_before_and_however_large_the_register() -> None:
    small, _ = rows_of_block(TEST_SEED, PERSONS, 0, "health-insurance")
    people_of.cache_clear()
    large, _ = rows_of_block(TEST_SEED, 20_000_000, 0, "health-insurance")
    assert small.equals(large)


def test_training_and_test_are_other_people() -> None:
    trained = set(people_of(TRAINING_SEED, 0).names.legal) & set(
        people_of(TEST_SEED, 0).names.legal
    )
    same = people_of(TRAINING_SEED, 0).ids == people_of(TEST_SEED, 0).ids
    assert len(trained) < BLOCK / 2
    assert not same.any()


def test_nobody_of_a_nation_has_anothers_number_or_phone() -> None:
    some = np.concatenate([np.arange(20_000) + far * 1_000_000 for far in range(24)])
    men = np.zeros(len(some), dtype=bool)
    years = 1940 + some % 80
    assert len(set(national_ids(some, men, years, TEST_SEED))) == len(some)
    assert len(set(resident_ids(some, men, men, TEST_SEED))) == len(some)
    assert len(set(mobiles(some, TEST_SEED))) == len(some)


def test_every_number_passes_its_checksum() -> None:
    assert all(parse_id(number).valid for number in people_of(TEST_SEED, 1).ids)


def test_the_register_ends_where_it_is_told_to(tmp_path: Path) -> None:
    paths = write(tmp_path, PERSONS, TEST_SEED, count=300)
    truth = pq.read_table(paths["truth"])
    assert max(truth["person"].to_pylist()) == PERSONS - 1
    held = [pq.read_table(paths[f"records-{source}"]) for source in SOURCES]
    assert sum(len(one) for one in held) == len(truth)
    for one in held:
        assert tuple(one.column_names) == COLUMNS
        assert len(set(one["record_key"].to_pylist())) == len(one)


def test_questions_keep_their_promised_shares() -> None:
    asked = queries(TEST_SEED, PERSONS, 4_000).to_pylist()
    unnumbered = sum(not one["national_id"] for one in asked) / len(asked)
    absent = sum(one["person"] is None for one in asked) / len(asked)
    assert abs(unnumbered - 0.40) < 0.03
    assert abs(absent - 0.20) < 0.03
    kinds = Counter(one["kind"] for one in asked)
    assert set(kinds) == set(KINDS)
    assert all((one["person"] is None) == (one["kind"] == "absent") for one in asked)


def test_whoever_is_absent_is_in_no_source() -> None:
    absent = [
        one for one in queries(TEST_SEED, PERSONS, 500).to_pylist() if one["kind"] == "absent"
    ]
    held = {
        number
        for block in (0, 1)
        for number in rows_of_block(TEST_SEED, PERSONS, block, "household-registration")[0][
            "national_id"
        ].to_pylist()
    }
    assert absent
    assert not held & {
        one["national_id"] for one in absent if parse_id(one["national_id"] or "").valid
    }
