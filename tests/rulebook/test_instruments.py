"""Instruments as data: what a score counts, what equal sides may not do, what is refused at loading."""

import copy
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from anwang.rulebook.rules.instruments import InstrumentFault, answer_faults, read_instrument
from anwang.rulebook.rules.loader import read_doc
from anwang.rulebook.rules.scoring import band_of, cut_off, score_of, state_of
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.reading import CONSULT_FORM, DANGER_ASSESSMENT, POLICIES

DANGER_DOC = read_doc(DANGER_ASSESSMENT)
GUIDANCE_DOC = read_doc(POLICIES / "instruments" / "routing-guidance.yaml")
DANGER, GUIDANCE = read_instrument(DANGER_DOC), read_instrument(GUIDANCE_DOC)
ITEMS = [one.id for one in DANGER.questions.values() if one.scored]
answers = st.dictionaries(st.sampled_from(ITEMS), st.sampled_from(["yes", "no", "unknown"]))


def refused(doc, change):
    broken = copy.deepcopy(dict(doc))
    change(broken)
    with pytest.raises(InstrumentFault) as fault:
        read_instrument(broken)
    return str(fault.value)


def test_the_danger_assessment_has_fifteen_items_of_a_point_and_a_cut_off_of_eight():
    assert len(ITEMS) == 15
    assert cut_off(DANGER) == 8
    assert [band_of(DANGER, n).code for n in (0, 5, 6, 7, 8, 15)] == [
        "potential", "potential", "attention", "attention", "high-danger", "high-danger"
    ]  # fmt: skip


def test_it_says_that_it_is_no_official_text_and_what_it_does_not_decide():
    for instrument in (DANGER, GUIDANCE):
        assert "非官方原文" in instrument.text["zh"]
        assert instrument.note["zh"]
        assert instrument.note["en"]
    assert "不會自行派案" in DANGER.note["zh"]
    assert {one.confidence for one in DANGER.questions.values() if one.scored} == {"S", "U"}


@given(answers)
def test_a_score_counts_yes_alone_and_keeps_open_what_has_no_answer(given_answers):
    score = score_of(DANGER, given_answers)
    yes = sum(answer == "yes" for answer in given_answers.values())
    no = sum(answer == "no" for answer in given_answers.values())
    assert score.points == yes
    assert score.most == 15 - no
    assert len(score.open_questions) == 15 - yes - no
    assert score.complete == (yes + no == 15)


@given(answers, answers)
def test_a_band_that_is_sure_stays_whatever_the_open_questions_turn_out_to_be(known, later):
    score = score_of(DANGER, known)
    full = dict.fromkeys(ITEMS, "no") | {k: v for k, v in later.items() if v != "unknown"}
    full |= {k: v for k, v in known.items() if v != "unknown"}
    if score.sure:
        assert score_of(DANGER, full).band == score.band
    assert score.points <= score_of(DANGER, full).points <= score.most


def test_unasked_and_not_known_are_no_kinds_of_no():
    item, text = DANGER.questions["q1"], DANGER.questions["words"]
    assert state_of(item, {}) == "unanswered"
    assert state_of(item, {"q1": "unknown"}) == "not-known"
    assert state_of(item, {"q1": "no"}) == "answered"
    assert state_of(text, {"words": ""}) == "unanswered"
    assert answer_faults(DANGER, {"q1": "maybe"})


def test_what_the_victim_feels_is_kept_and_not_counted():
    assert score_of(DANGER, {"own_rating": "great", "words": "yes"}).points == 0


def test_a_score_without_a_word_on_what_it_does_not_decide_is_refused():
    assert "does not decide" in refused(DANGER_DOC, lambda doc: doc.pop("note"))


def test_bands_begin_at_nothing_and_rise():
    def backwards(doc):
        doc["bands"].reverse()

    assert "rise" in refused(DANGER_DOC, backwards)
    assert "points need bands" in refused(DANGER_DOC, lambda doc: doc.pop("bands"))


def test_three_sides_are_asked_alike():
    assert [side.id for side in GUIDANCE.sides] == ["child", "carer", "environment"]
    assert len({side.shape for side in GUIDANCE.sides}) == 1
    assert score_of(GUIDANCE, {"service": "protection"}) is None


def test_a_side_with_one_question_more_than_the_others_is_refused():
    def heavier(doc):
        doc["sections"][0]["questions"].append({"id": "more", "kind": "text", "text": {"zh": "再"}})

    assert "same number and kinds" in refused(GUIDANCE_DOC, heavier)


@pytest.mark.parametrize(
    "weight", [{"points": {"yes": 1}}, {"feeds": {"yes": {"immediate_danger": True}}}]
)
def test_equal_sides_that_count_or_speak_to_the_grade_are_refused(weight):
    def weighed(doc):
        for section in doc["sections"]:
            if section.get("side"):
                asked = section["questions"][2]
                assert asked["kind"] == "yes-no"
                asked |= weight
        doc["bands"] = (
            [{"from": 0, "code": "x", "text": {"zh": "甲"}}] if "points" in weight else []
        )

    assert "apart from the grade" in refused(GUIDANCE_DOC, weighed)


def test_instruments_are_dated_and_cited():
    for instrument in (DANGER, GUIDANCE):
        assert instrument.valid_from == date(2026, 1, 1)
        assert instrument.citation


@pytest.mark.parametrize("instrument", [DANGER, GUIDANCE, read_instrument(read_doc(CONSULT_FORM))])
def test_each_task_that_asks_for_an_instrument_is_one_that_policy_gives(instrument):
    assert instrument.task in shipped_policies(date(2026, 3, 2)).tasks.outputs["task"]


def test_the_example_in_the_documents_is_an_instrument():
    written = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", written, flags=re.DOTALL)
    instrument = read_instrument(yaml.safe_load(example))
    assert score_of(instrument, {"stairs": "yes", "gas": "yes"}).band.code == "poor"
