"""What one more answer would change: true of the tables in force, complete for single answers, and
bounded in its cost. The slow and obvious way to find out is to try every answer.
"""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.rulebook.rules.cells import UNKNOWN
from anwang.triage.presenters.words import doubted_words, would_change_words
from anwang.triage.rules import would_change
from anwang.triage.rules.doubted import doubted_subjects, what_rests_on_links, without_person
from anwang.triage.rules.outcome import LISTED, SINGLE, outcome_if, outcome_of
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.propose import propose
from anwang.triage.rules.reading import shipped_reading
from anwang.triage.rules.would_change import MOST_TRIED, NOT_SUPPOSED, TOLD, what_would_change

DAY = date(2026, 3, 2)
LAYERS = {county: shipped_policies(DAY, county or None) for county in ("", "68000", "10013")}
SPECS = {name: one for name, one in shipped_reading().specs.items() if not one.chained}
# Tasks that only ask for what is not known end with any answer; that is no news.
EXACT = [name for name in TOLD if name != "tasks"]


def values_of(spec):
    if spec.kind == "flag":
        return st.sampled_from([True, False, UNKNOWN])
    if spec.kind == "choice":
        return st.sampled_from([*spec.values, UNKNOWN])
    if spec.kind == "number":
        return st.sampled_from([0, 1, 2, 3, 8, 17, 30, UNKNOWN])
    sets = st.frozensets(st.sampled_from(spec.values), max_size=3)
    return sets if spec.raise_only else st.one_of(sets.filter(bool), st.just(UNKNOWN))


reports = st.fixed_dictionaries({name: values_of(spec) for name, spec in SPECS.items()})
layers = st.sampled_from(sorted(LAYERS))


def thawed(supposed):
    return {k: frozenset(v) if isinstance(v, list) else v for k, v in supposed.items()}


def told(value):
    """A value of a field as it is compared: lists stand for sets."""
    return set(value) if isinstance(value, list) else value


def differs(policies, inputs, supposed):
    before, after = (outcome_of({**inputs, **more}, policies) for more in ({}, supposed))
    return any(told(before.field(name)) != told(after.field(name)) for name in EXACT)


@settings(deadline=None)
@given(reports, layers)
def test_flipping_what_is_named_changes_what_is_named(inputs, layer):
    policies = LAYERS[layer]
    made = propose(inputs, policies)
    for said in made.would_change:
        ((name, first), *more) = said["if"].items()
        for answer in (first, *said.get("also", ())):
            other = propose({**inputs, **thawed(dict([(name, answer), *more]))}, policies)
            assert {field: getattr(other, field) for field in said["changes"]} == said["changes"]
            assert {field: getattr(made, field) for field in said["was"]} == said["was"]
            # Another order is no change that could be told in words.
            assert all(told(said["changes"][f]) != told(was) for f, was in said["was"].items())
            same = [field for field in EXACT if field not in said["changes"]]
            assert all(told(getattr(other, one)) == told(getattr(made, one)) for one in same)
            fired = {(reason["rule"], reason["row"]) for reason in other.reasons}
            assert {(row["rule"], row["row"]) for row in said["rows"]} <= fired


@settings(deadline=None)
@given(reports, layers)
def test_only_what_is_unknown_or_concluded_from_words_is_doubted(inputs, layer):
    policies = LAYERS[layer]
    for said in propose(inputs, policies).would_change:
        for name in said["if"]:
            doubted = name in said.get("without", {}) and SPECS[name].raise_only
            assert inputs[name] is UNKNOWN or doubted


@settings(deadline=None, max_examples=60)
@given(reports, layers)
def test_no_single_answer_that_changes_something_is_left_out(inputs, layer):
    policies = LAYERS[layer]
    found = what_would_change(policies, outcome_of(inputs, policies), tried=1000, shown=1000)
    named = {name for said in found for name in said["if"] if len(said["if"]) == 1}
    open_names = [
        name for name, value in inputs.items() if value is UNKNOWN and name not in NOT_SUPPOSED
    ]
    for name in open_names:
        if any(differs(policies, inputs, {name: one}) for one in policies.answers.get(name, ())):
            assert name in named


@settings(deadline=None)
@given(reports, layers)
def test_two_answers_are_asked_for_only_where_neither_would_do(inputs, layer):
    policies = LAYERS[layer]
    for said in propose(inputs, policies).would_change:
        for name, value in said["if"].items() if len(said["if"]) > 1 else ():
            assert not differs(policies, inputs, {name: value})


@settings(deadline=None)
@given(reports, reports, st.sets(st.sampled_from(sorted(SPECS)), max_size=4), layers)
def test_supposing_is_the_same_as_asking_all_tables_anew(inputs, others, names, layer):
    policies = LAYERS[layer]
    supposed = {name: others[name] for name in names}
    quick = outcome_if(outcome_of(inputs, policies), supposed, policies)
    whole = outcome_of({**inputs, **supposed}, policies)
    assert [(hit.table_id, hit.row.id) for hit in quick.all_hits] == [
        (hit.table_id, hit.row.id) for hit in whole.all_hits
    ]
    assert all(quick.field(name) == whole.field(name) for name in (*SINGLE, *LISTED))


@settings(deadline=None)
@given(reports, layers)
def test_the_number_of_trials_is_bounded_whatever_is_unknown(inputs, layer):
    policies = LAYERS[layer]
    trials = []

    def counted(*given):
        trials.append(given)
        return outcome_if(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(would_change, "outcome_if", counted)
        propose(dict.fromkeys(inputs, UNKNOWN), policies)
        propose(inputs, policies)
    assert len(trials) <= 2 * MOST_TRIED


def test_the_words_say_what_is_supposed_what_changes_and_which_row_would_say_so():
    told = would_change_words({
        "if": {"injury": "serious"},
        "also": ["death"],
        "changes": {"grade": "1", "joint_with": ["police", "health-bureau"]},
        "was": {"grade": "2", "joint_with": ["police"]},
        "rows": [{"rule": "triage.grade", "row": "G-02", "citation": "兒少權法第56條第1項"}],
    })  # fmt: skip
    assert told["zh"].startswith("若「傷勢」為重傷或死亡：分級改為")
    assert told["zh"].endswith("共案單位加上衛生局。")
    assert told["en"].startswith("If “Injury” is Serious or Death: the grade becomes")
    assert told["cite"]["zh"] == "分級表 G-02"


def test_a_doubted_word_of_the_narrative_is_said_to_be_one():
    told = would_change_words({
        "if": {"cues": []}, "without": {"cues": ["strangling"]},
        "changes": {"grade": "2"}, "was": {"grade": "1"}, "rows": [],
    })  # fmt: skip
    assert told["zh"].startswith("若「敘述中的警示字詞」的「掐脖或悶住」查明並非如此：分級改為")
    assert told["cite"] is None


CUSTODY = {
    "as_of": "2026-03-02", "focus": ["p2"], "living_together": ["p1", "p2"],
    "members": [
        {"person_id": "p1", "subject": None, "born_on": "1990-01-01", "dead": False},
        {"person_id": "p2", "subject": 0, "born_on": "2019-01-01", "dead": False},
    ],
    "edges": [{"kind": "parent", "from": "p1", "to": "p2"}],
    "facts": [{"person_id": "p1", "kind": "in-custody", "valid_from": "2025-01-01", "valid_to": None}],
    "lookups": [],
}  # fmt: skip
TOLD_OTHER = {
    "received_at": "2026-03-02T09:00:00+08:00", "concerns": ["other"], "immediate_danger": "no",
    "subjects": [{"role": "person-in-need", "name": "陳小安"}],
}  # fmt: skip


def match(level):
    reasons = [{"comparison": "national_id", "level": level, "weight": 9.0}]
    found = {"person_id": "p2", "probability": 0.83, "weight": 9.0, "reasons": reasons}
    return {"0": {"person_id": "p2", "probability": 0.83, "candidates": [found]}}


def test_a_link_that_no_number_proves_is_doubted_and_what_rests_on_it_is_told():
    doubted = list(doubted_subjects(match("near"), ()))
    assert doubted == [(0, "p2", 0.83)]
    (said,) = what_rests_on_links(TOLD_OTHER, CUSTODY, doubted, LAYERS[""], UNKNOWN)
    assert said["was"]["stream"] == "vulnerable-family"
    assert said["changes"]["stream"] == "consult"
    words = doubted_words(said, "陳小安")
    assert words["zh"].startswith("若「陳小安」不是系統認定的那個人（符合 83%）：分流改為")


def test_a_link_by_number_or_one_that_a_person_confirmed_is_not_doubted():
    assert list(doubted_subjects(match("same"), ())) == []
    assert list(doubted_subjects(match("near"), ["0"])) == []


def test_who_is_doubted_leaves_the_picture_and_the_others_stay():
    both = {**CUSTODY, "focus": ["p1", "p2"]}
    left = without_person(both, "p1")
    assert [one["person_id"] for one in left["members"]] == ["p2"]
    assert left["facts"] == left["edges"] == []
    assert without_person(CUSTODY, "p2") == {"as_of": "2026-03-02"}
