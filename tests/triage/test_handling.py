"""The desk sees how policy wants a report handled, ends a wrong one as what it is, and a pattern of
untrue ones is told to it alone."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from anwang.access.actions.relations import Reach, relate
from anwang.access.context import LOADING, acting
from anwang.intake.actions import Receipt
from anwang.triage.actions.decisions import ReasonNeeded, answer, confirm
from anwang.triage.models import Decision, Screening
from anwang.triage.permissions import check_can_decide
from anwang.triage.rules.inputs import inputs_from
from tests.conftest import as_role
from tests.factories import (
    DESK,
    PASSWORD,
    desk_worker,
    report_body,
    screened_report,
    team_worker,
)
from tests.triage.test_views import version_in
from tests.trust.automatic_world import told

DAY = {"received_at": "2026-03-02T09:12:00+08:00"}


def signs(**more):
    said = report_body(county=None) | DAY | more
    return inputs_from(said, {})["error_signs"]


def test_a_report_with_somebody_and_a_place_shows_no_sign_of_error():
    assert signs() == frozenset()


def test_somebody_known_by_number_alone_is_named():
    assert (
        signs(subjects=[{"role": "victim", "id": {"token": "ab", "shown": "A12***"}}])
        == frozenset()
    )


@pytest.mark.parametrize(
    ("birth", "sign"),
    [("1895-01-01", True), ("民國130年1月1日", True), ("民國115年12月1日", False), ("約90歲", False),
     ("民國10年1月1日", False), ("不詳", False)],
)  # fmt: skip
def test_a_birth_that_cannot_be_is_a_sign_and_an_unborn_child_is_none(birth, sign):
    found = signs(subjects=[{"role": "victim", "name": "範例", "birth": birth}])
    assert ("impossible-birth" in found) is sign


@pytest.mark.parametrize(
    ("place", "county", "sign"),
    [("日本東京都", None, True), ("臺北市香港路1號", None, False), ("日本東京都", "63000", False),
     ("隔壁", None, False)],
)  # fmt: skip
def test_a_report_from_abroad_is_one_whose_every_place_lies_there(place, county, sign):
    subjects = [{"role": "person-in-need", "name": "範例", "address": place}]
    assert ("abroad" in signs(subjects=subjects, county=county)) is sign


pytestmark = pytest.mark.usefixtures("service_teams")


@pytest.fixture
def desk(db):
    return desk_worker()


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def page_of(client: Client, receipt) -> str:
    return client.get(f"/desk/{receipt.receipt}/").content.decode()


def ended(desk, receipt, error: str) -> None:
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        answer(receipt.report, permit=permit, reason="已查證", error=error)


def test_the_page_tells_window_and_tasks_with_their_rows(desk):
    receipt = told(
        concerns=["partner-violence"],
        incident={"weapon": True},
        subjects=[{"role": "victim", "name": "範例阿芬", "birth": "民國74年3月2日"}],
    )
    page = page_of(signed_in("desk-one"), receipt)
    for words in ("怎麼處理", "集中派案窗口", "請警察陪同訪視", "填危險評估", "T-01", "W-03"):
        assert words in page, words
    assert "W-03" not in page.partition('id="handling"')[0], "told once"


def test_what_the_desk_is_asked_first_stands_there_with_its_signs(desk):
    receipt = told(
        concerns=["other"], narrative="想請人幫忙。", incident={"occurred_at": "2099-05-01"}
    )
    page = page_of(signed_in("desk-one"), receipt)
    assert "先查明是否為錯誤通報" in page
    assert "發生日期在未來" in page


def test_a_wrong_report_says_which_kind_of_wrong(desk):
    receipt = screened_report()
    with pytest.raises(ReasonNeeded):
        ended(desk, receipt, "whatever")
    client = signed_in("desk-one")
    said = {"version": version_in(page_of(client, receipt)), "kind": "error", "reason": "電話空號"}
    refused = client.post(f"/desk/{receipt.receipt}/answer/", said)
    assert "請選是哪一種錯誤通報" in refused.content.decode()
    client.post(f"/desk/{receipt.receipt}/answer/", said | {"error_kind": "unreachable"})
    with as_role("worker"), acting(LOADING, "test"):
        outcome = Decision.objects.get(matter=receipt.report).outcome
    assert outcome == {"state": "error", "error_kind": "unreachable"}


def about_the_same(number: int) -> list[Receipt]:
    """So many reports about one person, whom the desk knows as their subject."""
    child, made = uuid4(), []
    for _ in range(number):
        receipt = screened_report(child=child)
        with as_role("worker"), acting(LOADING, "test"):
            relate([Reach(DESK, "person", child, ground="subject", through=receipt.report)])
        made.append(receipt)
    return made


def test_a_pattern_of_untrue_reports_is_told_to_the_desk_alone(desk):
    *untrue, new = about_the_same(3)
    client = signed_in("desk-one")
    ended(desk, untrue[0], "untrue")
    assert "不實通報" not in page_of(client, new), "one alone is no pattern"
    ended(desk, untrue[1], "untrue")
    page = page_of(client, new)
    assert "一年內有 2 件關於同一人的通報" in page
    assert all(one.receipt in page for one in untrue)
    with acting(desk, "decide"):
        confirm(new.report, permit=check_can_decide(desk, new.report))
    team_worker()
    team = page_of(signed_in("team-one"), new)
    assert "陳小安" in team
    assert "不實通報" not in team


def test_reports_ended_for_other_reasons_are_no_pattern(desk):
    *others, new = about_the_same(4)
    for one, kind in zip(others, ("unreachable", "entered-twice", "out-of-scope"), strict=True):
        ended(desk, one, kind)
    assert "不實通報" not in page_of(signed_in("desk-one"), new)


def test_a_pattern_is_no_part_of_any_proposal(desk):
    """V8: who was wrongly reported before may be harmed now."""
    *untrue, new = about_the_same(3)
    for one in untrue:
        ended(desk, one, "untrue")
    with as_role("worker"), acting(LOADING, "test"):
        made = Screening.objects.get(matter=new.report)
    told_of = str(made.inputs) + str(made.proposal) + str(made.picture)
    assert "untrue" not in told_of and all(one.receipt not in told_of for one in untrue)
