"""All records into persons: who belongs together, whatever came first."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from anwang.people.batch import base as base_module
from anwang.people.rules.columns import row_of
from anwang.people.rules.scoring import load_model, score
from tests.people.told_records import Cleaned, cleaned, fresh_base, linked, registries


@pytest.fixture(scope="module")
def told() -> tuple[Cleaned, list[int]]:
    rows, owners = registries(1200, seed=31)
    return cleaned(rows), owners


def groups(numbers: np.ndarray, cluster: np.ndarray, row_of_number: list[int]) -> set[frozenset]:
    found: dict[int, set[int]] = {}
    for number, lead in zip(numbers, cluster, strict=True):
        found.setdefault(int(lead), set()).add(row_of_number[number])
    return {frozenset(one) for one in found.values()}


def together(told: Cleaned, order: list[int], cuts: list[int], most: int | None = None):
    """Everybody's groups when rows come in `order`, in deliveries cut at `cuts`."""
    base = fresh_base()
    number = [0] * len(order)
    for place, row in enumerate(order):
        number[row] = place
    for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        base.take(*told.tables(order[begin:end], number))
        base.compare()
    numbers, found = linked(base)
    return groups(numbers, found.cluster, order)


def test_nearly_everybody_is_one_person_and_nobody_two(told):
    rows, owners = told
    found = together(rows, list(range(len(owners))), [])
    truth: dict[int, set[int]] = {}
    for row, owner in enumerate(owners):
        truth.setdefault(owner, set()).add(row)
    pairs = {(a, b) for one in truth.values() for a in one for b in one if a < b}
    mine = {(a, b) for one in found for a in one for b in one if a < b}
    assert len(mine & pairs) / len(pairs) > 0.98
    assert len(mine & pairs) / len(mine) > 0.999


@pytest.mark.parametrize("most", [100, 12])
def test_late_records_end_where_linking_all_again_puts_them(told, most, monkeypatch):
    """Also where keys grow too common on the way (12): their pairs go again."""
    for name in ("_OPEN", "_DROP_CLOSED"):
        text = getattr(base_module, name)
        monkeypatch.setattr(
            base_module, name, text.replace("<= 100", f"<= {most}").replace("> 100", f"> {most}")
        )
    rows, owners = told
    everything = list(range(len(owners)))
    at_once = together(rows, everything, [])
    shuffled = random.Random(4).sample(everything, len(everything))
    late = len(everything) * 9 // 10
    assert together(rows, shuffled, [late]) == at_once
    assert together(rows, everything[::-1], [late // 3, late // 2, late]) == at_once


def test_records_taken_away_leave_what_linking_the_rest_gives(told):
    rows, owners = told
    everything = list(range(len(owners)))
    base = fresh_base()
    base.take(*rows.tables(everything, everything))
    base.compare()
    gone = random.Random(6).sample(everything, 300)
    base.leave_out(pa.table({"no": gone}))
    base.compare()
    numbers, found = linked(base)
    rest = sorted(set(everything) - set(gone))
    fewer = fresh_base()
    fewer.take(*rows.tables(rest, everything))
    fewer.compare()
    again, alone = linked(fewer)
    assert groups(numbers, found.cluster, everything) == groups(again, alone.cluster, everything)


HOLDER = {
    "name": "陳志安", "birth_date": "2018-05-01", "sex": "M", "national_id": "A123456789",
    "phone": "0912345678", "address": "桃園市中壢區中正路1段5號3樓",
}  # fmt: skip
ASKER = {"name": "陳志豪", "phone": "0912345678"}


@pytest.mark.parametrize(
    ("asked", "untold", "joins"),
    [
        ({"birth_date": "2018-05-01"}, "birth_date", True),
        ({"birth_date": "1980-01-31"}, "birth_date", False),
        ({"birth_date": "2018", "address": "桃園市中壢區中正路1段5號"}, "name", True),
    ],
)
def test_what_one_holder_of_a_number_does_not_tell_another_may_contradict(asked, untold, joins):
    silent = {name: value for name, value in HOLDER.items() if name != untold}
    order = [0, 1, 2]
    found = together(cleaned([HOLDER, silent, ASKER | asked]), order, [])
    assert found == ({frozenset(order)} if joins else {frozenset({0, 1}), frozenset({2})})


def test_a_pair_weighs_what_the_live_search_says(told):
    rows, owners = told
    base = fresh_base()
    everything = list(range(len(owners)))
    base.take(*rows.tables(everything, everything))
    base.compare()
    numbers, _ = base.records()
    pairs, _ = base.pairs(numbers)
    assert len(pairs.left) > 300
    model = load_model()
    for left, right, weight in zip(pairs.left, pairs.right, pairs.weight, strict=True):
        one, other = (row_of(rows.forms[numbers[place]]) for place in (left, right))
        assert score(one, other, model).weight == pytest.approx(weight, abs=1e-9)
