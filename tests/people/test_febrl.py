"""Western names go through the same engine: a share of FEBRL 4, without its one sure number."""

import pytest

from benchmarks.western.comparisons import COMPARISONS
from benchmarks.western.linking import linked
from benchmarks.western.rows import rows_of


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning:recordlinkage.*", "ignore::Warning:pandas.*")
def test_six_hundred_records_find_their_copies_without_a_number():
    assert linked(social=False, most=600) >= 0.9988


def test_a_letter_too_many_is_a_slip_and_a_strange_word_is_not():
    names = ("michaela", "michafla", "michela", "courtney")
    rows = rows_of({"given_name": name} for name in names)
    levels = [
        next(
            name
            for name, condition in COMPARISONS[0].levels
            if condition.of(*({c: row[c] for c in row.dtype.names} for row in (rows[:1], one)))[0]
        )
        for one in (rows[0:1], rows[1:2], rows[2:3], rows[3:4])
    ]
    assert levels == ["same", "slip", "slip", "different"]
