"""The single reports behind a trial: whoever writes the rules sees what becomes of each and opens none."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from anwang.access.context import acting
from anwang.triage.trials.actions import shadows
from anwang.triage.trials.actions.backtests import ask_backtest, run_waiting_backtests
from anwang.triage.trials.permissions import check_can_try
from tests.access.test_closed_to_me import closed, sealed
from tests.conftest import as_role
from tests.factories import TAOYUAN, account, desk_worker
from tests.triage.trials.conftest import draft_of
from tests.triage.trials.test_screens import signed_in

pytestmark = pytest.mark.django_db
GRAVER = ("triage.grade", "G-13", {"grade": "1"})
TOLD = "鄰居聽到小孩哭喊，手臂有瘀青，名叫陳小星。"


@pytest.fixture
def ministry():
    return account("min-one", ("", None, "ministry"))


@pytest.fixture
def shadowed(monkeypatch):
    """A version that grades every other child report 1."""
    monkeypatch.setattr(shadows, "versions_in_shadow", lambda: [draft_of(*GRAVER)])


def tried_by(actor) -> str:
    """The address of a back-test of the graver table, done."""
    with acting(actor, "test"):
        run = ask_backtest([draft_of(*GRAVER)], permit=check_can_try(actor))
    with as_role("worker"):
        run_waiting_backtests()
    return f"/trials/{run.pk}/"


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_ministry_sees_number_county_and_outcome_and_opens_nothing(past, ministry):
    """R10: states, never what a report tells, nor of whom, nor who told it."""
    (here,), (there,) = past(1, narrative=TOLD), past(1, county="屏東縣", narrative=TOLD)
    shown = page(signed_in("min-one"), tried_by(ministry))
    for one in (here, there):
        assert one.receipt in shown and f'href="/desk/{one.receipt}/"' not in shown
        assert signed_in("min-one").get(f"/desk/{one.receipt}/").status_code == 404
        assert str(one.report) not in shown
    listed = shown[shown.rindex("逐件差異") :]
    assert "桃園市" in listed and "屏東縣" in listed and "→ <b>" in listed
    assert "G-13" in listed and "同一列，內容改了" in listed
    assert "陳小星" not in shown and "瘀青" not in shown
    assert "請以編號問那個縣市的值班台" in shown


def test_a_countys_management_sees_its_own_and_a_desk_only_what_it_works_with(past):
    (here,), (there,) = past(1), past(1, county="屏東縣")
    manager = account("man-one", ("", TAOYUAN, "county-manager"))
    shown = page(signed_in("man-one"), tried_by(manager))
    assert here.receipt in shown and there.receipt not in shown
    account("man-two", ("", "10013", "county-manager"))
    assert signed_in("man-two").get(tried_by(manager)).status_code == 404
    desk = desk_worker()
    assert f'href="/desk/{here.receipt}/"' in page(signed_in("desk-one"), tried_by(desk))


@pytest.mark.parametrize("how", ["sealed", "conflict"])
def test_what_is_closed_to_the_reader_is_not_listed(past, ministry, how):
    """R5, R8."""
    kept, gone = past(2)
    address = tried_by(ministry)
    if how == "sealed":
        sealed("report", gone.report)
    else:
        closed(ministry, "report", gone.report)
    shown = page(signed_in("min-one"), address)
    assert kept.receipt in shown and gone.receipt not in shown


def test_the_versions_in_shadow_are_shown_alike(past, ministry, shadowed):
    (here,), (there,) = past(1), past(1, county="屏東縣")
    with as_role("worker"):
        shadows.run_shadows()
    account("man-one", ("", TAOYUAN, "county-manager"))
    nation = page(signed_in("min-one"), "/trials/shadow/")
    county = page(signed_in("man-one"), "/trials/shadow/")
    assert here.receipt in nation and there.receipt in nation
    assert here.receipt in county and there.receipt not in county
    desk_worker("desk-two", "10013")
    foreign = page(signed_in("desk-two"), "/trials/shadow/")
    assert here.receipt not in foreign and there.receipt in foreign


def test_nobody_asks_for_another_county_in_his_own_words(past):
    past(1)
    ministry = account("min-two", ("", None, "ministry"))
    run = tried_by(ministry).split("/")[2]
    manager = account("man-one", ("", TAOYUAN, "county-manager"))
    with acting(manager, "test"), connection.cursor() as cursor:
        cursor.execute("select count(*) from triage.differences_told(%s)", [run])
        assert cursor.fetchone() == (0,)
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("select triage.leads(null)")
