"""One set of conditions, four engines: each pair gets the same level from all of them (decision 17).

The oracle is `levels_told.py`, written apart from the conditions.
"""

from __future__ import annotations

import random

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.columns import asked_of, by_name, pack, row_of, rows_of, unpack
from anwang.people.rules.comparisons import COMPARISONS, LEVEL_OF
from anwang.people.rules.forms import Forms, forms_of
from tests.people import levels_told
from tests.people.invented_persons import asked, persons, token
from tests.people.test_name_levels import LEVELS

Levels = dict[str, list[str | None]]


@pytest.fixture(scope="module", params=["troubles", "names"])
def pairs(request) -> tuple[list[Forms], list[Forms]]:
    """Questions of every trouble, and records: a few of the same persons, most of others. And names of
    all kinds, each with each.
    """
    if request.param == "names":
        names = sorted({name for one, other, _ in LEVELS for name in (one, other)})
        records = [forms_of({"name": name}, token=token) for name in names]
        return records, records
    everybody = persons(250, seed=21)
    rng = random.Random(22)
    questions = [
        forms_of(raw, token=token, query=True)
        for person in rng.sample(everybody, 12)
        for _, raw in asked(rng, person)
    ]
    return questions, [forms_of(one.raw, token=token) for one in everybody]


def by_oracle(one: Forms, other: Forms) -> dict[str, str | None]:
    return {name: level_of(one, other) for name, (level_of, _) in levels_told.COMPARISONS.items()}


def test_the_conditions_know_the_levels_of_the_oracle():
    told = {name: set(levels) for name, (_, levels) in levels_told.COMPARISONS.items()}
    assert {one.name: set(one.names) for one in COMPARISONS} == told


def test_python_gives_every_pair_the_level_of_the_oracle(pairs):
    questions, records = pairs
    for one in questions:
        mine = row_of(one)
        for other in records:
            theirs = unpack(pack(other))
            found = {name: level_of(mine, theirs) for name, level_of in LEVEL_OF.items()}
            assert found == by_oracle(one, other), (one, other)


def test_numpy_gives_every_pair_the_level_of_the_oracle(pairs):
    questions, records = pairs
    right = by_name(rows_of(records))
    for one in questions:
        left = by_name(asked_of([one]))
        known: dict[int, np.ndarray] = {}
        told = [by_oracle(one, other) for other in records]
        for comparison in COMPARISONS:
            holds = [
                np.broadcast_to(condition.of(left, right, known), len(records))
                for _, condition in comparison.levels
            ]
            names = [name for name, _ in comparison.levels]
            first = np.select(holds, range(len(names)), -1)
            found = [names[place] if place >= 0 else None for place in first]
            assert found == [one[comparison.name] for one in told]


def test_duckdb_gives_every_pair_the_level_of_the_oracle(pairs):
    questions, records = pairs
    left, right = asked_of(questions), rows_of(records)
    cases = ", ".join(
        "case "
        + " ".join(f"when {one.text('duckdb')} then '{level}'" for level, one in comparison.levels)
        + f" end as {comparison.name}"
        for comparison in COMPARISONS
    )
    columns = [f"a.{name} as {name}_l" for name in left.dtype.names]
    columns += [f"b.{name} as {name}_r" for name in right.dtype.names]
    with duckdb.connect() as engine:
        for name, rows in (("a", left), ("b", right)):
            table = {column: pa.array(rows[column].tolist()) for column in rows.dtype.names}
            engine.register(name, pa.table(table | {"place": range(len(rows))}))
        found = engine.execute(
            f"select mine, theirs, {cases} from (select a.place as mine, b.place as theirs,"
            f" {', '.join(columns)}, [0] as near_r from a cross join b)"
        ).fetchall()
    assert len(found) == len(questions) * len(records)
    for mine, theirs, *levels in found:
        assert levels == list(by_oracle(questions[mine], records[theirs]).values())


TYPED = st.dictionaries(
    st.sampled_from(["name", "name_romanised", "birth", "phone", "address", "national_id", "sex"]),
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(["陳○安", "小安", "林君", "約8歲", "女", "0912345678"]),
    ),
)


@given(TYPED, TYPED)
def test_whatever_is_typed_gets_the_level_of_the_oracle(one, other):
    mine, theirs = (forms_of(raw, token=token, query=True) for raw in (one, other))
    rows = row_of(mine), row_of(theirs)
    assert {n: level_of(*rows) for n, level_of in LEVEL_OF.items()} == by_oracle(mine, theirs)
