"""Instruments filled in about a report: answers as rows, no and unasked apart, nothing decided."""

from __future__ import annotations

import re

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.rulebook.rules.cells import UNKNOWN
from anwang.triage.actions.decisions import NotNow, answer
from anwang.triage.instruments.actions import AnswersDoNotFit, keep_answers
from anwang.triage.instruments.models import Answer
from anwang.triage.instruments.queries import instruments_in_force
from anwang.triage.models import Matter, Screening
from anwang.triage.permissions import check_can_answer_instrument, check_can_decide
from anwang.triage.queries.policies import tables_in_force
from anwang.triage.rules.answered import said_with_answers
from anwang.triage.rules.answers import with_answers
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.propose import propose
from tests.conftest import as_role
from tests.factories import (
    PASSWORD,
    TAIPEI_CITY,
    clocks_of,
    desk_worker,
    report_body,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
YES_8 = {f"answers-q{n}": "yes" for n in range(1, 9)}
PARTNER = {
    "concerns": ["partner-violence"],
    "subjects": [{"role": "victim", "name": "林範例", "birth": "民國74年3月2日"}],
    "incident": {},
    "narrative": "先生常威脅，她很怕。",
}


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def desk() -> Client:
    desk_worker()
    return signed_in("desk-one")


@pytest.fixture
def receipt():
    return explained(screened_report(stream="adult-protection", **PARTNER))


def explained(receipt):
    """The report's screening with the versions of its tables, as a worker would have kept them."""
    with as_role("worker"):
        _, versions = tables_in_force(None)
        made = Screening.objects.get(matter=receipt.report)
        made.versions = {"policies": versions, "day": "2026-03-02"}
        made.proposal |= {"tasks": ["danger-assessment"]}
        made.save()
    return receipt


def path(receipt, instrument="tipvda") -> str:
    return f"/desk/{receipt.receipt}/forms/{instrument}/"


def rows(receipt) -> list[Answer]:
    with as_role("worker"):
        return list(Answer.objects.filter(matter=receipt.report).order_by("at", "question"))


def page(client, *where) -> str:
    return client.get(path(*where)).content.decode()


def test_the_report_leads_to_the_form_that_policy_asks_for(desk, receipt):
    shown = desk.get(f"/desk/{receipt.receipt}/").content.decode()
    line = re.search(rf'<a href="{path(receipt)}">.*?</li>', shown).group()
    assert "規則要求" in line
    assert "未填" in line
    assert path(receipt, "routing-guidance") in shown


def test_an_empty_form_says_unasked_and_keeps_nothing_when_it_is_sent(desk, receipt):
    shown = page(desk, receipt)
    assert "未問 16" in shown
    assert "不會自行派案" in shown
    assert len(re.findall(r'name="answers-q\d+" value="" checked', shown)) == 15
    desk.post(path(receipt), {f"answers-q{n}": "" for n in range(1, 16)})
    assert rows(receipt) == []


def test_no_not_known_and_unasked_are_kept_apart(desk, receipt):
    desk.post(path(receipt), {"answers-q1": "no", "answers-q2": "unknown", "answers-q3": ""})
    assert {one.question: one.value for one in rows(receipt)} == {"q1": "no", "q2": "unknown"}
    shown = page(desk, receipt)
    for words in ("已回答 1/16", "不知道 1", "未問 14", "還不能判定", "最多可能到 14 分"):
        assert words in shown, words


def test_an_answer_is_never_overwritten_and_can_be_taken_back(desk, receipt):
    desk.post(path(receipt), {"answers-q1": "no"})
    desk.post(path(receipt), {"answers-q1": "yes"})
    desk.post(path(receipt), {"answers-q1": "yes"})
    desk.post(path(receipt), {})
    assert [one.value for one in rows(receipt)] == ["no", "yes", None]
    shown = page(desk, receipt)
    assert "收回，改為未問" in shown
    assert "未問 16" in shown
    with acting(desk_worker("desk-two")), as_role("app"):
        for write in (lambda found: found.update(value="yes"), lambda found: found.delete()):
            with pytest.raises(ProgrammingError), transaction.atomic():
                write(Answer.objects.filter(matter=receipt.report))


def test_a_high_score_tells_what_the_tables_would_say_and_decides_nothing(desk, receipt):
    with as_role("worker"):
        before = Matter.objects.values().get(pk=receipt.report)
        screenings, clocks = Screening.objects.count(), clocks_of(receipt)
    desk.post(path(receipt), YES_8)
    shown = page(desk, receipt)
    for words in ("目前 8 分", "高危險（8 分以上）", "以這些回答，建議所依的規則會這樣說", "分級改為第一級",
                  "應辦事項加上列入高危機網絡會議", "G-06", "建議與決定都沒有改變"):  # fmt: skip
        assert words in shown, words
    assert f'href="/desk/{receipt.receipt}/change/"' in shown
    assert "高危險" in desk.get(f"/desk/{receipt.receipt}/").content.decode()
    with as_role("worker"):
        assert Matter.objects.values().get(pk=receipt.report) == before
        assert Screening.objects.count() == screenings
    assert clocks_of(receipt) == clocks


def test_what_was_answered_is_on_record_by_number_only(desk, receipt):
    desk.post(path(receipt), {**YES_8, "answers-words": "她說他會殺了她"})
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="instrument-answered")
        reads = AuditEntry.objects.filter(act="read", purpose="assessment").count()
    assert entry.object_ids == [str(receipt.report)]
    assert entry.detail == {
        "instrument": "tipvda",
        "version": "2026.1",
        "answers": 9,
        "taken_back": 0,
    }
    page(desk, receipt)
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="read", purpose="assessment").count() == reads + 1


def test_the_guidance_stands_apart_from_the_grade(desk, receipt):
    with as_role("worker"):
        before = Matter.objects.values().get(pk=receipt.report)
    desk.post(path(receipt, "routing-guidance"), {
        "answers-child_needs": ["health", "learning"], "answers-carer_needs": ["safety"],
        "answers-environment_words": "房子漏水", "answers-service": "both",
    })  # fmt: skip
    kept = {one.question: one.value for one in rows(receipt)}
    assert kept["child_needs"] == ["health", "learning"]
    assert kept["service"] == "both"
    shown = page(desk, receipt, "routing-guidance")
    assert "三面同等重要" in shown
    assert "會這樣說" not in shown
    assert not re.search(r"目前 \d+ 分", shown)
    with as_role("worker"):
        assert Matter.objects.values().get(pk=receipt.report) == before


def test_answers_to_the_consult_form_are_read_as_if_they_had_come_with_the_report():
    policies, _ = tables_in_force(None)
    report = report_body(concerns=[], narrative="", subjects=[], incident={})
    report |= {"received_at": "2026-03-02T09:00:00+08:00", "channel": "hotline-113"}
    given = {"consult": {"happened": ["child-hit"], "hurt": "serious", "danger_now": "unknown"}}
    said = said_with_answers(report, {}, given, policies, UNKNOWN)
    came = propose(inputs_from({**report, "answers": given}, {}), policies)
    assert said["changes"]["stream"] == came.stream == "child-protection"
    assert said["changes"]["grade"] == came.grade == "1"
    assert (
        said_with_answers(report, {}, {"consult": {"lives_together": "yes"}}, policies, UNKNOWN)
        is None
    )


def test_answers_of_the_desk_stand_beside_those_that_came_with_the_report():
    report = {"answers": {"tipvda": {"q1": "yes", "q2": "yes"}, "other": {"a": "yes"}}}
    told = with_answers(report, {"tipvda": {"q2": "no", "q3": "yes"}})["answers"]
    assert told == {"tipvda": {"q1": "yes", "q2": "no", "q3": "yes"}, "other": {"a": "yes"}}
    assert report["answers"]["tipvda"]["q2"] == "yes"


def test_who_does_not_work_on_the_report_finds_no_form(receipt):
    desk_worker("elsewhere", TAIPEI_CITY)
    team_worker("not-yet")
    for username in ("elsewhere", "not-yet"):
        client = signed_in(username)
        assert client.get(path(receipt)).status_code == 404
        assert client.post(path(receipt), YES_8).status_code == 404
    assert rows(receipt) == []


def test_an_instrument_that_is_not_there_is_absent(desk, receipt):
    assert desk.get(path(receipt, "nothing")).status_code == 404


def test_what_the_form_does_not_offer_is_not_kept(desk, receipt):
    answered = desk.post(path(receipt), {"answers-q1": "maybe", "answers-q2": "yes"}, follow=True)
    assert "沒有存下任何答案" in answered.content.decode()
    assert rows(receipt) == []


def test_a_closed_report_can_be_read_and_no_longer_answered(receipt):
    actor = desk_worker()
    with acting(actor, "decide"):
        answer(receipt.report, permit=check_can_decide(actor, receipt.report), reason="已說明")
        instrument = instruments_in_force()["tipvda"]
        permit = check_can_answer_instrument(actor, receipt.report)
        with pytest.raises(NotNow):
            keep_answers(receipt.report, instrument, {"q1": "yes"}, permit=permit)
    shown = page(signed_in("desk-one"), receipt)
    assert shown.index("表單只能看") < shown.index("目前填了多少"), "before anybody reads on"


def test_a_text_that_is_too_long_is_refused_whole(receipt):
    actor = desk_worker()
    with acting(actor, "assessment"):
        permit = check_can_answer_instrument(actor, receipt.report)
        with pytest.raises(AnswersDoNotFit):
            keep_answers(
                receipt.report, instruments_in_force()["tipvda"],
                {"words": "長" * 2001, "q1": "yes"}, permit=permit,
            )  # fmt: skip
    assert rows(receipt) == []
