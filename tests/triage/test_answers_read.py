"""Answers to forms in later screenings: read as inputs with who and when, never before they were given."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from anwang.access.context import TRYING, acting
from anwang.common.clock import clock_now
from anwang.rulebook.rules.cells import UNKNOWN
from anwang.triage.actions.screening import screen
from anwang.triage.instruments.actions import keep_answers
from anwang.triage.instruments.queries import instruments_in_force
from anwang.triage.models import Matter, Screening
from anwang.triage.permissions import check_can_answer_instrument
from anwang.triage.rules.answers import ANSWERED, Given, about_the_same, with_answers, with_given
from anwang.triage.rules.doubted import without_person
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.origins import origins
from anwang.triage.trials.queries.replays import decided_again, differs_from_stored
from anwang.triage.trials.queries.versions import versions_in_force
from tests.conftest import as_role
from tests.factories import PASSWORD, desk_worker
from tests.households.telling import REGISTRY, deliver, person
from tests.triage.test_in_the_family import CHILD, row

AT = "2026-03-02T10:00:00+08:00"
REPORT = {
    "received_at": "2026-03-02T09:00:00+08:00",
    "channel": "hotline-113",
    "concerns": ["partner-violence"],
}
ALL = {f"q{n}": "no" for n in range(1, 16)}
GRAVE = ALL | {f"q{n}": "yes" for n in range(1, 10)}
SCORE = "danger_assessment_score"


def read(*given: Given, report=REPORT):
    return inputs_from(report, with_given({}, given))


def form(answers, instrument="tipvda", **more) -> Given:
    return Given(instrument, "2026.1", answers, str(uuid.UUID(int=5)), AT, **more)


def test_what_a_form_was_answered_is_an_input_of_the_report():
    assert read(form(GRAVE))[SCORE] == 9
    told = read(form({"weapon": "yes", "danger_now": "no", "hurt": "minor"}, "consult"))
    assert (told["weapon"], told["immediate_danger"], told["injury"]) == (True, False, "minor")


def test_no_not_known_and_unasked_stay_apart():
    assert read(form(ALL))[SCORE] == 0
    assert read(form(ALL | {"q1": "unknown"}))[SCORE] is UNKNOWN
    assert read(form({"q1": "no"}))[SCORE] is UNKNOWN
    assert read(form({"weapon": "unknown"}, "consult"))["weapon"] is UNKNOWN
    assert read()[SCORE] is UNKNOWN


def test_who_does_not_know_takes_nothing_back_from_who_did():
    report = {"answers": {"tipvda": GRAVE}}
    told = with_answers(report, {"tipvda": {"q1": "unknown", "q2": "no"}})["answers"]["tipvda"]
    assert (told["q1"], told["q2"], told["q3"]) == ("yes", "no", "yes")


def test_an_assessment_of_another_report_counts_only_where_it_reached_the_cut_off():
    assert read(form(GRAVE, report="other"))[SCORE] == 9
    assert read(form(ALL, report="other"))[SCORE] is UNKNOWN, "a low score says nothing about today"
    assert read(form(GRAVE, report="other"), form(ALL))[SCORE] == 0, "this report's own comes first"
    danger = form({"danger_now": "yes"}, "consult", report="other")
    assert read(danger)["immediate_danger"] is UNKNOWN


def test_the_reasons_know_form_person_and_time():
    picture = with_given({}, [form(GRAVE), form({"weapon": "yes"}, "consult")])
    told = origins(REPORT, picture, inputs_from(REPORT, picture))
    assert (told[SCORE].kind, told[SCORE].source, told[SCORE].known_at) == ("answers", "tipvda", AT)
    assert told["weapon"].given.by == str(uuid.UUID(int=5))
    assert told["concerns"].kind == "report"


def test_what_was_told_of_somebody_else_goes_with_him():
    own, other = form({"weapon": "yes"}, "consult"), form(GRAVE, report="r", person_id="p")
    picture = with_given({"focus": ["p", "q"]}, [own, other])
    assert without_person(picture, "p")[ANSWERED] == [own.as_dict()]
    assert without_person(picture | {"focus": ["p"]}, "p")[ANSWERED] == [own.as_dict()]


def named(person, role, report="OTHER"):
    return {
        "person_id": person,
        "kind": "report-subject",
        "value": {"report": report, "role": role},
    }


VICTIM, DID_IT = named("v", "victim"), named("x", "respondent")


@pytest.mark.parametrize(
    ("facts", "subjects", "found"),
    [
        ([VICTIM], {"v": "victim"}, {"OTHER": "v"}),
        ([named("v", "respondent")], {"v": "victim"}, {}),
        ([VICTIM], {"v": "respondent"}, {}),
        ([VICTIM, DID_IT], {"v": "victim", "x": "respondent"}, {"OTHER": "v"}),
        ([VICTIM, DID_IT], {"v": "victim", "y": "respondent"}, {}),
        ([VICTIM, DID_IT], {"v": "victim"}, {"OTHER": "v"}),
    ],
)
def test_another_report_is_about_the_same_where_its_victim_is_and_its_respondent_is_no_other(
    facts, subjects, found
):
    assert about_the_same({"facts": facts}, subjects) == found


# From here on with the database.
PARTNER = {
    "subjects": [
        {"role": "victim", "name": "林範例", "birth": "民國74年3月2日", "sex": "F"},
        {"role": "respondent", "name": "王範例", "relation_to_victim": "丈夫"},
    ],
    "concerns": ["partner-violence"],
    "immediate_danger": "no",
    "incident": {},
    "narrative": "先生常威脅，她很怕。",
}


def who():
    return [{"role": "victim", "name": "陳志安", "national_id": CHILD, "birth": "107.5.1"}]


@pytest.fixture
def asked(db, service_teams):
    return desk_worker()


@pytest.fixture
def child(db) -> str:
    """A person whom the register knows."""
    with as_role("worker"):
        made = person()
        deliver(REGISTRY, [(made, row("1", "陳志安", "2018-05-01", "M", CHILD, "child"))])
    return str(made)


def answered(desk, receipt, given=GRAVE, instrument="tipvda"):
    with acting(desk, "assessment"):
        permit = check_can_answer_instrument(desk, receipt.report)
        keep_answers(receipt.report, instruments_in_force()[instrument], given, permit=permit)


def screened(receipt) -> Screening:
    with as_role("worker"):
        screen(receipt.report)
        return Screening.objects.filter(matter=receipt.report).latest("at")


def rows(made: Screening) -> set[str]:
    return {one["row"] for one in made.proposal["reasons"]}


def test_the_next_screening_reads_what_was_answered_and_dispatches_nothing(asked, delivered):
    receipt = delivered(**PARTNER)
    assert screened(receipt).inputs[SCORE] == "unknown"
    answered(asked, receipt)
    made = screened(receipt)
    assert made.inputs[SCORE] == 9
    assert {"G-06", "T-09"} <= rows(made)
    assert made.picture[ANSWERED][0]["by"] == str(asked.id)
    with as_role("worker"):
        matter = Matter.objects.get(pk=receipt.report)
    assert (matter.state, matter.grade) == ("awaiting-decision", "1")


def test_no_text_of_a_form_comes_into_the_picture(asked, delivered):
    receipt = delivered(**PARTNER)
    answered(asked, receipt, GRAVE | {"words": "她說他會殺了她", "own_rating": "great"})
    assert set(screened(receipt).picture[ANSWERED][0]["answers"]) == set(GRAVE)


def test_what_was_taken_back_is_read_no_more(asked, delivered):
    receipt = delivered(**PARTNER)
    answered(asked, receipt)
    answered(asked, receipt, dict.fromkeys(GRAVE))
    made = screened(receipt)
    assert made.inputs[SCORE] == "unknown"
    assert ANSWERED not in made.picture


def test_the_report_page_tells_form_person_and_day(asked, delivered, client):
    receipt = delivered(**PARTNER)
    answered(asked, receipt)
    screened(receipt)
    assert client.login(username="desk-one", password=PASSWORD)
    page = client.get(f"/desk/{receipt.receipt}/").content.decode()
    assert "王範例填的「親密關係暴力危險評估" in page
    assert "填答" in page
    shown = client.get(f"/desk/{receipt.receipt}/forms/tipvda/").content.decode()
    assert "再評估時已採用這些回答" in shown
    assert "會這樣說" not in shown


def test_a_replay_of_an_earlier_moment_does_not_see_later_answers(asked, delivered):
    receipt = delivered(**PARTNER)
    before = screened(receipt)
    answered(asked, receipt)
    after = screened(receipt)
    with as_role("worker"), acting(TRYING, "test"):
        report = Screening.objects.select_related("matter__report").get(pk=after.pk).matter.report
        versions = versions_in_force()
        assert differs_from_stored(before, report) == []
        assert differs_from_stored(after, report) == []
        then = decided_again(report, before, before.at, versions)
        now = decided_again(report, before, clock_now(), versions)
    assert (then.proposal.grade, now.proposal.grade) == ("2", "1")
    assert ANSWERED not in then.picture


def test_a_new_report_about_the_same_victim_reads_a_grave_assessment(asked, delivered, child):
    first = delivered(**PARTNER | {"subjects": who()})
    screened(first)
    answered(asked, first)
    second = screened(delivered(**PARTNER | {"subjects": who()}))
    assert second.inputs[SCORE] == 9
    (told,) = second.picture[ANSWERED]
    assert (told["report"], told["person_id"]) == (first.receipt, child)
    stranger = screened(delivered(**PARTNER))
    assert stranger.inputs[SCORE] == "unknown"


def test_an_old_assessment_of_another_report_counts_no_more(asked, delivered, child, monkeypatch):
    from anwang.triage.instruments import queries

    first = delivered(**PARTNER | {"subjects": who()})
    screened(first)
    answered(asked, first)
    grave = queries._grave
    later = dt.timedelta(days=91)
    monkeypatch.setattr(queries, "_grave", lambda others, at: grave(others, at + later))
    assert screened(delivered(**PARTNER | {"subjects": who()})).inputs[SCORE] == "unknown"


def test_a_low_assessment_of_another_report_is_not_told(asked, delivered, child):
    first = delivered(**PARTNER | {"subjects": who()})
    screened(first)
    answered(asked, first, ALL)
    made = screened(delivered(**PARTNER | {"subjects": who()}))
    assert ANSWERED not in made.picture
    assert "danger-assessment" in made.proposal["tasks"]
