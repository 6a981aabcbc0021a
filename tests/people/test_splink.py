"""Splink, given our settings, says of each pair what we say: level and weight (decision 17)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from splink import DuckDBAPI

from anwang.people.batch.splink_engine import scored_by_splink
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.engines import weights_of
from tests.people.told_records import cleaned, fresh_base, registries


def test_splink_on_duckdb_gives_each_pair_our_levels_and_weight():
    told_rows, _ = registries(400, seed=33)
    everything = list(range(len(told_rows)))
    base = fresh_base()
    base.take(*cleaned(told_rows).tables(everything, everything))
    base.compare()
    numbers, _ = base.records()
    pairs, levels = base.pairs(numbers)
    assert len(pairs.left) > 100
    left, right = numbers[pairs.left], numbers[pairs.right]
    blocked = pa.table({"match_key": ["0"] * len(left), "join_key_l": left, "join_key_r": right})
    db = base.db
    db.register("arrived", blocked)
    db.execute("create table blocked as select * from arrived")
    found = scored_by_splink(
        DuckDBAPI(db), db.table("record"), db.table("blocked"), base.model, "duckdb", levels=True
    )
    place_of = {pair: place for place, pair in enumerate(zip(left, right, strict=True))}
    order = [place_of[pair] for pair in zip(*(found[s].to_numpy() for s in "lr"), strict=True)]
    assert sorted(order) == list(range(len(left)))
    weights = weights_of(levels, base.model)
    for one in COMPARISONS:
        assert found[f"level_{one.name}"].to_pylist() == levels[one.name][order].tolist()
        assert found[one.name].to_numpy() == pytest.approx(weights[one.name][order], abs=1e-9)
    assert found["weight"].to_numpy() == pytest.approx(pairs.weight[order], abs=1e-9)
