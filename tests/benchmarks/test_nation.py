"""The nation's benchmark judges answers as it says, and leaves nobody out."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.nation import Answer, _Work, person_id, quality
from benchmarks.population import BLOCK


def answered(*, absent=False, right=False, accepted=False, probability=0.0):
    return Answer("exact", absent, right, accepted, probability, 1.0)


def test_an_absent_person_matched_to_anybody_costs_precision():
    sure = [answered(right=True, accepted=True, probability=0.99)] * 9
    stranger = answered(absent=True, accepted=True, probability=0.98)
    unsure = answered(right=True, probability=0.2)
    assert quality([*sure, stranger, unsure]) == {"recall": 0.9, "f1": round(18 / 20, 4)}


def test_persons_have_ids_of_their_own_from_which_nobody_reads_an_order():
    ids = [person_id(person) for person in range(5000)]
    assert len(set(ids)) == len(ids)
    assert ids != sorted(ids)


@pytest.mark.slow
def test_everybody_of_a_block_has_one_record_and_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("ANWANG_HOME", str(tmp_path))
    made = _Work(BLOCK + 500)(1)
    assert made.part.numbers.tolist() == list(range(BLOCK + 1, BLOCK + 501))
    assert made.lines.count(b"\n") == 500
    assert set(np.unique(made.part.of).tolist()) <= set(range(500))
    assert made.drawing + made.cleaning > 0
