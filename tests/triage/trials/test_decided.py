"""Proposals in columns against proposals one by one, with the tables of the repository."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anwang.rulebook.rules.cells import UNKNOWN
from anwang.rulebook.rules.columns import Columns, coded_rows
from anwang.triage.rules.policies import shipped_policies, specs_in_use
from anwang.triage.rules.propose import propose, said_of
from anwang.triage.trials.rules.decided import (
    COMPARED,
    any_of_fields,
    decide_columns,
    differing,
    joined,
)

DAY = date(2026, 3, 2)
CHAINED = {"stream", "grade", "grade_class"}
SPECS = {name: spec for name, spec in specs_in_use().items() if name not in CHAINED}


def values_of(spec):
    if spec.kind == "flag":
        return st.sampled_from([True, False, UNKNOWN])
    if spec.kind == "number":
        return st.one_of(st.integers(0, 90), st.just(UNKNOWN))
    if spec.kind == "choice":
        return st.sampled_from([*spec.values, UNKNOWN])
    some = st.frozensets(st.sampled_from(spec.values), max_size=3)
    return st.one_of(some, st.just(UNKNOWN))


INPUTS = st.lists(
    st.fixed_dictionaries({name: values_of(spec) for name, spec in SPECS.items()}),
    min_size=1, max_size=8,
)  # fmt: skip


def columns_of(inputs):
    return Columns(len(inputs), coded_rows(inputs, SPECS))


@given(INPUTS)
def test_many_reports_at_once_are_decided_as_each_alone(inputs):
    policies = shipped_policies(DAY)
    found = decide_columns(columns_of(inputs), policies)
    for place, one in enumerate(inputs):
        alone, together = said_of(propose(one, policies)), found.at(place)
        assert sorted(together) == sorted(COMPARED)
        for name in ("joint_with", "clocks"):
            assert sorted(together.pop(name)) == sorted(alone.pop(name))
        assert together == alone
        assert set(found.fired(place).values()) <= {
            row["row"] for row in propose(one, policies).reasons
        }


@given(INPUTS, INPUTS)
def test_only_what_is_decided_otherwise_differs(some, others):
    policies = shipped_policies(DAY)
    length = min(len(some), len(others))
    one = decide_columns(columns_of(some[:length]), policies)
    other = decide_columns(columns_of(others[:length]), policies)
    told = any_of_fields(differing(one, other))
    for place in range(length):
        assert bool(told[place]) == (one.at(place) != other.at(place))
    assert not any_of_fields(differing(one, one)).any()


@given(INPUTS)
def test_parts_that_were_decided_apart_come_together_again(inputs):
    policies = shipped_policies(DAY)
    columns = columns_of(inputs)
    whole = decide_columns(columns, policies)
    evens = np.arange(0, len(inputs), 2)
    odds = np.arange(1, len(inputs), 2)
    parts = [(places, decide_columns(columns.only(places), policies)) for places in (odds, evens)]
    together = joined(parts, len(inputs))
    assert not any_of_fields(differing(whole, together)).any()
    assert [together.fired(n) for n in range(len(inputs))] == [
        whole.fired(n) for n in range(len(inputs))
    ]
