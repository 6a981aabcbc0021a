"""The search box of the duty desk: who may be meant, by what, and nobody whom the desk has no report on."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anwang.access.models import AuditEntry, Conflict, Seal
from anwang.common.clock import clock_now
from tests.cases.identity_world import CHILD, NAMESAKE, known, record_of, screened
from tests.conftest import as_role
from tests.factories import PASSWORD, TAIPEI_CITY, desk_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
NOBODY, TOO_LITTLE, MEANT = "沒有找到", "請再多說一點", "可能是說這些人"
BY_EAR = "陳曉安"


def signed_in(username: str = "desk-one", county: str = "68000") -> Client:
    desk_worker(username, county)
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def told(client: Client, line: str) -> str:
    """The page behind a search, wherever it leads; without the head and the line itself."""
    page = client.get("/desk/find/", {"q": line}).content.decode()
    return page[page.find("</header>", page.find('id="find-line"')) :]


def receipts_in(page: str) -> list[str]:
    return re.findall(r'data-item="(\w+)"', page)


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (BY_EAR, ["同音"]),
        (f"{BY_EAR} 民國107 中壢", ["同音", "年相同"]),
        ("小安 8歲", ["小名相符", "年齡"]),
        ("小安 8歲 男 中壢區", ["小名相符", "同一鄉鎮市區"]),
        ("陳小安107年5月", []),
        ("範例路1段2號3樓", ["地址"]),
        ("桃園市中壢區範例路1段2號3樓", ["地址", "相同，包括樓層"]),
        ("107.5.1", ["同"]),
    ],
)
def test_somebody_is_found_by_ear_nickname_half_a_birth_or_a_door_with_reasons(line, reasons):
    known(CHILD)
    receipt = screened()
    client = signed_in()
    answer = client.get("/desk/find/", {"q": line})
    page = answer.content.decode()
    assert receipts_in(page) == [receipt.receipt], line
    assert all(word in page for word in reasons)
    assert "陳○安" in page  # whole names stand in the report alone, whose reading is on record


@pytest.mark.parametrize("line", ["陳", "小安", "陳先生", "中壢", "男", "8歲", "中壢 男 8歲", "?"])
def test_who_tells_too_little_is_asked_for_more_and_gets_no_list(line):
    known(CHILD)
    screened()
    page = told(signed_in(), line)
    assert TOO_LITTLE in page and not receipts_in(page)


def test_without_a_word_there_is_neither_a_list_nor_a_reproach():
    known(CHILD)
    screened()
    page = told(signed_in(), " ")
    assert not receipts_in(page) and TOO_LITTLE not in page and NOBODY not in page


def test_whom_a_register_knows_and_no_report_of_this_desk_tells_of_is_nobody():
    known(CHILD, NAMESAKE)
    screened(county="臺北市")
    client = signed_in()
    for line in (BY_EAR, "陳小安 民國107", "桃園市中壢區範例路1段2號3樓", "小安 8歲"):
        page = told(client, line)
        assert NOBODY in page and not receipts_in(page), line
    assert receipts_in(told(signed_in("taipei", TAIPEI_CITY), f"{BY_EAR} 中壢"))


def test_what_another_desk_was_told_of_the_same_person_finds_him_nowhere_else():
    """The nickname and telephone of a report to Taipei are Taipei's, though both mean one child."""
    known(CHILD)
    subject = {"role": "victim", "name": "陳小安", "birth": "107.5.1", "phone": "0912-345-678",
               "address": CHILD["address"]}  # fmt: skip
    elsewhere = screened(county="臺北市", subjects=[subject])
    here = screened()
    assert receipts_in(told(signed_in(), BY_EAR)) == [here.receipt]
    assert NOBODY in told(signed_in("desk-two"), "0912-345-678")
    page = told(signed_in("taipei", TAIPEI_CITY), "0912-345-678")
    assert receipts_in(page) == [elsewhere.receipt]


@pytest.mark.parametrize("closed", ["report", "person", "record"])
@pytest.mark.parametrize("by", ["seal", "conflict"])
def test_who_is_sealed_or_in_conflict_is_answered_like_nobody(closed, by):
    (child,) = known(CHILD)
    receipt = screened()
    client = signed_in()
    assert MEANT in told(client, BY_EAR)
    objects = {"report": receipt.report, "person": child, "record": record_of(receipt)}
    with as_role("worker"):
        if by == "seal":
            Seal.objects.create(object_kind=closed, object_id=objects[closed], ground="adoption",
                                since=clock_now())  # fmt: skip
        else:
            account = AuditEntry.objects.filter(act="searched").latest("at").actor
            Conflict.objects.create(account_id=account, object_kind=closed, ground="declared",
                                    object_id=objects[closed], since=clock_now())  # fmt: skip
    if closed == "record":  # the register's words remain, and the report is open
        assert MEANT in told(client, BY_EAR)
        return
    with CaptureQueriesContext(connection) as asked:
        page = told(client, BY_EAR)
    nobody = told(client, "封大不").replace("封大不", BY_EAR)
    with CaptureQueriesContext(connection) as asked_of_nobody:
        told(client, "封大不")
    assert page == nobody and len(asked) == len(asked_of_nobody)


def test_who_is_kept_safe_is_found_by_no_door_and_no_telephone():
    registered = CHILD | {"phone": "0922-000-111"}
    known(registered)
    told_nothing = [{"role": "victim", "name": "陳小安", "birth": "民國107年5月1日", "sex": "M"}]
    screened(subjects=told_nothing)
    client = signed_in()
    assert MEANT in told(client, "0922-000-111") and MEANT in told(client, "範例路1段2號3樓")
    screened(subjects=[told_nothing[0] | {"safe_address": "臺中市北區平安街8號"}])
    for line in ("0922-000-111", "範例路1段2號3樓", f"{BY_EAR} 中壢", BY_EAR):
        assert NOBODY in told(client, line), line
    page = told(client, f"{BY_EAR} 民國107 範例路1段2號3樓 0922-000-111")
    assert MEANT in page and "地址：" not in page and "電話：" not in page


def test_a_search_is_on_record_with_what_it_showed_and_not_with_what_was_typed():
    known(CHILD)
    receipt = screened()
    told(signed_in(), f"{BY_EAR} 0912345678")
    with as_role("worker"):
        (entry,) = AuditEntry.objects.filter(act="searched")
    assert entry.object_ids == [str(receipt.report)] and entry.purpose == "find-report"
    assert entry.detail == {"results": 0, "persons": 1}


@pytest.mark.slow
def test_many_are_twenty_ranked_and_cost_as_many_statements_as_one():
    names = [CHILD | {"birth_date": f"20{year:02}-05-01"} for year in range(2, 26)]
    known(*names)
    client = signed_in()
    screened(subjects=[{"role": "victim", "name": "陳小安", "birth": names[0]["birth_date"]}])
    with CaptureQueriesContext(connection) as of_one:
        told(client, BY_EAR)
    for one in names[1:]:
        subject = {"role": "victim", "name": "陳小安", "birth": one["birth_date"]}
        screened(subjects=[subject])
    with CaptureQueriesContext(connection) as of_many:
        page = told(client, BY_EAR)
    assert page.count('class="card found meant"') == 20
    ranked = told(client, f"{BY_EAR} 民國100")
    assert "年相同" in ranked[: ranked.find("</article>")]
    assert len(of_one) == len(of_many)
