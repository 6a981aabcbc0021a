"""The kernel against a slow, obvious reading of the grammar.

And the static checks against trying everything.
"""

import time
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.rulebook.rules.cells import (
    UNKNOWN,
    CellError,
    InputSpec,
    freeze_inputs,
    parse_cell,
    thaw_inputs,
)
from anwang.rulebook.rules.check import check_source, check_sources
from anwang.rulebook.rules.loader import PolicyFault, in_force, read_inputs, read_table, table_on
from anwang.rulebook.rules.tables import PolicyGap

DAY = date(2026, 3, 2)
TEXT = {"zh": "範例", "en": "example"}
SPECS = read_inputs(
    {
        "inputs": {
            "danger": {"kind": "flag", "text": TEXT},
            "age": {"kind": "number", "text": TEXT},
            "injury": {"kind": "choice", "values": ["none", "minor", "serious"], "text": TEXT},
            "concerns": {"kind": "set", "values": ["a", "b", "c"], "text": TEXT},
            "cues": {"kind": "set", "values": ["x", "y"], "text": TEXT, "raise_only": True},
        }
    }
)
CELLS = {
    "danger": ["-", "yes", "no", "unknown", "known", "yes or unknown"],
    "age": [
        "-",
        "= 6",
        "< 6",
        "<= 6",
        "> 17",
        ">= 18",
        "6..17",
        "unknown",
        "known",
        "< 6 or unknown",
    ],
    "injury": ["-", "= minor", "in {minor, serious}", "unknown", "known", "= none or unknown"],
    "concerns": ["-", "has a", "has any {a, b}", "unknown", "known", "has c or unknown"],
    "cues": ["-", "has x", "has any {x, y}"],
}
VALUES = {
    "danger": [True, False, UNKNOWN],
    "age": [0, 5, 6, 7, 17, 17.5, 18, 65, UNKNOWN],
    "injury": ["none", "minor", "serious", UNKNOWN],
    "concerns": [
        UNKNOWN,
        *(frozenset(s) for s in ("", "a", "b", "c", "ab", "ac", "bc", "abc")),
    ],
    "cues": [UNKNOWN, *(frozenset(s) for s in ("", "x", "y", "xy"))],
}


def row(name, when, then="one", **extra):
    return {
        "id": name,
        "when": when,
        "then": {"out": then},
        "text": TEXT,
        "citation": "Example Act 1",
        "confidence": "V",
        **extra,
    }


def source(rows, hit="first", **extra):
    doc = {
        "id": "example",
        "version": "1",
        "valid_from": date(2026, 1, 1),
        "hit": hit,
        "inputs": list(SPECS),
        "outputs": {"out": ["one", "two", "three"]},
        "text": TEXT,
        "rows": rows,
        **extra,
    }
    return read_table(doc, SPECS)


def table(rows, **extra):
    return table_on(source(rows, **extra), DAY)


def oracle_cell(text, value):
    """The grammar said in the plainest words, from the text itself."""
    if text == "-":
        return True
    if " or " in text:
        return any(oracle_cell(part, value) for part in text.split(" or "))
    if value is UNKNOWN:
        return text == "unknown"
    if text in ("known", "unknown"):
        return text == "known"
    if text in ("yes", "no"):
        return value == (text == "yes")
    if ".." in text:
        low, high = text.split("..")
        return int(low) <= value <= int(high)
    listed = set(text.split("{")[1].rstrip("}").split(", ")) if "{" in text else {text.split()[-1]}
    if text.startswith("has"):
        return bool(set(value) & listed)
    if isinstance(value, str):
        return value in listed
    operator, edge = text.split()
    return {
        "=": value == int(edge),
        "<": value < int(edge),
        "<=": value <= int(edge),
        ">": value > int(edge),
        ">=": value >= int(edge),
    }[operator]


whens = st.fixed_dictionaries({}, optional={n: st.sampled_from(c) for n, c in CELLS.items()})
inputs = st.fixed_dictionaries({n: st.sampled_from(v) for n, v in VALUES.items()})
tables = st.lists(st.tuples(whens, st.sampled_from(["one", "two"])), min_size=1, max_size=6)


@given(tables, inputs)
def test_the_first_row_whose_every_cell_fits_is_used(rows, given_inputs):
    made = table([row(f"r{i}", when, then) for i, (when, then) in enumerate(rows)])
    fitting = [
        f"r{i}"
        for i, (when, _) in enumerate(rows)
        if all(oracle_cell(cell, given_inputs[name]) for name, cell in when.items())
    ]
    if fitting:
        assert made.decide(given_inputs).row.id == fitting[0]
    else:
        with pytest.raises(PolicyGap):
            made.decide(given_inputs)


@settings(deadline=None)
@given(tables, inputs)
def test_an_unknown_input_is_named_exactly_when_some_known_value_of_it_and_others_leads_elsewhere(
    rows, given_inputs
):
    made = table([*[row(f"r{i}", w, t) for i, (w, t) in enumerate(rows)], row("last", {}, "three")])
    hit = made.decide(given_inputs)
    unknown = [name for name, value in given_inputs.items() if value is UNKNOWN]
    known = [[value for value in VALUES[name] if value is not UNKNOWN] for name in unknown]
    reached = {
        made.decide({**given_inputs, **dict(zip(unknown, values, strict=True))}).row.id
        for values in product(*known)
    }
    if reached - {hit.row.id}:
        assert hit.unknown
    assert set(hit.unknown) <= set(unknown)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_gaps_and_unreachable_rows_are_found_exactly(rows):
    made = source([row(f"r{i}", when, then) for i, (when, then) in enumerate(rows)])
    findings = check_source(made)
    reached, gap = set(), False
    for values in product(*VALUES.values()):
        given_inputs = dict(zip(VALUES, values, strict=True))
        for i, (when, _) in enumerate(rows):
            if all(oracle_cell(cell, given_inputs[name]) for name, cell in when.items()):
                reached.add(f"r{i}")
                break
        else:
            gap = True
    assert {f.row for f in findings if f.kind == "unreachable"} == {
        r.id for r in made.rows
    } - reached
    assert any(f.kind == "gap" for f in findings) == gap


def test_unknown_is_never_taken_for_no():
    made = table([row("no", {"danger": "no"}), row("rest", {}, "two")])
    hit = made.decide({"danger": UNKNOWN})
    assert (hit.row.id, hit.unknown) == ("rest", ("danger",))
    assert hit.possible[0].row.id == "no"
    assert made.decide({}).row.id == "rest"


def test_a_collecting_table_gives_every_row_that_fits():
    made = table([row("a", {"danger": "yes"}), row("b", {}), row("c", {"age": "< 6"})], hit="all")
    hits, possible = made.decide_all({"danger": True})
    assert [hit.row.id for hit in hits] == ["a", "b"]
    assert [other.row.id for other in possible] == ["c"]
    with pytest.raises(ValueError, match="decide_all"):
        made.decide({})


def test_a_table_for_one_answer_must_not_have_two_rows_that_fit():
    made = source([row("a", {"age": "< 6"}), row("b", {"age": "5..9"}), row("c", {"age": ">= 6"})],
                  hit="unique")  # fmt: skip
    assert {f.row for f in check_source(made) if f.kind == "overlap"} == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("danger", "maybe"),
        ("danger", "= yes"),
        ("age", "6..2"),
        ("age", "has a"),
        ("injury", "= mild"),
        ("concerns", "in {a}"),
        ("concerns", "has any {}"),
        ("concerns", "has d"),
        ("age", "__import__"),
    ],
)
def test_the_grammar_is_closed(name, cell):
    with pytest.raises(CellError, match=name):
        parse_cell(cell, SPECS[name])


def test_a_bare_yes_in_yaml_is_named_and_not_guessed():
    with pytest.raises(PolicyFault, match="quotation marks"):
        source([row("a", {"danger": True})])


def test_missing_source_text_and_lowering_use_of_cues_are_errors():
    bare = source(
        [
            row("a", {"cues": "unknown"}, citation=" "),
            row("b", {}, text={"zh": "只有中文", "en": ""}),
        ]
    )
    found = {(f.kind, f.row) for f in check_source(bare) if f.severity == "error"}
    assert {("no-citation", "a"), ("no-text", "b"), ("lowering", "a")} <= found


def test_rows_and_versions_change_on_their_day():
    first = source(
        [
            row("a", {"danger": "yes"}, "one", valid_to=date(2026, 7, 1)),
            row("a", {"danger": "yes"}, "two", valid_from=date(2026, 7, 1)),
            row("z", {}, "three"),
        ],
        valid_to=date(2027, 1, 1),
    )
    second = source([row("z", {}, "three")], version="2", valid_from=date(2027, 1, 1))
    assert table_on(first, date(2026, 6, 30)).decide({"danger": True}).outputs["out"] == "one"
    assert table_on(first, date(2026, 7, 1)).decide({"danger": True}).outputs["out"] == "two"
    assert in_force([first, second], "example", date(2026, 12, 31)).version == "1"
    assert in_force([first, second], "example", date(2027, 1, 1)).version == "2"
    assert not [f for f in check_sources([first, second]) if f.severity == "error"]
    with pytest.raises(PolicyGap):
        in_force([first], "example", date(2025, 12, 31))


def test_overlapping_times_are_errors():
    twice = source([row("a", {}), row("a", {}, valid_from=date(2026, 5, 1))])
    assert "overlapping-validity" in {f.kind for f in check_source(twice)}
    late = source([row("a", {})], version="2", valid_from=date(2026, 5, 1))
    assert "overlapping-versions" in {f.kind for f in check_sources([source([row("a", {})]), late])}


def test_a_county_varies_only_what_the_nation_leaves_to_it():
    national = source([row("a", {"danger": "yes"}, county_may=["out"]), row("z", {})])
    own = source([row("a-68", {"danger": "yes"}, "two", replaces="a")], county="68000")
    assert table_on(national, DAY, own).decide({"danger": True}).outputs["out"] == "two"
    assert table_on(national, DAY, own).version == "1+68000:1"
    for refused in (
        source([row("z-68", {}, "two", replaces="z")], county="68000"),
        source([row("a-68", {"danger": "no"}, "two", replaces="a")], county="68000"),
        source([row("q-68", {}, "two", replaces="q")], county="68000"),
    ):
        with pytest.raises(PolicyFault, match="68000"):
            table_on(national, DAY, refused)


@given(inputs)
def test_stored_inputs_come_back_the_same(given_inputs):
    assert thaw_inputs(freeze_inputs(given_inputs)) == given_inputs


def test_forty_rows_are_decided_in_well_under_a_millisecond():
    rows = [
        row(f"r{i}", {"age": f"= {200 + i}", "danger": "yes", "concerns": "has c"})
        for i in range(39)
    ]
    made = table([*rows, row("last", {})])
    asked = {"danger": True, "age": 7, "injury": "minor", "concerns": frozenset("ab")}
    begun = time.perf_counter()
    for _ in range(200):
        made.decide(asked)
    assert (time.perf_counter() - begun) / 200 < 0.001


def test_an_input_spec_is_closed():
    with pytest.raises(PolicyFault, match="kind"):
        read_inputs({"inputs": {"odd": {"kind": "python", "text": TEXT}}})
    assert SPECS["cues"] == InputSpec("cues", "set", ("x", "y"), TEXT, raise_only=True)
