"""Risk signals: a closed grammar, three answers, reasons, fading, and the same answer in any order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.households.presenters.signals import signal_lines, signals_of_picture
from anwang.households.rules.evidence import (
    FactView,
    PersonView,
    ReportView,
    SourceView,
    SubjectView,
)
from anwang.households.rules.picture import build_picture
from anwang.households.rules.signal_search import signals_in
from anwang.households.rules.signals import SignalFault, load_signals, signals_of
from anwang.registries.rules.fact_kinds import load_fact_kinds
from anwang.registries.rules.manifests import load_manifests

DAY = date(2026, 3, 2)
KNOWN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KINDS = load_fact_kinds()
CHILD, FATHER, GRANNY = "p-child", "p-father", "p-granny"
PERSONS = (
    PersonView(CHILD, "陳小安", date(2022, 5, 1), "M"),
    PersonView(FATHER, "陳大方", date(1984, 2, 3), "M"),
    PersonView(GRANNY, "陳林月", date(1950, 1, 1), "F"),
)
TELLING = {"in-custody": frozenset({"prison"}), "psychiatric-care": frozenset({"psychiatric-care"})}
WORDS = {"zh": "字", "en": "words"}


def fact(pid, kind, source="household-registration", **more):
    return FactView(pid, kind, more.pop("value", {}), source, KNOWN, **more)


def home(pid, since=date(2022, 6, 1), role="child"):
    return fact(pid, "registered-household", key="H", valid_from=since,
                value={"relation_to_head": role})  # fmt: skip


FACTS = [
    home(CHILD), home(FATHER, role="head"), home(GRANNY, role="parent"),
    fact(CHILD, "kin-father", key="t", about=FATHER),
    fact(FATHER, "kin-mother", key="u", about=GRANNY),
]  # fmt: skip


def custody(pid=FATHER, since=date(2025, 12, 1), until=None):
    return fact(pid, "in-custody", "prison", valid_from=since, valid_to=until)


def picture(facts, *, day=DAY, answered=True, persons=PERSONS, report=None):
    full = day if answered else None
    sources = [
        SourceView.of(one, full_delivered_on=full)
        for one in load_manifests().values()
        if one.transport != "own"
    ]
    return build_picture(
        as_of=day, known_at=KNOWN, persons=persons, facts=facts, sources=sources,
        focus=[] if report else [CHILD], report=report,
    )  # fmt: skip


def signal(**more):
    row = {
        "id": "x", "label": WORDS, "weight": "concern", "fades_after_days": None,
        "citation": WORDS, "confidence": "assumed",
        "members": {
            "child": [{"age": {"under": 6}}],
            "parent": [{"tie": {"to": "child", "as": ["parent"]}}, {"fact": {"kind": "in-custody"}}],
        },
    }  # fmt: skip
    return signals_of([row | more], KINDS, where="test")


def found(drawn, **more):
    return signals_in(drawn, signal(**more), TELLING)


def shipped(drawn):
    return {one.signal.id: one for one in signals_of_picture(drawn)}


def test_a_signal_names_whom_it_is_about_and_gives_its_facts_as_reasons():
    (one,) = found(picture([*FACTS, custody()]))
    assert one.certain
    assert dict(one.members) == {"child": CHILD, "parent": FATHER}
    assert [(why["kind"], why["source"]) for why in one.facts] == [("in-custody", "prison")]
    assert one.since == date(2025, 12, 1)


def test_a_source_that_gave_no_answer_is_never_a_no():
    rows = {"child": [{"age": {"under": 6}}],
            "parent": [{"tie": {"to": "child", "as": ["parent"]}},
                       {"fact": {"kind": "in-custody"}}, {"fact": {"kind": "psychiatric-care"}}]}  # fmt: skip
    silent = picture([*FACTS, custody()], answered=False)
    (one,) = found(silent, members=rows)
    assert not one.certain
    assert one.silent == ((FATHER, "psychiatric-care"),)
    assert found(picture([*FACTS, custody()]), members=rows) == []


def test_silence_alone_raises_nobodys_name():
    assert found(picture(FACTS, answered=False)) == []


def test_who_is_out_of_custody_is_no_longer_in_it_and_was_so_lately():
    out = custody(until=date(2026, 2, 1))
    lately = {"parent": [{"fact": {"kind": "in-custody", "ended_within_days": 90}}]}
    assert found(picture([*FACTS, out])) == []
    (one,) = found(picture([*FACTS, out]), members=lately)
    assert one.since == date(2026, 2, 1)
    assert found(picture([*FACTS, out], day=date(2026, 6, 1)), members=lately) == []


def test_a_signal_fades_so_long_after_the_newest_of_its_reasons_began():
    (one,) = found(picture([*FACTS, custody()]), fades_after_days=120)
    assert one.fades_on == date(2025, 12, 1) + timedelta(days=120)
    assert found(picture([*FACTS, custody()], day=date(2026, 4, 1)), fades_after_days=120) == []


def test_the_small_child_of_an_inmate_is_left_alone_only_where_no_other_adult_lives():
    alone = [one for one in FACTS if one.person_id != GRANNY and one.about != GRANNY]
    persons = PERSONS[:2]
    assert "child-left-without-free-adult" in shipped(picture([*alone, custody()], persons=persons))
    assert "child-left-without-free-adult" not in shipped(picture([*FACTS, custody()]))


def test_the_dead_are_in_no_signal():
    dead = fact(FATHER, "death", "anwang", valid_from=date(2026, 1, 1))
    assert found(picture([*FACTS, custody(), dead])) == []


def test_two_reports_of_one_victim_in_a_year_count_and_one_told_twice_does_not():
    def told(report, day):
        return fact(CHILD, "report-subject", "anwang", key=report, valid_from=day,
                    value={"report": report, "role": "victim", "concerns": ""})  # fmt: skip

    once = [told("R1", date(2026, 1, 1)), told("R1", date(2026, 1, 1))]
    assert "violence-repeated" not in shipped(picture([*FACTS, *once]))
    twice = [*once, told("R2", date(2026, 2, 1))]
    assert "violence-repeated" in shipped(picture([*FACTS, *twice]))


def test_a_released_respondent_is_a_danger_to_whom_he_was_reported_to_have_hurt():
    report = ReportView(
        DAY, (SubjectView(0, "victim", CHILD), SubjectView(1, "respondent", FATHER)),
        ("child-physical",),
    )  # fmt: skip
    drawn = picture([*FACTS, custody(until=date(2026, 2, 20))], report=report)
    assert shipped(drawn)["respondent-released"].certain


def test_every_shipped_signal_has_words_a_citation_and_a_confidence():
    for one in load_signals():
        assert all((one.label.zh, one.label.en, one.citation.zh, one.citation.en)), one.id


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"members": {"a": [{"fact": {"kind": "no-such"}}]}}, "no-such"),
        ({"members": {"a": [{"speed": 3}]}}, "no test is called 'speed'"),
        ({"members": {"a": [{"lives_with": "b"}]}}, "'b' is no member named before"),
        ({"members": {"a": [{"tie": {"to": "a", "as": ["cousin"]}}]}}, "cousin"),
        ({"weight": "huge"}, "weight is one of"),
        ({"colour": "red"}, "a signal has no colour"),
        ({"members": {}}, "names 1 to 3 members"),
    ],
)
def test_what_the_grammar_does_not_know_is_refused_by_name(wrong, told):
    with pytest.raises(SignalFault, match=told):
        signal(**wrong)


@settings(max_examples=12)  # each judges all signals twice
@given(st.permutations([*FACTS, custody(), custody(GRANNY, until=date(2026, 1, 5))]))
def test_signals_do_not_depend_on_the_order_in_which_facts_came(order):
    as_told = [*FACTS, custody(), custody(GRANNY, until=date(2026, 1, 5))]
    assert signal_lines(picture(order)) == signal_lines(picture(as_told))
