"""Teams ranked for an offer: what each weight does, that law outweighs all, that a gap is no fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.rulebook.rules.loader import read_doc
from anwang.triage.rules.ranking import (
    Asked,
    TeamFacts,
    languages_asked,
    lawful,
    rank,
    skills_asked,
    weight_of,
)
from anwang.triage.rules.reading import POLICIES
from anwang.triage.rules.reading import shipped_reading as reading

WEIGHTS: dict[str, Any] = dict(read_doc(POLICIES / "dispatch_weights.yaml"))
HERE = (24.966, 121.225)
TEAM = TeamFacts(
    id="one", name={"zh": "一組", "en": "One"}, agency_kind="prevention-centre",
    streams=frozenset({"child-protection"}), districts=frozenset({"68000020"}),
    skills=frozenset({"small-children"}), languages=frozenset({"cmn", "vie"}), place=HERE,
    cases=50, load=80.0, capacity=200.0,
)  # fmt: skip
ASKED = Asked("prevention-centre", "child-protection", "68000020", HERE,
              frozenset({"small-children"}), frozenset({"vie"}))  # fmt: skip


def first(*teams: TeamFacts, asked: Asked = ASKED) -> str:
    return rank(teams, asked, WEIGHTS)[0].team.id


@pytest.mark.parametrize(
    "worse",
    [
        {"agency_kind": "welfare-centre"},
        {"streams": frozenset({"sexual-assault"})},
        {"streams": frozenset()},
        {"districts": frozenset({"68000010"})},
        {"districts": frozenset()},
        {"skills": frozenset({"youth"})},
        {"languages": frozenset({"cmn"})},
        {"place": (25.046, 121.292)},
        {"load": 190.0},
        {"capacity": 90.0},
    ],
    ids=lambda worse: next(iter(worse)),
)
def test_each_weight_alone_decides_between_two_teams_that_are_equal_otherwise(worse):
    assert first(replace(TEAM, id="a-worse", **worse), TEAM) == "one"


def test_a_worker_already_in_the_home_outweighs_area_load_and_distance():
    knows = replace(TEAM, id="knows", districts=frozenset({"68000010"}), place=(25.0, 121.25))
    asked = replace(ASKED, at_home=frozenset({"knows"}))
    assert first(TEAM, knows, asked=asked) == "knows"


def test_law_outweighs_everything_else_together():
    most = {one["id"]: one["points"] for one in WEIGHTS["factors"]}
    assert most["law"] > sum(points for name, points in most.items() if name != "law")


def test_who_refused_comes_last_even_behind_another_agency():
    other = replace(TEAM, id="other", agency_kind="welfare-centre", streams=frozenset())
    asked = replace(ASKED, refused=frozenset({"one"}))
    assert first(TEAM, other, asked=asked) == "other"


def test_a_gap_in_the_directory_counts_half_and_says_so():
    blank = replace(TEAM, skills=frozenset(), languages=frozenset(), place=None)
    ranked = rank([blank], ASKED, WEIGHTS)[0]
    for factor in ("skills", "language", "distance"):
        part = ranked.part(factor)
        assert part.share is None
        assert part.points == part.of / 2


def test_what_a_report_does_not_need_ranks_nobody():
    plain = replace(ASKED, skills=frozenset(), languages=frozenset())
    without = replace(TEAM, id="without", skills=frozenset({"youth"}), languages=frozenset({"cmn"}))
    points = {one.team.id: one.points for one in rank([TEAM, without], plain, WEIGHTS)}
    assert points["one"] == points["without"]


def test_the_kind_other_asks_whoever_works_in_the_stream():
    consult = Asked("other", "consult")
    welfare = replace(TEAM, agency_kind="welfare-centre", streams=frozenset({"consult"}))
    assert lawful(welfare, consult)
    assert not lawful(TEAM, consult)


def test_a_decision_keeps_the_points_and_never_who_was_in_the_home():
    """R8: the family may be sealed later; another report's decision must not tell of it."""
    at_home = replace(ASKED, at_home=frozenset({"one"}))
    kept = rank([TEAM], at_home, WEIGHTS)[0].as_json()
    assert kept == rank([TEAM], ASKED, WEIGHTS)[0].as_json()
    assert "home" not in kept["parts"]


def test_a_heavy_case_counts_more_than_a_light_one():
    assert weight_of(WEIGHTS, "child-protection", "1") > weight_of(WEIGHTS, "consult", "2")
    assert weight_of(WEIGHTS, None, None) == 1.0


def test_skills_and_languages_are_asked_for_only_on_what_is_said():
    assert skills_asked(WEIGHTS, [], {"victim_under_6": "unknown"}) == frozenset()
    assert skills_asked(WEIGHTS, ["drugs"], {"victim_under_6": True}) == {
        "small-children", "addiction"}  # fmt: skip
    assert languages_asked(WEIGHTS, "媽媽是越南籍，國語不好") == {"vie"}
    assert languages_asked(WEIGHTS, "") == frozenset()


def test_every_input_skill_and_language_that_the_weights_name_exists():
    from tests.directory.test_data import DIRECTORY

    lists = {name: {one["code"] for one in _yaml(DIRECTORY / f"{name}.yaml")}
             for name in ("skills", "languages", "concerns", "streams", "grades")}  # fmt: skip
    for row in WEIGHTS["skills"]:
        assert row["need"] in lists["skills"]
        assert set(row.get("concerns", ())) <= lists["concerns"]
        assert set(row.get("inputs", ())) <= set(reading().specs)
    assert {row["need"] for row in WEIGHTS["languages"]} <= lists["languages"]
    assert set(WEIGHTS["caseload"]["by_stream"]) == lists["streams"]
    assert set(WEIGHTS["caseload"]["by_grade"]) == lists["grades"]
    for factor in (*WEIGHTS["factors"], WEIGHTS["refused"]):
        assert factor["citation"] and factor["confidence"] in "VSDU"


def _yaml(path):
    from anwang.common.yaml_files import read_yaml

    return read_yaml(path)


@given(st.permutations(range(6)))
def test_the_order_of_asking_changes_nothing(order):
    teams = [replace(TEAM, id=f"t{n}", load=float(10 * n)) for n in range(6)]
    ranked = rank([teams[n] for n in order], ASKED, WEIGHTS)
    assert [one.team.id for one in ranked] == [f"t{n}" for n in range(6)]
