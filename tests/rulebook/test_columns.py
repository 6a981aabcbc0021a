"""The columnar kernel against the row kernel: random tables, random inputs, the same answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.rulebook.rules.cells import UNKNOWN
from anwang.rulebook.rules.columns import (
    FITS,
    MIGHT,
    NO_ROW,
    Columns,
    choose,
    choose_all,
    coded,
    coded_rows,
    output_column,
)
from anwang.rulebook.rules.tables import PolicyGap
from tests.rulebook.test_tables import CELLS, SPECS, VALUES, row, table

WHEN = st.fixed_dictionaries({}, optional={n: st.sampled_from(c) for n, c in CELLS.items()})
THEN = st.sampled_from(["one", "two", "three", None])
ROWS = st.lists(st.tuples(WHEN, THEN), min_size=1, max_size=8)
# An input may be absent, which is the same as unknown.
INPUTS = st.lists(
    st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in VALUES.items()}),
    min_size=1, max_size=12,
)  # fmt: skip


def made(rows, hit):
    return table([row(f"R{n}", when, then) for n, (when, then) in enumerate(rows)], hit=hit)


def columns_of(inputs):
    return Columns(len(inputs), coded_rows(inputs, SPECS))


@given(ROWS, INPUTS)
def test_the_first_hit_in_columns_is_the_first_hit_of_each_report(rows, inputs):
    """Chosen row and openness of every report, as the row kernel has them."""
    tables = made(rows, "first")
    found = choose(tables, columns_of(inputs))
    for place, one in enumerate(inputs):
        try:
            hit = tables.decide(one)
        except PolicyGap:
            assert found.rows[place] == NO_ROW
            continue
        assert tables.rows[found.rows[place]].id == hit.row.id
        assert bool(found.open[place]) == bool(hit.possible)


@given(ROWS, INPUTS)
def test_collecting_all_hits_in_columns_is_collecting_them_for_each_report(rows, inputs):
    tables = made(rows, "all")
    found = choose_all(tables, columns_of(inputs))
    for place, one in enumerate(inputs):
        hits, possible = tables.decide_all(one)
        fits = [tables.rows[n].id for n in np.flatnonzero(found[:, place] == FITS)]
        might = [tables.rows[n].id for n in np.flatnonzero(found[:, place] == MIGHT)]
        assert fits == [hit.row.id for hit in hits]
        assert might == [other.row.id for other in possible]


@given(ROWS, INPUTS)
def test_what_a_table_says_goes_on_to_the_next_as_it_does_row_by_row(rows, inputs):
    tables = made(rows, "first")
    said = output_column(tables, choose(tables, columns_of(inputs)), "out", "none")
    for place, one in enumerate(inputs):
        try:
            wanted = tables.decide(one).outputs["out"] or "none"
        except PolicyGap:
            wanted = UNKNOWN
        assert said.at(place) == wanted


def test_yes_and_one_stay_apart_in_a_column():
    """Python holds True == 1; a table does not."""
    column = coded([True, 1, False, 0, UNKNOWN])
    assert len(column.values) == 5
    assert [column.at(n) for n in range(4)] == [True, 1, False, 0]


def test_a_part_of_the_reports_keeps_their_own_answers():
    tables = made([({"danger": "yes"}, "one"), ({}, "two")], "first")
    columns = columns_of([{"danger": True}, {}, {"danger": False}, {"danger": True}])
    part = columns.only(np.asarray([3, 1]))
    assert choose(tables, part).rows.tolist() == [0, 1]


def test_a_column_is_not_silently_replaced():
    columns = columns_of([{"danger": True}])
    with pytest.raises(ValueError, match="danger"):
        columns.with_columns(danger=coded([False]))


def test_a_table_is_asked_in_the_way_it_is_made_for():
    columns = columns_of([{}])
    with pytest.raises(ValueError, match="collects all hits"):
        choose(made([({}, "one")], "all"), columns)
