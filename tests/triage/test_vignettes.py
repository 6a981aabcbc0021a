"""The first national policy against invented reports.

And the promises that every policy must keep.
"""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anwang.common.yaml_files import read_yaml
from anwang.rulebook.rules.cells import UNKNOWN, freeze_inputs, thaw_inputs
from anwang.rulebook.rules.check import check_sources
from anwang.rulebook.rules.instruments import answer_faults
from anwang.triage.rules.inputs import cues_of, inputs_from, relation_group
from anwang.triage.rules.policies import shipped_docs, shipped_policies, shipped_sources
from anwang.triage.rules.propose import propose
from anwang.triage.rules.reading import shipped_reading

POLICIES = shipped_policies(date(2026, 3, 2))
READING = shipped_reading()
BOOK = read_yaml(Path(__file__).parent / "vignettes.yaml")
VIGNETTES = [{**BOOK["defaults"], **vignette} for vignette in BOOK["vignettes"]]
INCIDENT = {"injury": "injury", "weapon": "weapon", "occurred_at": "occurred"}
GRAVE = {
    "child-protection",
    "sexual-assault",
    "adult-protection",
    "mental-health-violence",
    "suicide",
}
ATTENTION = {"not-for-us": 0, "consult": 0, "vulnerable-family": 1} | dict.fromkeys(GRAVE, 2)


def report_of(vignette):
    """The report of a vignette, as any channel might have delivered it."""
    who = [BOOK["people"][one] if isinstance(one, str) else one for one in vignette["who"]]
    report = {
        "report_id": vignette["id"],
        "channel": "hotline-113",
        "received_at": "2026-03-02T09:00:00+08:00",
        "subjects": who,
        "narrative": vignette["text"],
        "incident": {
            field: vignette[short]
            for field, short in INCIDENT.items() if short in vignette
        },
    }  # fmt: skip
    named = {"concerns": "concerns", "immediate_danger": "danger", "answers": "answers",
             "mandated": "mandated"}  # fmt: skip
    return report | {name: vignette[short] for name, short in named.items() if short in vignette}


def picture_of(vignette):
    """The household picture of a vignette: empty unless it tells of a fact."""
    if "prior" in vignette:
        return {"prior_reports_12m": vignette["prior"]}
    if "care" in vignette:
        return _picture(
            [_member("p1", vignette["care"], "1980-01-01")], [_fact("p1", "psychiatric-care")]
        )
    if vignette.get("fact") == "in-custody":
        edge = {"kind": "parent", "from": "p1", "to": "p2"}
        members = [_member("p1", 0, "1990-01-01"), _member("p2", None, "2019-01-01")]
        return _picture(members, [_fact("p1", "in-custody")], [edge])
    if vignette.get("fact") == "young-parent":
        edge = {"kind": "parent", "from": "p1", "to": "p2"}
        members = [_member("p1", None, "2007-01-01"), _member("p2", 0, "2025-01-01")]
        return _picture(members, [], [edge])
    if "fact" in vignette:
        born = "2019-03-01" if vignette["fact"] == "not-enrolled" else "2023-01-01"
        return _picture([_member("p1", 0, born)], [_fact("p1", vignette["fact"])])
    return {}


def _member(person, subject, born):
    return {"person_id": person, "subject": subject, "born_on": born, "dead": False}


def _fact(person, kind):
    return {"person_id": person, "kind": kind, "valid_from": "2025-01-01", "valid_to": None}


def _picture(members, facts, edges=()):
    together = [member["person_id"] for member in members]
    return {"members": members, "facts": facts, "edges": list(edges), "lookups": [],
            "living_together": together}  # fmt: skip


def inputs_of(vignette):
    """The inputs of a vignette; how likely it repeats an earlier report is said, not compared."""
    inputs = inputs_from(report_of(vignette), picture_of(vignette))
    return inputs | {
        "same_event_percent": vignette.get("same_event", UNKNOWN),
        "same_event_by_number": vignette.get("by_number", UNKNOWN),
    }


def proposed(vignette):
    return propose(inputs_of(vignette), POLICIES)


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda v: v["id"])
def test_a_vignette_is_proposed_as_law_and_policy_ask(vignette):
    made = proposed(vignette)
    assert {
        "grade": made.grade,
        "class": made.grade_class,
        "stream": made.stream,
        "agency": made.agency_kind,
        "joint": sorted(made.joint_with),
        "passed_to": made.passed_to,
        "clocks": sorted(made.clocks),
    } == {
        "grade": vignette["grade"],
        "class": vignette["class"],
        "stream": vignette["stream"],
        "agency": vignette["agency"],
        "joint": sorted(vignette["joint"]),
        "passed_to": vignette["passed_to"],
        "clocks": sorted(vignette["clocks"]),
    }, [reason["row"] for reason in made.reasons]


@pytest.mark.parametrize(
    "vignette", [v for v in VIGNETTES if "handling" in v], ids=lambda v: v["id"]
)
def test_a_vignette_is_handled_as_policy_asks(vignette):
    made, asked = proposed(vignette), vignette["handling"]
    assert {name: getattr(made, name) for name in asked} == asked, made.reasons


def test_there_are_at_least_sixty_vignettes_each_with_its_ground():
    assert len(VIGNETTES) >= 60
    assert all(vignette["ground"] for vignette in VIGNETTES)
    assert len({vignette["id"] for vignette in VIGNETTES}) == len(VIGNETTES)


def test_every_row_is_met_by_a_vignette():
    met = {(reason["rule"], reason["row"]) for v in VIGNETTES for reason in proposed(v).reasons}
    written = {(source.id, row.id) for source in shipped_sources() for row in source.rows}
    assert written - met == set()


def test_the_last_resort_is_rare():
    last = [v["id"] for v in VIGNETTES if any(r["row"] == "S-99" for r in proposed(v).reasons)]
    assert last == ["V63"]


def test_the_shipped_tables_have_no_faults():
    assert [f for f in check_sources(shipped_sources()) if f.severity == "error"] == []


def test_every_row_and_clock_has_its_source_and_both_tongues():
    for source in shipped_sources():
        for row in source.rows:
            assert row.citation
            assert row.text["zh"]
            assert row.text["en"]
    for said in shipped_docs()["clocks"]["clocks"]:
        assert said["citation"]
        assert said["text"]["zh"]
        assert said["text"]["en"]


def test_every_clock_that_a_row_begins_is_defined_and_begins_with_the_report():
    for row in POLICIES.attach.rows:
        assert POLICIES.clocks[row.then["clock"]].start == "report-received"


def test_a_proposal_replays_from_its_stored_inputs():
    for vignette in VIGNETTES:
        inputs = inputs_from(report_of(vignette), picture_of(vignette))
        assert propose(thaw_inputs(freeze_inputs(inputs)), POLICIES) == propose(inputs, POLICIES)


vignettes = st.sampled_from(VIGNETTES)
cue_sets = st.frozensets(st.sampled_from(sorted(READING.cues)), max_size=4)


@settings(deadline=None)
@given(vignettes, cue_sets)
def test_warning_words_only_ever_raise(vignette, more):
    inputs = inputs_from(report_of(vignette), picture_of(vignette))
    before = propose(inputs, POLICIES)
    after = propose({**inputs, "cues": inputs["cues"] | more}, POLICIES)
    assert after.grade <= before.grade
    assert ATTENTION[after.stream] >= ATTENTION[before.stream]
    if before.stream == "child-protection":
        assert after.stream == "child-protection"


@settings(deadline=None)
@given(
    vignettes, st.sampled_from(["immediate_danger", "weapon", "mental_illness", "child_in_home"])
)
def test_not_knowing_never_lowers_what_a_no_would_give(vignette, name):
    inputs = inputs_from(report_of(vignette), picture_of(vignette))
    if_no = propose({**inputs, name: False}, POLICIES)
    if_unknown = propose({**inputs, name: UNKNOWN}, POLICIES)
    assert if_unknown.grade <= if_no.grade
    assert ATTENTION[if_unknown.stream] >= ATTENTION[if_no.stream]


def test_an_unknown_danger_is_named_and_its_effect_shown():
    made = proposed(VIGNETTES[0])
    assert "immediate_danger" in made.unknown
    (said,) = [one for one in made.would_change if one["if"] == {"immediate_danger": True}]
    assert said["changes"]["grade"] == "1"
    assert said["changes"]["joint_with"] == ["police"]


def test_a_late_source_is_unknown_and_an_answered_one_is_no():
    report = report_of(VIGNETTES[0])
    picture = _picture([_member("p1", 1, "1980-01-01")], [])
    assert inputs_from(report, picture)["psychiatric_care"] is UNKNOWN
    picture["lookups"] = [{"person_id": "p1", "source": "psychiatric-care", "state": "late"}]
    assert inputs_from(report, picture)["psychiatric_care"] is UNKNOWN
    picture["lookups"][0]["state"] = "none"
    assert inputs_from(report, picture)["psychiatric_care"] is False


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("他掐住脖子", "strangling"),
        ("沒有要自殺", None),
        ("否認自殺", None),
        ("家裡沒有菜刀", None),
        ("沒有人阻止他持刀", "weapon"),
        ("He threatened to KILL her", None),
        ("他說要殺死全家", "death-threat"),
    ],
)
def test_a_warning_word_counts_unless_directly_denied(text, cue):
    found = {hit.cue for hit in cues_of({"narrative": text})}
    assert (cue in found) if cue else not found & {"suicide", "weapon", "strangling"}


@pytest.mark.parametrize(
    ("word", "group"),
    [
        ("父親", "parent"),
        ("father", "parent"),
        ("其生母", "parent"),
        ("母親的同居男友", "carer"),
        ("前夫", "partner"),
        ("補習班老師", "outsider"),
        ("岳父", "other-family"),
        ("某人", None),
        ("", None),
    ],
)
def test_a_relation_is_grouped_or_unknown_never_guessed(word, group):
    assert relation_group(word, READING) == group


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["concerns", "subjects", "incident", "answers", "narrative", "immediate_danger"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["role", "birth", "consult", "injury"]), inner, max_size=3
                )
            ),
            max_leaves=6,
        ),
    )
)
@example({"subjects": [{"role": [None]}]})
def test_no_report_is_refused_for_its_content(broken):
    inputs = inputs_from({"received_at": "2026-03-02T09:00:00+08:00", **broken}, {})
    assert propose(inputs, POLICIES).stream in ATTENTION


def test_the_consult_form_feeds_only_known_inputs_and_fits_two_pages():
    form = READING.consult
    assert len(form.questions) <= 24
    for question in form.questions.values():
        for option in question.options:
            for name, value in option.feeds.items():
                spec = READING.specs[name]
                assert not isinstance(value, tuple) or set(value) <= set(spec.values)
                assert not isinstance(value, str) or value in spec.values


def test_an_answer_that_does_not_fit_is_named_and_left_out():
    answers = {
        "hurt": "badly",
        "happened": ["money", "magic"],
        "wish": 3,
        "strange": "x",
        "weapon": "no",
    }
    faults = {fault.question for fault in answer_faults(READING.consult, answers)}
    assert faults == {"hurt", "happened", "wish", "strange"}
    inputs = inputs_from({"received_at": "2026-03-02", "answers": {"consult": answers}}, {})
    assert inputs["injury"] is UNKNOWN
    assert inputs["weapon"] is False
    assert inputs["concerns"] == frozenset({"poverty"})
