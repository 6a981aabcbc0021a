"""Cleaning many rows at once gives what forms, packing and keys give for each."""

from __future__ import annotations

import hmac
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.cleaning import Cleaned, clean
from anwang.people.rules.columns import STORED, pack
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import blocking_keys
from benchmarks.population import SOURCES, TRAINING_SEED, rows_of_block

COLUMNS = ("national_id", "name", "name_romanised", "sex", "birth_date", "birth", "birth_year",
           "birth_month", "birth_day", "phone", "phone_2", "address", "previous_address")  # fmt: skip
TOLD_ON = date(2026, 3, 2)


def token(number: str) -> bytes:
    return hmac.digest(b"of the test", number.encode(), "sha256")


def assert_like_forms(cleaned: Cleaned, rows: list[dict[str, Any]]) -> None:
    forms = [forms_of(row, token=token, told_on=TOLD_ON) for row in rows]
    assert cleaned.rows.tobytes() == b"".join(pack(one) for one in forms)
    keys = [blocking_keys(one) for one in forms]
    assert cleaned.keys.tolist() == [key for mine in keys for key in mine]
    assert cleaned.of.tolist() == [place for place, mine in enumerate(keys) for _ in mine]


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_invented_records_become_what_their_forms_say(source: str) -> None:
    table = rows_of_block(TRAINING_SEED, 8192, 0, source)[0].slice(0, 1500)
    cleaned = clean(table.to_pydict(), token=token, told_on=TOLD_ON)
    assert_like_forms(cleaned, table.to_pylist())


_CELLS = st.one_of(
    st.none(), st.text(max_size=30), st.integers(-5, 10**10), st.floats(),
    st.sampled_from(["A123456789", "a１２３４５６７８９", "王小明", "林美玉之女", "阿明", "陳○安",
                     "巴奈·諾命", "Panay Nomin", "0750101", "約30歲", "民國80年", "1999-02-30",
                     "0912-345-678", "02-23456789 或 0912345678", "臺北市大安區和平東路1段5號3樓",
                     "大安區和平路", "M", "女"]),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, _CELLS)), max_size=6))
def test_whatever_stands_in_the_cells_is_read_like_one_record_alone(
    rows: list[dict[str, Any]],
) -> None:
    told = {column for row in rows for column in row}
    table = {column: [row.get(column) for row in rows] for column in sorted(told)}
    count = len(next(iter(table.values()), []))
    assert_like_forms(clean(table, token=token, told_on=TOLD_ON), rows[:count])


def test_a_table_of_no_rows_has_no_columns_and_no_keys() -> None:
    cleaned = clean({"name": []}, token=token)
    assert cleaned.rows.dtype == STORED
    assert len(cleaned.rows) == len(cleaned.keys) == len(cleaned.of) == 0
    assert cleaned.keys.dtype == np.int64
