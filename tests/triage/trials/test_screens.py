"""The screens of trials through the client: who enters, what they show, done and under way."""

from __future__ import annotations

import pytest
from django.test import Client

from anwang.access.context import acting
from anwang.rulebook.models import PolicyVersion
from anwang.triage.trials.actions.backtests import ask_backtest, run_waiting_backtests
from anwang.triage.trials.actions.quality import count_quality
from anwang.triage.trials.actions.walks import run_waiting_walks
from anwang.triage.trials.permissions import check_can_try
from tests.conftest import as_role
from tests.factories import PASSWORD, TAOYUAN, account, desk_worker, team_worker
from tests.triage.trials.conftest import draft_of

pytestmark = pytest.mark.django_db


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def actor(db):
    return desk_worker()


@pytest.fixture
def desk(actor) -> Client:
    return signed_in("desk-one")


@pytest.mark.parametrize("path", ["", "shadow/", "steps/", "quality/"])
def test_each_room_opens_to_the_desk_and_not_to_a_team(desk, path):
    team_worker()
    assert desk.get(f"/trials/{path}").status_code == 200
    assert signed_in("team-one").get(f"/trials/{path}").status_code == 403


def test_a_back_test_is_asked_for_watched_and_stopped(desk):
    number = PolicyVersion.objects.get(policy_id="triage.grade", state="in force").pk
    assert desk.get(f"/trials/of/{number}/").status_code == 200
    late = desk.post(f"/trials/of/{number}/", {"since": "2026-03-02", "until": "2026-03-01"})
    assert late.status_code == 422 and "結束日早於起始日" in late.content.decode()
    asked = desk.post(f"/trials/of/{number}/", {})
    waiting = desk.get(asked.url)
    assert "data-live" in waiting.content.decode()
    page = desk.get(f"/trials/of/{number}/").content.decode()
    assert "這一版試算過的" in page and asked.url in page
    desk.post(f"{asked.url}stop/")
    with as_role("worker"):
        run_waiting_backtests()
    assert "已停止" in desk.get(asked.url).content.decode()


def test_a_countys_difference_is_tried_from_its_draft(past, desk):
    """One that does not fit the nation's table is refused in words, not tried."""
    account("man-one", ("", TAOYUAN, "county-manager"))
    manager = signed_in("man-one")
    past(3)
    overlay = PolicyVersion.objects.get(policy_id="triage.window", county=TAOYUAN, state="in force")
    draft_page = manager.post(f"/policies/{overlay.pk}/draft/").url
    number = int(draft_page.split("/")[2])
    assert f"/trials/of/{number}/" in manager.get(draft_page).content.decode()
    asked = manager.post(f"/trials/of/{number}/", {})
    assert asked.status_code == 302
    with as_role("worker"):
        run_waiting_backtests()
    shown = manager.get(asked.url).content.decode()
    assert "件過去的通報中" in shown
    said = {"id": "W-68000-x", "replaces": "W-01", "then.window": "health-bureau-window",
            "when.grade": "= 1", "text.zh": "本市", "text.en": "Here", "citation": "假定",
            "confidence": "U"}  # fmt: skip
    version = PolicyVersion.objects.get(pk=number)
    manager.post(f"/policies/{number}/rows/{version.rows}/", said | {"seen": version.sha256})
    refused = manager.post(f"/trials/of/{number}/", {})
    assert refused.status_code == 409 and "W-68000-x" in refused.content.decode()


def test_a_result_shows_numbers_pictures_and_only_ones_own_reports(past, desk, actor):
    mine = past(6)
    (foreign,) = past(1, county="屏東縣")
    with acting(actor, "test"):
        run = ask_backtest(
            [draft_of("triage.grade", "G-13", {"grade": "1"})], permit=check_can_try(actor)
        )
    with as_role("worker"):
        run_waiting_backtests()
    page = desk.get(f"/trials/{run.pk}/").content.decode()
    assert "6 件過去的通報中" in page and "<svg" in page and "style=" not in page
    assert all(one.receipt in page for one in mine)
    assert foreign.receipt not in page
    desk_worker("desk-two", "10013")
    assert signed_in("desk-two").get(f"/trials/{run.pk}/").status_code == 404


def test_a_history_is_walked_from_its_report(past, desk):
    (receipt,) = past()
    address = f"/desk/{receipt.receipt}/walk/"
    assert "開始重播" in desk.get(address).content.decode()
    desk.post(f"{address}ask/")
    assert "data-live" in desk.get(address).content.decode()
    with as_role("worker"):
        run_waiting_walks()
    page = desk.get(address).content.decode()
    assert "時間軸" in page and "兒少保護" in page
    team_worker()
    assert signed_in("team-one").get(address).status_code == 404


def test_a_step_is_stopped_with_two_taps_and_started_by_the_manager(desk):
    page = desk.get("/trials/steps/").content.decode()
    assert "<details>" in page and "運作中" in page
    said = {"step": "auto-dispatch", "county": TAOYUAN, "runs": "no"}
    stopped = desk.post("/trials/steps/switch/", said, follow=True)
    assert "已停止" in stopped.content.decode()
    assert (
        desk.post("/trials/steps/switch/", said | {"runs": "yes", "reason": "x"}).status_code == 404
    )
    account("manager-one", ("68000-county-manager", TAOYUAN, "county-manager"))
    started = signed_in("manager-one").post(
        "/trials/steps/switch/", said | {"runs": "yes", "reason": "恢復"}, follow=True
    )
    assert "運作中" in started.content.decode()


def test_the_quality_loop_says_stage_and_denominator(past, desk, service_teams):
    past(1)
    assert "還沒有統計過" in desk.get("/trials/quality/").content.decode()
    with as_role("worker"):
        count_quality()
    for by in ("channel", "screener", "row"):
        page = desk.get(f"/trials/quality/?by={by}").content.decode()
        assert "分母：未派案而結束的通報" in page and "收案階段" in page
