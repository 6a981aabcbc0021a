"""Splink as one meets it: its own comparisons over cleaned text, trained by its own EM.

Its usual comparisons are name, birth, sex, phone and address; `number` adds the valid number, by
which it then also finds pairs. Its threshold is the one with the best F1 on the training seed.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class SplinkRun:
    """What one run gave. `clusters`: threshold -> cluster of each record, in the records' order."""

    seconds_training: float
    seconds_linking: float
    clusters: dict[float, npt.NDArray[np.int64]]


def splink_links(
    records: pa.Table, thresholds: tuple[float, ...] = THRESHOLDS, *, number: bool = False
) -> SplinkRun:
    """Link `records` (unique_id, national_id, name, sex, birth_date, phone, address; null where not
    told). Linking is predicting and clustering once, at the first threshold.
    """
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)  # it tells each step
    rules = [
        *([block_on("national_id")] if number else []),
        block_on("birth_date", "substr(name, 1, 1)"),
        block_on("name", "substr(birth_date, 1, 4)"),
        block_on("phone"),
        block_on("address", "sex"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            *([cl.ExactMatch("national_id")] if number else []),
            cl.NameComparison("name").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("sex"),
            cl.ExactMatch("phone"),
            cl.LevenshteinAtThresholds("address", [2, 5]),
        ],
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
    )
    db = duckdb.connect()
    db.execute("set enable_progress_bar = false")
    db.register("arrived", records)
    db.execute("create table people as select * from arrived")
    api = DuckDBAPI(db)
    began = time.perf_counter()
    linker = Linker(api.register(db.table("people")), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("national_id")], recall=0.95
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("national_id"), block_on("name", "birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    trained = time.perf_counter()
    pairs = linker.inference.predict(
        threshold_match_probability=min(thresholds), warning_mode="never"
    )
    found = {thresholds[0]: _clusters(linker, pairs, thresholds[0], len(records))}
    linked = time.perf_counter()
    for threshold in thresholds[1:]:
        found[threshold] = _clusters(linker, pairs, threshold, len(records))
    return SplinkRun(trained - began, linked - trained, found)


def _clusters(linker: Any, pairs: Any, threshold: float, count: int) -> npt.NDArray[np.int64]:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=threshold
    ).as_pyarrow_table()
    clusters = np.arange(count)
    clusters[found["unique_id"].to_numpy()] = found["cluster_id"].to_numpy()
    return clusters
