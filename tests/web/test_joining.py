"""How somebody new comes in through the page, and who lost a code or a factor (I8, R2)."""

from __future__ import annotations

import re
import uuid

import pytest

from anwang.access.models import Account, Membership
from tests.access.people import administrator, browser_of, somebody
from tests.conftest import as_role
from tests.factories import TAIPEI_CITY, TEAM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
NUMBER = "A123456789"  # the number that everybody prints as an example


def form(**more: str) -> dict[str, str]:
    return {
        "display_name": "Tjuku Kaljuvucing．Paljaljuman Ruvaniyaw",
        "username": f"new-{uuid.uuid4().hex[:8]}", "national_id": NUMBER,
        "role": "team-worker", "team": TEAM,
    } | more  # fmt: skip


def test_an_invited_colleague_has_a_code_shown_once_and_a_place_that_opens_nothing_yet():
    browser, said = browser_of(administrator()), form()
    shown = browser.post("/staff/invite/", said)
    page = shown.content.decode()
    assert shown.status_code == 200 and re.search(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", page)
    assert "no-store" in shown["Cache-Control"]
    with as_role("worker"):
        made = Account.objects.get(username=said["username"])
        place = Membership.objects.get(account=made)
    with as_role("worker"):
        assert made.human
    assert (place.team_id, place.ground) == (TEAM, "joined")
    assert place.holds_until is not None and place.holds_until.year == 1970
    assert NUMBER not in page
    assert browser.get(f"/staff/{made.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"national_id": "A123456788"}, "身分證字號"), ({"username": "Ü"}, "帳號名稱"),
        ({"display_name": " "}, "姓名"), ({"role": "ministry"}, "職務"),
        ({"team": f"{TAIPEI_CITY}-desk", "role": "desk"}, "團隊"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nobody_is_made(wrong, told):
    said = form(**wrong)
    page = browser_of(administrator()).post("/staff/invite/", said).content.decode()
    [error] = re.findall(r'class="ask" role="alert">([^<]+)<', page)
    assert told in error
    with as_role("worker"):
        assert not Account.objects.filter(username=said["username"]).exists()


def test_a_taken_name_is_said():
    browser, said = browser_of(administrator()), form()
    browser.post("/staff/invite/", said)
    assert "已經有人用了" in browser.post("/staff/invite/", said).content.decode()


def test_one_administrator_gives_a_code_and_another_takes_the_factors():
    first, second, theirs = browser_of(administrator()), browser_of(administrator()), somebody()
    page = f"/staff/{theirs.id}/"
    assert "只顯示這一次" in first.post(f"{page}code/").content.decode()
    lost = {"proof": "card-in-person", "why": "掉在路上了，找不回來"}
    assert first.post(f"{page}factors/", lost)["Location"] == page
    assert "兩位管理人員" in first.get(page).content.decode()
    assert second.post(f"{page}factors/", lost)["Location"] == page
    assert "已移除第二道驗證" in second.get(page).content.decode()
    assert second.post(f"{page}factors/", lost | {"proof": "x"}).status_code == 404


def test_nobody_gives_himself_a_code_nor_to_another_county():
    mine = administrator()
    browser = browser_of(mine)
    assert browser.post(f"/staff/{mine.id}/code/")["Location"] == f"/staff/{mine.id}/"
    far = somebody(county=TAIPEI_CITY, team=f"{TAIPEI_CITY}-desk", role="desk")
    assert browser.post(f"/staff/{far.id}/code/").status_code == 404
