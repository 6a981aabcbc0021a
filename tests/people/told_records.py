"""Cleaned records as batch linking takes them, from what is told of invented persons."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from anwang.people.batch.base import Base, arrow_rows, near_lists
from anwang.people.rules.clusters import Partition, partition
from anwang.people.rules.columns import asked_of
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import blocking_keys, query_keys
from anwang.people.rules.scoring import load_model
from tests.people.invented_persons import Raw, homophone, persons, slipped_id, token


def registries(count: int, seed: int) -> tuple[list[Raw], list[int]]:
    """Three registries' rows of `count` persons, and whose each is: slips, gaps, no number."""
    rng = random.Random(seed)
    rows, owners = [], []
    for person in persons(count, seed):
        rows.append(person.raw)
        owners.append(person.key)
        for gap in (0.15, 0.4):
            if rng.random() < 0.3:
                continue
            raw = dict(person.raw)
            if rng.random() < gap:
                del raw["national_id"]
            elif rng.random() < 0.1:
                raw["national_id"] = slipped_id(rng, raw["national_id"])
            if rng.random() < 0.2:
                raw["name"] = homophone(rng, raw["name"])
            if rng.random() < 0.1:
                raw["birth_date"] = raw["birth_date"][:4]
            if rng.random() < 0.3:
                raw.pop("phone")
            rows.append(raw)
            owners.append(person.key)
    return rows, owners


@dataclass(frozen=True)
class Cleaned:
    """Rows as forms, with an order of their own that no delivery changes."""

    forms: list[Forms]
    tie: np.ndarray

    def tables(self, places: Sequence[int], number: Sequence[int]) -> tuple[pa.Table, ...]:
        """Records, keys and near keys of some rows, numbered by `number`."""
        chosen = [self.forms[place] for place in places]
        rows = asked_of(chosen)
        near = {
            place: [int(one) for one in rows["near"][place] if one]
            for place, one in enumerate(chosen) if one.id_near
        }  # fmt: skip
        numbers = [number[place] for place in places]
        columns = {"no": pa.array(numbers), "tie": pa.array(self.tie[list(places)])}
        records = pa.table(columns | arrow_rows(rows) | {"near": near_lists(len(rows), near)})
        held = [(key, no) for one, no in zip(chosen, numbers, strict=True)
                for key in blocking_keys(one)]  # fmt: skip
        asked = [(key, numbers[place]) for place in near
                 for key in set(query_keys(chosen[place])) - set(blocking_keys(chosen[place]))]  # fmt: skip
        return records, _keys(held), _keys(asked)


def cleaned(rows: Sequence[Raw]) -> Cleaned:
    """The rows' forms as asked with: the neighbours of a number with a slip included."""
    tie = np.random.default_rng(5).permutation(len(rows)).astype(np.int64)
    return Cleaned([forms_of(raw, token=token, query=True) for raw in rows], tie)


def _keys(pairs: list[tuple[int, int]]) -> pa.Table:
    keys, numbers = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.table({"key": pa.array(keys, pa.int64()), "no": pa.array(numbers, pa.int64())})


def linked(base: Base) -> tuple[np.ndarray, Partition]:
    """Numbers of the records and their persons."""
    numbers, records = base.records()
    pairs, _ = base.pairs(numbers)
    found = partition(
        records, pairs, base.model, contradicting=base.contradicting(numbers)
    )  # fmt: skip
    return numbers, found


def fresh_base() -> Base:
    """An empty base in memory."""
    base = Base(duckdb.connect(), load_model())
    base.prepare()
    return base
