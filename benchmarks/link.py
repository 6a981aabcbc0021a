"""How fast and how well all records of six registries become persons, and late ones join them.

Cleaned rows in, persons out: cleaning is counted apart. An invented nation of the test seed;
Splink's threshold is chosen on the training seed, ours is the model's. Pairs of records count:
F1 over pairs that are one person.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.harness import AS_OF, Goal, Result

SIZES = [100_000, 300_000, 1_000_000]
QUICK_SIZES = [10_000, 20_000, 40_000]
LATE_SHARE: Final = 10  # one in so many more records comes late
RECORDS_A_PERSON: Final = 2.19
TRAINING_RECORDS: Final = 100_000
_ROWS_A_BATCH: Final = 25_000
_COLUMNS = ("record_key", "national_id", "name", "name_romanised", "sex", "birth_date", "phone",
            "address", "previous_address")  # fmt: skip
Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Cleaned rows of all registries in one mixed order; `near`: place -> neighbours' tokens."""

    rows: Numbers
    keys: Numbers
    of: Numbers
    near: dict[int, list[int]]
    near_keys: list[tuple[int, int]]


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = _options(arguments)
    result = Result("link", "records of six registries into persons, cleaned rows in, persons out")
    sizes = asked.sizes or (QUICK_SIZES if asked.quick else SIZES)
    thresholds = {} if asked.alone else {
        number: _splink_threshold(min(TRAINING_RECORDS, *sizes), number=number)
        for number in (False, True)
    }  # fmt: skip
    for size in sizes:
        result.rows.append(_measured(size, thresholds))
    result.grow("ours_s")
    last = result.rows[-1]
    result.goals.append(Goal("late records into the rest", last["late_s"], 5, "s"))
    result.goals.append(Goal("late records end elsewhere than by linking all again",
                             last["late_elsewhere"], 0, "records"))  # fmt: skip
    result.goals += [
        Goal(f"households, F1 over pairs: {who}", last[column], 0.97, "", at_most=False)
        for who, column in (("whom the register knows", "household_f1"),
                            ("everybody", "household_f1_everybody"))
    ]  # fmt: skip
    if thresholds:
        result.remarks += [
            f"Splink's thresholds, chosen on the training seed: {thresholds[False]}, with the valid"
            f" number {thresholds[True]}",
            "1 - F1 against that of Splink with the valid number:"
            f" {(1 - last['f1']) / (1 - last['splink_number_f1']):.2f}",
        ]
        result.goals += [
            Goal("faster than Splink's link step", last["splink_s"] / last["ours_s"], 2, "times",
                 at_most=False),
            Goal("faster than Splink with training",
                 (last["splink_s"] + last["splink_train_s"]) / last["ours_s"], 4, "times",
                 at_most=False),
            Goal("1 - F1 against Splink's", (1 - last["f1"]) / (1 - last["splink_f1"]), 0.4, "of it"),
        ]  # fmt: skip
    return result.keep()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks link", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three small sizes")
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")], default=None)
    parser.add_argument("--alone", action="store_true", help="without Splink")
    return parser.parse_args(arguments)


def _measured(size: int, thresholds: dict[bool, float]) -> dict[str, Any]:
    """One size: cleaning, linking, late records, the peer."""
    from benchmarks.population import TEST_SEED

    late = size // LATE_SHARE
    records, owner = _nation(TEST_SEED, size + late)
    began = time.perf_counter()
    cleaned = _clean(records)
    row: dict[str, Any] = {"size": size, "cleaning_s": time.perf_counter() - began}
    early, all_of_them = np.arange(size), np.arange(len(owner))
    base, row["ours_s"], cluster = _linked(cleaned, early)
    row["precision"], row["recall"], row["f1"] = agreement(cluster, owner[:size])
    row |= _households(records.slice(0, size), cleaned.rows[:size], cluster, owner[:size])
    _, row["late_s"], after = _linked(cleaned, all_of_them[size:], base)
    base.db.close()
    again, row["all_again_s"], at_once = _linked(cleaned, all_of_them)
    again.db.close()
    row["late_elsewhere"] = _elsewhere(after, at_once)
    for number, threshold in thresholds.items():
        row |= _peer(records.slice(0, size), owner[:size], threshold, number=number)
    return row


def _households(
    records: pa.Table, rows: Numbers, cluster: Numbers, owner: Numbers
) -> dict[str, float]:
    """F1 over pairs of persons who are one household: whom the register knows, and everybody."""
    from benchmarks.link_households import CITIZENS, households, judged, rows_of

    one, true = judged(records, owner), records["household"].to_numpy()
    known = one[np.isin(owner[one], owner[rows_of(records, CITIZENS)])]
    told = households(records, rows, cluster, numbers=True)
    by_door = households(records, rows, cluster, numbers=False)
    return {
        "household_f1": agreement(told[known], true[known])[2],
        "household_f1_by_door": agreement(by_door[known], true[known])[2],
        "household_f1_everybody": agreement(told[one], true[one])[2],
        "household_f1_true_links": agreement(
            households(records, rows, owner, numbers=True)[one], true[one]
        )[2],
    }


def _nation(seed: int, count: int) -> tuple[pa.Table, Numbers]:
    """`count` records in a mixed order with the persons they truly are; kept for the next run."""
    from benchmarks.link_households import REGISTERS
    from benchmarks.population import SOURCES, write

    home = Path(os.environ.get("ANWANG_BENCH_HOME") or tempfile.gettempdir())
    folder = home / f"nation-{seed}-{count}"
    if not all((folder / f"records-{source}.parquet").exists() for source in SOURCES):
        persons = int(count / RECORDS_A_PERSON * 1.03) + 100
        write(folder, persons, seed, count=1, workers=len(os.sched_getaffinity(0)))
    told = [
        pq.read_table(folder / f"records-{source}.parquet", columns=list(_COLUMNS)).append_column(
            "source",
            pa.repeat(source, pq.read_metadata(folder / f"records-{source}.parquet").num_rows),
        )
        for source in SOURCES
    ]
    truth = pq.read_table(folder / "truth.parquet")
    truth = truth.set_column(0, "source", truth["source"].cast(pa.string()))
    records = pa.concat_tables(told).join(truth, ["source", "record_key"]).sort_by(
        [("source", "ascending"), ("record_key", "ascending")]
    )  # fmt: skip
    if len(records) < count:
        raise RuntimeError(f"only {len(records)} records of {count} were drawn")
    registers = truth.filter(pc.is_in(truth["source"], pa.array(REGISTERS)))
    records = records.append_column(
        "registered", pa.array(np.isin(records["person"], registers["person"]))
    )
    mixed = records.take(np.random.default_rng(seed).permutation(len(records))[:count])
    return mixed.combine_chunks(), mixed["person"].to_numpy()


def _clean(records: pa.Table) -> Cleaned:
    """Columns and keys on all cores, batch by batch."""
    batches = [records.slice(at, _ROWS_A_BATCH) for at in range(0, len(records), _ROWS_A_BATCH)]
    told = [{name: batch[name].to_pylist() for name in _COLUMNS} for batch in batches]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        made = list(pool.map(_clean_batch, told))
    rows, keys, of = [], [], []
    near: dict[int, list[int]] = {}
    near_keys: list[tuple[int, int]] = []
    at = 0
    for cleaned, theirs, asked in made:
        rows.append(cleaned.rows)
        keys.append(cleaned.keys)
        of.append(cleaned.of.astype(np.int64) + at)
        near |= {at + place: tokens for place, tokens in theirs.items()}
        near_keys += [(key, at + place) for key, place in asked]
        at += len(cleaned.rows)
    return Cleaned(np.concatenate(rows), np.concatenate(keys), np.concatenate(of), near, near_keys)


def _clean_batch(table: dict[str, list[str]]) -> tuple[Any, dict[int, list[int]], Any]:
    from anwang.people.rules.cleaning import clean
    from anwang.people.rules.slipped import slipped

    made = clean(table, token=token, told_on=AS_OF)
    return made, *slipped(table["national_id"], made.rows, token)


def token(number: str) -> bytes:
    """Stands in for the keyed digest."""
    return blake2b(number.encode(), digest_size=16, key=b"bench").digest()


def _linked(cleaned: Cleaned, places: Numbers, base: Any = None) -> tuple[Any, float, Numbers]:
    """Seconds from cleaned rows to persons, and the person (a record's number) of every record."""
    import duckdb

    from anwang.people.batch.base import Base, arrow_rows, near_lists
    from anwang.people.rules.clusters import partition
    from anwang.people.rules.scoring import load_model

    inside = np.zeros(len(cleaned.rows), dtype=bool)
    inside[places] = True
    tie = np.random.default_rng(1).permutation(len(inside))
    mine = inside[cleaned.of]
    held = pa.table({"key": cleaned.keys[mine], "no": cleaned.of[mine]})
    rows = cleaned.rows[places]
    near = {at - places[0]: tokens for at, tokens in cleaned.near.items() if inside[at]}
    asks = [(key, place) for key, place in cleaned.near_keys if inside[place]]
    began = time.perf_counter()
    if base is None:
        base = Base(duckdb.connect(), load_model())
        base.prepare()
    columns = arrow_rows(rows) | {"near": near_lists(len(rows), near)}
    base.take(
        pa.table({"no": places, "tie": tie[places]} | columns),
        held,
        pa.table({"key": pa.array([key for key, _ in asks], pa.int64()),
                  "no": pa.array([place for _, place in asks], pa.int64())}),
    )  # fmt: skip
    base.compare()
    numbers, known = base.records()
    pairs, _ = base.pairs(numbers)
    found = partition(known, pairs, base.model, contradicting=base.contradicting(numbers))
    base.alike(numbers)
    return base, time.perf_counter() - began, found.cluster


def agreement(cluster: Numbers, owner: Numbers) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of records."""
    both = np.unique(np.stack([cluster, owner]), axis=1, return_counts=True)[1]
    right, said, true = (_pairs(one) for one in (
        both, np.unique(cluster, return_counts=True)[1], np.unique(owner, return_counts=True)[1]
    ))  # fmt: skip
    precision, recall = right / max(said, 1), right / max(true, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _pairs(sizes: Numbers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _elsewhere(one: Numbers, other: Numbers) -> int:
    """Records whose company differs between two answers."""
    both = np.unique(np.stack([one, other]), axis=1, return_counts=True)
    alone = np.unique(one, return_counts=True), np.unique(other, return_counts=True)
    sizes = [dict(zip(*map(np.ndarray.tolist, found), strict=True)) for found in alone]
    return int(sum(
        count for mine, theirs, count in zip(*both[0].tolist(), both[1].tolist(), strict=True)
        if not sizes[0][mine] == sizes[1][theirs] == count
    ))  # fmt: skip


def _peer(records: pa.Table, owner: Numbers, threshold: float, *, number: bool) -> dict[str, Any]:
    from benchmarks.link_splink import splink_links

    run = splink_links(_for_splink(records), (threshold,), number=number)
    precision, recall, f1 = agreement(run.clusters[threshold], owner)
    found = {
        "train_s": run.seconds_training, "s": run.seconds_linking, "precision": precision,
        "recall": recall, "f1": f1,
    }  # fmt: skip
    name = "splink_number" if number else "splink"
    return {f"{name}_{what}": value for what, value in found.items()}


def _splink_threshold(count: int, *, number: bool) -> float:
    """Splink's best threshold on the training seed."""
    from benchmarks.link_splink import splink_links
    from benchmarks.population import TRAINING_SEED

    records, owner = _nation(TRAINING_SEED, count)
    found = splink_links(_for_splink(records), number=number).clusters
    return max(found, key=lambda one: agreement(found[one], owner)[2])


def _for_splink(records: pa.Table) -> pa.Table:
    """Cleaned text, null where a record does not tell; numbers only where valid."""
    from anwang.common.values.national_id import parse_id

    def told(cells: Iterator[str]) -> pa.Array:
        return pa.array([one or None for one in cells], pa.string())

    columns = {name: told(iter(records[name].to_pylist())) for name in
               ("name", "sex", "birth_date", "phone", "address")}  # fmt: skip
    numbers = (parse_id(one) for one in records["national_id"].to_pylist())
    columns["national_id"] = told(one.normal if one.valid else "" for one in numbers)
    columns["phone"] = pc.replace_substring_regex(columns["phone"], r"[^0-9]", "")
    return pa.table({"unique_id": np.arange(len(records)), **columns})
