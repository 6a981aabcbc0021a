"""The desk in a browser's hands: what it shows, whom it answers, and what it costs."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anwang.access.models import AuditEntry
from anwang.triage.models import Matter
from tests.conftest import as_role
from tests.factories import (
    PASSWORD,
    desk_worker,
    received_report,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
ABSENT = "ZZZZZZZZZZZ"


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def desk() -> Client:
    desk_worker()
    return signed_in("desk-one")


def entries(act: str) -> list[AuditEntry]:
    with as_role("worker"):
        return list(AuditEntry.objects.filter(act=act).order_by("at"))


def version_in(page: str) -> str:
    return re.search(r'name="version" value="([^"]+)"', page).group(1)


def matter_of(receipt) -> Matter:
    with as_role("worker"):
        return Matter.objects.get(pk=receipt.report)


def test_the_queue_shows_what_waits_with_masked_names_and_is_on_record(desk):
    receipt = screened_report()
    page = desk.get("/desk/").content.decode()
    assert receipt.receipt in page
    assert "陳○安" in page
    assert "陳小安" not in page
    (entry,) = entries("read")
    assert entry.object_ids == [str(receipt.report)]


def test_a_report_shows_the_proposal_the_picture_and_what_nobody_asked(desk):
    receipt = screened_report()
    page = desk.get(f"/desk/{receipt.receipt}/").content.decode()
    for words in ("陳小安", "受虐，無立即危險", "兒少權法第53條", "若「立即危險」為是：分級改為",
                  "未查詢", "個來源沒有回答", "<svg", "範例protection", "責任通報"):  # fmt: skip
        assert words in page, words
    assert "範例老師" not in page
    assert "03-3000000" not in page


def test_sources_that_hold_nothing_and_those_that_did_not_answer_are_told_apart(desk):
    page = desk.get(f"/desk/{screened_report().receipt}/").content.decode()
    assert "1 個來源查無資料" in page
    assert "1 個來源沒有回答" in page


def test_a_report_that_was_not_screened_yet_stands_there_marked(desk):
    receipt = received_report()
    page = desk.get(f"/desk/{receipt.receipt}/").content.decode()
    assert "未經檢核" in page
    assert "尚未辨識" in page


def test_a_queue_that_did_not_change_answers_nothing_and_records_nothing(desk):
    receipt = screened_report()
    page = desk.get("/desk/").content.decode()
    url = re.search(r'data-live="([^"]+)"', page).group(1).replace("&amp;", "&")
    before = len(entries("read"))
    with CaptureQueriesContext(connection) as asked:
        answer = desk.get(url)
    assert answer.status_code == 204
    assert answer.content == b""
    assert len(asked) < 15
    assert len(entries("read")) == before
    second = screened_report(same_as=receipt)
    fresh = desk.get(url)
    assert second.receipt in fresh.content.decode()
    assert entries("read")[-1].object_ids == [str(second.report)]


def test_enter_confirms_and_says_who_is_responsible_until_it_is_accepted(desk):
    receipt = screened_report()
    page = desk.get(f"/desk/{receipt.receipt}/").content.decode()
    answer = desk.post(
        f"/desk/{receipt.receipt}/confirm/", {"version": version_in(page)}, follow=True
    )
    assert "受理之前仍由本台負責" in answer.content.decode()
    assert matter_of(receipt).state == "offered"


def test_a_decision_on_an_older_view_is_not_taken_and_says_so(desk):
    receipt = screened_report()
    version = version_in(desk.get(f"/desk/{receipt.receipt}/").content.decode())
    desk.post(f"/desk/{receipt.receipt}/answer/",
              {"version": version, "kind": "answered", "reason": "已說明"})  # fmt: skip
    desk.post(f"/desk/{receipt.receipt}/reopen/",
              {"version": matter_of(receipt).changed_at.isoformat(), "reason": "再看"})  # fmt: skip
    late = desk.post(f"/desk/{receipt.receipt}/confirm/", {"version": version}, follow=True)
    assert "沒有送出任何決定" in late.content.decode()
    assert matter_of(receipt).state == "awaiting-decision"


def test_a_change_without_a_reason_comes_back_with_what_was_chosen(desk):
    receipt = screened_report()
    version = version_in(desk.get(f"/desk/{receipt.receipt}/").content.decode())
    sent = {"version": version, "grade": "1", "stream": "child-protection",
            "team": "68000-protection-b", "reason": " "}  # fmt: skip
    page = desk.post(f"/desk/{receipt.receipt}/change/", sent).content.decode()
    assert "請寫理由" in page
    assert "data-open-now" in page
    assert re.search(r'value="68000-protection-b" selected', page)
    desk.post(f"/desk/{receipt.receipt}/change/", sent | {"reason": "孩子今晚不敢回家"})
    matter = matter_of(receipt)
    assert (matter.state, matter.grade, matter.offered_team) == (
        "offered",
        "1",
        "68000-protection-b",
    )


def test_the_same_event_is_joined_and_taken_back_from_the_page(desk):
    first = screened_report()
    second = screened_report(same_as=first)
    page = desk.get(f"/desk/{second.receipt}/").content.decode()
    assert "合看" in page
    base = f"/desk/{second.receipt}/same/{first.receipt}"
    joined = desk.post(f"{base}/join/", {"version": version_in(page)}, follow=True).content.decode()
    assert "已併為同一事件" in joined
    desk.post(f"{base}/undo/", {"version": matter_of(second).changed_at.isoformat()})
    assert matter_of(second).state == "awaiting-decision"


def comparable(page: bytes, receipt: str) -> bytes:
    page = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", page)
    return page.replace(receipt.encode(), b"RECEIPT")


def test_another_countys_report_is_answered_like_one_that_does_not_exist(desk):
    receipt = screened_report()
    desk_worker("desk-taipei", "63000")
    elsewhere = signed_in("desk-taipei")
    for tail in ("", "change/", "answer/"):
        hidden = elsewhere.get(f"/desk/{receipt.receipt}/{tail}")
        absent = elsewhere.get(f"/desk/{ABSENT}/{tail}")
        assert hidden.status_code == absent.status_code == 404
        assert comparable(hidden.content, receipt.receipt) == comparable(absent.content, ABSENT)
        assert hidden.headers.keys() == absent.headers.keys()
    for tail in ("confirm/", "withdraw/", f"same/{receipt.receipt}/join/"):
        hidden = elsewhere.post(f"/desk/{receipt.receipt}/{tail}", {"version": "x"})
        absent = elsewhere.post(
            f"/desk/{ABSENT}/{tail.replace(receipt.receipt, ABSENT)}", {"version": "x"}
        )
        assert hidden.status_code == absent.status_code == 404
        assert comparable(hidden.content, receipt.receipt) == comparable(absent.content, ABSENT)
    assert receipt.receipt not in elsewhere.get("/desk/").content.decode()
    assert "沒有找到" in elsewhere.get("/desk/find/", {"q": receipt.receipt}).content.decode()
    assert "沒有找到" in elsewhere.get("/desk/find/", {"q": "陳小安"}).content.decode()


def test_a_team_without_the_offer_reads_nothing_and_has_no_desk():
    receipt = screened_report()
    team_worker()
    client = signed_in("team-one")
    assert client.get(f"/desk/{receipt.receipt}/").status_code == 404
    assert client.get("/desk/").status_code == 403


def test_without_signing_in_every_page_leads_to_the_sign_in():
    receipt = screened_report()
    for path in ("/desk/", "/desk/queue/", "/desk/find/", f"/desk/{receipt.receipt}/"):
        assert Client().get(path).headers["Location"].startswith("/sign-in")


def test_finding_is_by_receipt_or_exact_name_and_on_record(desk):
    receipt = screened_report()
    screened_report()
    direct = desk.get("/desk/find/", {"q": receipt.receipt.lower()})
    assert direct.headers["Location"] == f"/desk/{receipt.receipt}/"
    by_name = desk.get("/desk/find/", {"q": "陳大方"}).content.decode()
    assert by_name.count('class="item"') == 2
    assert "請再多說一點" in desk.get("/desk/find/", {"q": "陳"}).content.decode()
    assert [entry.detail["results"] for entry in entries("searched")] == [1, 2, 0]


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow_with_the_queue(desk):
    receipts = [screened_report() for _ in range(5)]
    path = f"/desk/{receipts[0].receipt}/"
    for page in ("/desk/", path):  # what a process asks once
        desk.get(page)
    few = (queries_of(desk, "/desk/"), queries_of(desk, path))
    for number in range(195):
        screened_report(same_as=receipts[0] if number < 20 else None)
    assert (queries_of(desk, "/desk/"), queries_of(desk, path)) == few
    page = desk.get("/desk/").content.decode()
    assert page.count('class="item"') == 50
    assert "?page=2" in page
    assert desk.get("/desk/?page=4").content.decode().count('class="item"') == 50
    assert few[0] < 30
    # Three of them for the forms about the report, one for untrue ones before, one each for reports
    # joined to it and for a second look.
    assert few[1] < 61
