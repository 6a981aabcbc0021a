"""The two example overlays on the same reports: what differs, what cannot, and that each says why."""

import re
from datetime import date

import pytest

from anwang.rulebook.rules.check import check_table
from anwang.rulebook.rules.loader import completed, read_table, table_on
from anwang.rulebook.rules.overlays import PolicyFault
from anwang.triage.rules.policies import (
    shipped_docs,
    shipped_overlays,
    shipped_policies,
    shipped_sources,
)
from anwang.triage.rules.propose import propose
from anwang.triage.rules.reading import shipped_reading
from tests.triage.test_vignettes import VIGNETTES, inputs_of

DAY = date(2026, 3, 2)
ONE_WINDOW, TWO_SYSTEMS = "68000", "10013"
SAFETY = ("grade", "grade_class", "stream", "agency_kind", "joint_with", "clocks", "passed_to")


def vignette(name):
    return next(one for one in VIGNETTES if one["id"] == name)


def in_county(name, county):
    return propose(inputs_of(vignette(name)), shipped_policies(DAY, county))


def reason(made, rule):
    return next(said for said in made.reasons if said["rule"] == rule)


def test_the_same_report_is_handled_differently_in_two_counties_and_each_says_why():
    one, two = in_county("V74", ONE_WINDOW), in_county("V74", TWO_SYSTEMS)
    assert (one.window, one.transfer, one.dispatch) == ("dispatch-centre", None, "automatic")
    assert (two.window, two.transfer, two.dispatch) == (
        "welfare-centre-window", "same-day", "by-desk",
    )  # fmt: skip
    assert (one.tasks, two.tasks) == (
        ["public-office-first"],
        ["public-office-first", "joint-visit"],
    )
    why = reason(one, "triage.dispatch")
    assert (why["county"], why["varies"], why["row"]) == (ONE_WINDOW, "D-04", "D-04-68000")
    why = reason(two, "triage.window")
    assert (why["county"], why["varies"]) == (TWO_SYSTEMS, "W-02")
    assert why["text"]["zh"].startswith("本縣兩套收案")
    assert "county" not in reason(one, "triage.window")


def test_one_window_takes_what_elsewhere_goes_to_the_health_bureau():
    assert in_county("V39", None).window == "health-bureau-window"
    assert in_county("V39", ONE_WINDOW).window == "dispatch-centre"
    assert in_county("V39", TWO_SYSTEMS).window == "health-bureau-window"


@pytest.mark.parametrize("county", [ONE_WINDOW, TWO_SYSTEMS])
def test_no_county_moves_grade_stream_receiver_or_clock(county):
    for one in VIGNETTES:
        nation, here = propose(inputs_of(one), shipped_policies(DAY)), in_county(one["id"], county)
        for name in SAFETY:
            assert getattr(here, name) == getattr(nation, name), one["id"]
        assert set(nation.tasks) <= set(here.tasks), one["id"]


@pytest.mark.parametrize("county", [ONE_WINDOW, TWO_SYSTEMS])
def test_nothing_urgent_and_no_protection_goes_out_by_itself(county):
    for one in VIGNETTES:
        made = in_county(one["id"], county)
        if made.grade == "1" or made.stream not in ("vulnerable-family", "suicide"):
            assert made.dispatch == "by-desk", one["id"]


@pytest.mark.parametrize("county", [ONE_WINDOW, TWO_SYSTEMS])
def test_the_merged_tables_have_no_faults(county):
    for table in shipped_policies(DAY, county).tables:
        assert [f for f in check_table(table) if f.severity == "error"] == []


def test_every_row_of_the_overlays_is_met_by_a_vignette():
    for county in (ONE_WINDOW, TWO_SYSTEMS):
        met = {said["row"] for v in VIGNETTES for said in in_county(v["id"], county).reasons}
        written = {row.id for overlay in shipped_overlays(county) for row in overlay.rows}
        assert written - met == set()


def overlay_of(table, row):
    """A county's table of one row, over the shipped national one."""
    national = next(doc for doc in shipped_docs().values() if doc["id"] == table)
    doc = {"id": table, "county": "64000", "version": "1", "valid_from": date(2026, 1, 1),
           "rows": [{"text": {"zh": "範例", "en": "example"}, "citation": "範例", "confidence": "U",
                     **row}]}  # fmt: skip
    return read_table(completed(doc, national), shipped_reading().specs)


def laid(table, row):
    source = next(one for one in shipped_sources() if one.id == table)
    return table_on(source, DAY, overlay_of(table, row))


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("triage.grade", {"id": "x", "replaces": "G-01", "when": {"immediate_danger": "yes"},
                          "then": {"grade": "2"}}, "only nothing of G-01 may vary, not grade"),
        ("triage.dispatch", {"id": "x", "replaces": "D-01", "when": {"grade": "= 1"},
                             "then": {"dispatch": "automatic"}}, "only nothing of D-01"),
        ("triage.dispatch", {"id": "x", "before": "D-04", "when": {"mandated": "yes"},
                             "then": {"dispatch": "automatic"}}, "not concerns, immediate_danger"),
        ("triage.window", {"id": "x", "when": {}, "then": {"window": "dispatch-centre"}},
         "no national row None"),
        ("triage.window", {"id": "W-02", "before": "W-01", "when": {}, "then": {}}, "its own"),
        ("triage.tasks", {"id": "x", "when": {}, "then": {"task": "consult-form"}},
         "a county may add second-look"),
    ],
)  # fmt: skip
def test_a_county_varies_only_what_the_nation_opens(table, row, says):
    with pytest.raises(PolicyFault, match=re.escape(says)):
        laid(table, row)


def test_a_county_row_may_take_a_part_of_what_a_national_row_takes():
    row = {"id": "x", "before": "W-02", "when": {"stream": "= vulnerable-family",
           "child_in_home": "yes"}, "then": {"window": "welfare-centre-window"}}  # fmt: skip
    rows = [one.id for one in laid("triage.window", row).rows]
    assert rows == ["W-01", "x", "W-02", "W-03", "W-99"]
