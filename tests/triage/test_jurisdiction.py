"""Which county a report belongs to: article 16 of the regulation as a table, case by case."""

from __future__ import annotations

import pytest

from anwang.rulebook.rules.loader import read_doc
from anwang.triage.rules.jurisdiction import Whereabouts, county_of, jurisdiction_table
from anwang.triage.rules.reading import POLICIES

TABLE = jurisdiction_table(read_doc(POLICIES / "jurisdiction.yaml"))
HERE, THERE, HOME = "68000", "63000", "10013"


@pytest.mark.parametrize(
    ("known", "county", "row"),
    [
        ({"urgent": True, "child_in": THERE}, THERE, "R16-1"),
        ({"urgent": True, "child_in": THERE, "whereabouts": "moving"}, THERE, "R16-1"),
        ({"urgent": True, "whereabouts": "missing", "received_first": HOME}, HOME, "R16-2"),
        ({"urgent": False, "whereabouts": "moving", "received_first": HOME}, HOME, "R16-2"),
        ({"urgent": False, "whereabouts": "settled", "child_in": THERE, "residence": HOME},
         HOME, "R16-3"),
        ({"urgent": False, "whereabouts": "settled", "residence": HOME}, HOME, "R16-3"),
        ({"urgent": False, "whereabouts": "settled", "child_in": THERE}, HERE, "R16-4"),
        ({"urgent": False, "whereabouts": "settled", "child_in": HERE, "residence": HERE},
         HERE, "R16-4"),
    ],
)  # fmt: skip
def test_each_row_of_the_regulation(known, county, row):
    answer = county_of(Whereabouts(**{"received_by": HERE, "received_first": HERE} | known), TABLE)
    assert (answer.county, answer.reason["row"]) == (county, row)


def test_what_nobody_knows_is_named_and_moves_no_child():
    answer = county_of(Whereabouts(received_by=HERE, received_first=HERE, child_in=THERE), TABLE)
    assert answer.county == HERE
    assert set(answer.unknown) == {"urgent", "whereabouts"}
