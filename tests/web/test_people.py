"""The room of a county's people and rights, as a browser meets it."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection

from tests.access.people import administrator, browser_of, place_of, somebody
from tests.access.test_sign_in import pass_time
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TAIPEI_CITY, TEAM, screened_report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


def text_of(answer) -> str:
    return answer.content.decode()


def test_the_room_is_the_administrators_alone_and_his_first():
    assert browser_of(administrator()).get("/")["Location"] == "/staff/"
    for role in ("supervisor", "county-manager", "desk"):
        assert browser_of(somebody(role, DESK)).get("/staff/").status_code == 403


def test_the_list_shows_long_names_places_and_what_has_expired():
    browser = browser_of(administrator())
    somebody(name="Tjuku Kaljuvucing．Paljaljuman Ruvaniyaw")
    somebody(trained=None)
    shown = text_of(browser.get("/staff/"))
    assert "Paljaljuman" in shown and "訓練或規範過期" in shown
    assert "沒有符合的人" in text_of(browser.get("/staff/?q=nobody-of-that-name"))


def test_a_page_holds_fifty_and_leads_on():
    browser = browser_of(administrator())
    for _ in range(51):
        somebody()
    first = text_of(browser.get("/staff/"))
    assert first.count('<td><a href="/staff/') == 50
    [more] = re.findall(r'rel="next" href="\?([^"]+)"', first)
    second = text_of(browser.get(f"/staff/?{more}"))
    assert 1 <= second.count('<td><a href="/staff/') <= 50


def test_a_hundred_accounts_take_no_more_statements_than_ten(django_assert_max_num_queries):
    browser = browser_of(administrator())
    for _ in range(30):
        somebody()
    browser.get("/staff/")
    with django_assert_max_num_queries(40):
        browser.get("/staff/")


def test_giving_taking_training_and_ending_through_the_page():
    browser, theirs = browser_of(administrator()), somebody(trained=None)
    page = f"/staff/{theirs.id}/"
    assert browser.get(page).status_code == 200
    given = {"role": "lead", "team": SECOND_TEAM, "ground": "moved"}
    assert browser.post(f"{page}give/", given)["Location"] == page
    assert "調動" in text_of(browser.get(page))
    browser.post(f"{page}take/{place_of(theirs).pk}/", {"ground": "moved"})
    assert "還原" in text_of(browser.get(page))
    noted = {"training": "protection-of-data", "passed_on": "2026-01-05", "proof": "A-1234"}
    browser.post(f"{page}training/", noted | {"passed_on": "no day"})
    assert "通過日期" in text_of(browser.get(page))
    browser.post(f"{page}training/", noted | {"passed_on": today()})
    shown = text_of(browser.get(page))
    assert "A-1234" in shown
    [withdraw] = re.findall(rf"{page}training/[0-9a-f-]+/withdraw/", shown)
    browser.post(withdraw)
    assert "已撤回" in text_of(browser.get(page))
    browser.post(f"{page}end/", {"ground": "left"})
    assert "重新開啟帳號" in text_of(browser.get(page))
    browser.post(f"{page}reopen/", {"ground": "mistake"})
    assert "結束這個帳號" in text_of(browser.get(page))


def today() -> str:
    from anwang.common.clock import clock_now

    return str(clock_now().date())


def test_ones_own_account_has_no_form():
    mine = administrator()
    shown = text_of(browser_of(mine).get(f"/staff/{mine.id}/"))
    assert "另一位管理人員" in shown and "/give/" not in shown


def test_acts_ask_for_a_fresh_proof():
    browser, theirs = browser_of(administrator()), somebody()
    browser.get("/staff/")
    pass_time("6 minutes")
    answer = browser.post(f"/staff/{theirs.id}/end/", {"ground": "left"})
    assert answer["Location"].startswith("/sign-in/again/")


def test_foreign_accounts_citizens_and_none_are_absent_alike():
    """R8."""
    browser = browser_of(administrator())
    far = somebody(county=TAIPEI_CITY, team=f"{TAIPEI_CITY}-desk", role="desk")
    for who in (far.id, somebody("citizen", "citizen-68000").id, uuid.uuid4()):
        for path in ("", "reach/"):
            assert browser.get(f"/staff/{who}/{path}").status_code == 404
        assert browser.post(f"/staff/{who}/end/", {"ground": "left"}).status_code == 404


def test_an_administrator_gains_no_case_by_giving_rights_to_himself_or_another_account_of_his():
    """R2, R4: the story of who administers rights and wants to read."""
    human = b"k" * 32
    mine = administrator(human=human)
    browser, other = browser_of(mine), somebody(human=human, team=SECOND_TEAM)
    told = screened_report()
    for who in (mine, other):
        page = f"/staff/{who.id}/"
        for given in ({"role": "desk", "team": DESK}, {"role": "lead", "team": TEAM}):
            browser.post(f"{page}give/", given | {"ground": "joined"})
    assert browser.get(f"/desk/{told.receipt}/").status_code == 404
    assert browser_of(other).get(f"/desk/{told.receipt}/").status_code == 404
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select count(*) from access_membership where given_by = %s", [mine.id])
        assert cursor.fetchone() == (0,)


def test_what_an_account_sees_is_told_in_numbers_without_names():
    browser, desk = browser_of(administrator()), somebody("desk", DESK)
    told = screened_report()
    shown = text_of(browser.get(f"/staff/{desk.id}/reach/"))
    assert "triage_matter" in shown and "陳小安" not in shown and "通報人身分" in shown
    asked = f"/staff/{desk.id}/reach/?kind=report&number="
    assert "看得到</span>" in text_of(browser.get(asked + told.receipt))
    absent = text_of(browser.get(asked + "0000000000A"))
    assert "看不到</span>" in absent and "沒有這個編號" in absent


def test_everybody_sees_what_his_own_account_reaches():
    for role in ("mandated-reporter", "desk", "auditor", "operator", "citizen"):
        shown = browser_of(somebody(role, "68000-x" if role != "desk" else DESK)).get(
            "/account/reach/"
        )
        assert shown.status_code == 200 and "為什麼" in text_of(shown)
