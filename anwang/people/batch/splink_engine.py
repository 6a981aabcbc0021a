"""The same pairs scored by Splink from the frozen settings: what the nation's engine runs."""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np
import pyarrow as pa
from splink import Linker

from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.engines import SqlEngine, place_of_gamma, settings
from anwang.people.rules.scoring import Model

# Splink advises a level for nulls; ours have none, for a column that is not told is 0.
_ADVICE: Final = "splink.internals.settings"


def scored_by_splink(
    api: Any, records: Any, pairs: Any, model: Model, engine: SqlEngine, *, levels: bool = False
) -> pa.Table:
    """`pairs` (match_key, join_key_l, join_key_r) of `records` (no, the columns), both as Splink's
    `api` registers them: l, r, each comparison's weight under its name, their sum as `weight`;
    with `levels` also `level_<comparison>`, at the price of carrying every column along.
    """
    logging.getLogger(_ADVICE).setLevel(logging.ERROR)
    told = settings(model, engine) | {"retain_matching_columns": levels}
    linker = Linker(api.register(records), told)
    linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
    predicted: Any = linker.inference.predict(warning_mode="never")
    found = predicted.as_pyarrow_table()
    columns = {"l": found["no_l"], "r": found["no_r"], "weight": found["match_weight"]}
    for one in COMPARISONS:
        columns[one.name] = found[f"mw_{one.name}"]
        if levels:
            gamma = found[f"gamma_{one.name}"].to_numpy().astype(np.int16)
            columns[f"level_{one.name}"] = pa.chunked_array([place_of_gamma(one, gamma)])
    return pa.table(columns)
