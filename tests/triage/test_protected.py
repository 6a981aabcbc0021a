"""The screens of what the vault holds: asked, approved, shown once; relay; help to an address (R6, R7)."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test import Client

from anwang.access.actions.senders import add_sender
from anwang.access.context import Actor, acting
from anwang.access.models import Account, AuditEntry, Conflict, Notice
from anwang.cases.actions import accept_offer
from anwang.intake.actions import deliver
from anwang.intake.models import HelpCall
from anwang.triage.actions.decisions import Change, confirm
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import (
    PASSWORD,
    SECOND_TEAM,
    TAOYUAN,
    TEAM,
    account,
    desk_worker,
    report_body,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
SAFE = {
    "safe_address": "新北市三重區秘密路77號9樓",
    "safe_phone": "0900-123-987",
    "safe_times": "週三下午兩點後",
}
REPORTER = ("範例老師", "03-3000000")
WHY = "法院來文要求，案號在卷，須於今日回覆承辦法官說明。"
SUBJECTS = [{"role": "victim", "name": "陳小安", "address": "桃園市中壢區範例路1段2號"} | SAFE]


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def accepted():
    """A report whose safe address is known, taken over by TEAM; its lead is lead-one."""
    desk, worker = desk_worker(), team_worker()
    account("lead-one", (TEAM, TAOYUAN, "lead"))
    account("officer-one", ("68000-office", TAOYUAN, "reporter-protection-officer"))
    account("privacy-one", ("68000-office", TAOYUAN, "privacy-officer"))
    account("unit-one", (SECOND_TEAM, TAOYUAN, "team-worker"))
    receipt = screened_report(subjects=SUBJECTS)
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        offer = confirm(receipt.report, permit=permit, change=Change("由該組接", {"team": TEAM}))
    with acting(worker, "answer-offer"):
        accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
    return receipt


def says_nothing(page: bytes) -> None:
    text = page.decode()
    for secret in (*REPORTER, *SAFE.values()):
        assert secret not in text, secret


def ask(client: Client, receipt: str, what: str, **more: str) -> None:
    form = {"ground": "court-order", "text": WHY, "fields": "contact"} | more
    answer = client.post(f"/protected/{receipt}/ask/{what}/", form, follow=True)
    assert answer.status_code == 200
    says_nothing(answer.content)


def the_request(client: Client) -> uuid.UUID:
    page = client.get("/two-persons/").content.decode()
    return uuid.UUID(re.search(r"/two-persons/([0-9a-f-]{36})/approve/", page).group(1))


def test_the_reporter_is_shown_once_after_another_rank_approved(accepted):
    lead, officer = signed_in("lead-one"), signed_in("officer-one")
    ask(lead, accepted.receipt, "reporter")
    request = the_request(officer)
    url = f"/protected/{accepted.receipt}/reporter/{request}/"
    told = officer.get("/two-persons/").content.decode()
    assert "<b>聯絡電話、電子郵件</b>" in told, "who approves sees how much is asked for"
    assert lead.post(url).status_code == 404, "not before it is approved"
    assert officer.post(f"/two-persons/{request}/approve/").status_code == 302
    answer = lead.post(url)
    page = answer.content.decode()
    assert "03-3000000" in page and "範例老師" not in page, "one field set"
    assert "no-store" in answer["Cache-Control"] and answer["Refresh"] == (
        f"1800; url=/protected/{accepted.receipt}/"
    )
    assert "no-print" in page
    assert lead.post(url).status_code == 404, "shown once"
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="reporter-revealed")
        told = set(Notice.objects.values_list("kind", flat=True))
    assert entry.fields == ["phone", "email"]
    assert "03-3000000" not in str(vars(entry))
    assert {"two-persons-asked", "two-persons-approved", "reporter-revealed"} <= told


def test_who_approved_and_who_did_not_ask_see_nothing(accepted):
    lead, officer = signed_in("lead-one"), signed_in("officer-one")
    ask(lead, accepted.receipt, "reporter")
    request = the_request(officer)
    officer.post(f"/two-persons/{request}/approve/")
    for other in (officer, signed_in("desk-one"), signed_in("team-one")):
        answer = other.post(f"/protected/{accepted.receipt}/reporter/{request}/")
        assert answer.status_code == 404
        says_nothing(answer.content)


def test_a_declined_request_says_why_and_opens_nothing(accepted):
    lead, officer = signed_in("lead-one"), signed_in("officer-one")
    ask(lead, accepted.receipt, "reporter")
    request = the_request(officer)
    officer.post(f"/two-persons/{request}/decline/", {"reason": "沒有附公文"})
    assert "沒有附公文" in lead.get(f"/protected/{accepted.receipt}/").content.decode()
    assert lead.post(f"/protected/{accepted.receipt}/reporter/{request}/").status_code == 404


def test_the_lead_sees_the_safe_address_and_others_are_sent_to_the_lead(accepted):
    lead, desk = signed_in("lead-one"), signed_in("desk-one")
    for client in (lead, desk):
        page = client.get(f"/protected/{accepted.receipt}/")
        says_nothing(page.content)
        assert "受保護，請洽主責" in page.content.decode()
    shown = lead.post(f"/protected/{accepted.receipt}/safe/").content.decode()
    for value in SAFE.values():
        assert value in shown
    answer = desk.post(f"/protected/{accepted.receipt}/safe/", follow=True)
    says_nothing(answer.content)
    assert "受保護，請洽主責" in desk.get(f"/desk/{accepted.receipt}/").content.decode()


def test_a_safe_address_outside_the_lead_team_takes_two_persons(accepted):
    desk, officer = signed_in("desk-one"), signed_in("privacy-one")
    ask(desk, accepted.receipt, "safe", ground="lead-unreachable")
    request = the_request(officer)
    officer.post(f"/two-persons/{request}/approve/")
    shown = desk.post(f"/protected/{accepted.receipt}/safe/{request}/").content.decode()
    assert SAFE["safe_address"] in shown


def test_help_goes_to_an_address_that_only_the_unit_sees_and_only_meanwhile(accepted):
    desk, unit = signed_in("desk-one"), signed_in("unit-one")
    form = {"team": SECOND_TEAM, "reason": "確認安全"}
    answer = desk.post(f"/protected/{accepted.receipt}/help/", form, follow=True)
    says_nothing(answer.content)
    with as_role("worker"):
        told = Notice.objects.get(kind="help-called")
    call = told.object_id
    assert told.to_team == SECOND_TEAM
    says_nothing(unit.get(f"/help/{call}/").content)
    assert SAFE["safe_address"] in unit.post(f"/help/{call}/address/").content.decode()
    assert desk.post(f"/help/{call}/address/").status_code == 404, "who asked does not see it"
    unit.post(f"/help/{call}/done/")
    assert unit.post(f"/help/{call}/address/").status_code == 404
    assert unit.get(f"/protected/{accepted.receipt}/").status_code == 404


@pytest.mark.parametrize("team", ["68000-desk", SECOND_TEAM])
def test_nobody_sends_help_to_where_he_sits(accepted, team):
    account("desk-and-unit", ("68000-desk", TAOYUAN, "desk"), (SECOND_TEAM, TAOYUAN, "team-worker"))
    desk = signed_in("desk-and-unit")
    page = desk.get(f"/protected/{accepted.receipt}/").content.decode()
    assert f'<option value="{team}">' not in page
    assert '<option value="68000-police' in page or f'<option value="{TEAM}">' in page
    desk.post(f"/protected/{accepted.receipt}/help/", {"team": team, "reason": "確認安全"})
    with as_role("worker"):
        assert not Notice.objects.filter(kind="help-called").exists()


@pytest.mark.parametrize("seated", ["before", "after"])
def test_another_account_of_who_sent_help_does_not_open_the_address(accepted, seated):
    human = b"one human, two accounts".ljust(32)
    account("desk-again", (SECOND_TEAM, TAOYUAN, "team-worker"))
    with as_role("worker"):
        Account.objects.filter(username="desk-one").update(human=human)
    if seated == "before":
        with as_role("worker"):
            Account.objects.filter(username="desk-again").update(human=human)
    desk = signed_in("desk-one")
    desk.post(f"/protected/{accepted.receipt}/help/", {"team": SECOND_TEAM, "reason": "確認安全"})
    with as_role("worker"):
        called = [told.object_id for told in Notice.objects.filter(kind="help-called")]
        Account.objects.filter(username="desk-again").update(human=human)
    assert len(called) == (seated == "after")
    for call in called:
        again = signed_in("desk-again")
        assert again.post(f"/help/{call}/address/").status_code == 404


def test_the_key_of_a_report_is_told_to_nobody_who_is_not_shown_the_report(accepted):
    told = "select county from intake.key_of_report(%s)"
    lead = Account.objects.get(username="lead-one").pk
    others = (account("far-desk", ("63000-desk", "63000", "desk")).id, lead)
    seen = []
    for one in others:
        with acting(Actor(one), "test"), connection.cursor() as cursor:
            cursor.execute(told, [accepted.report])
            seen.append(cursor.fetchall())
    assert seen == [[], [(TAOYUAN,)]]


def test_help_in_conflict_sees_neither_the_call_nor_the_address(accepted):
    desk = signed_in("desk-one")
    cousin = account("unit-cousin", (SECOND_TEAM, TAOYUAN, "team-worker"))
    with as_role("worker"):
        Conflict.objects.create(account_id=cousin.id, object_kind="report", source="declared",
                                object_id=accepted.report, ground="relative")  # fmt: skip
    desk.post(f"/protected/{accepted.receipt}/help/", {"team": SECOND_TEAM, "reason": "確認安全"})
    with as_role("worker"):
        call = Notice.objects.get(kind="help-called").object_id
    client = signed_in("unit-cousin")
    assert client.get(f"/help/{call}/").status_code == 404
    assert client.post(f"/help/{call}/address/").status_code == 404


def test_a_new_safe_address_is_kept_by_the_lead_alone(accepted):
    url = f"/protected/{accepted.receipt}/keep/"
    place = {"subject": "0", "safe_address": "台中市北區安置路5號"}
    lead = signed_in("lead-one")
    signed_in("desk-one").post(url, place)
    see = f"/protected/{accepted.receipt}/safe/"
    assert place["safe_address"] not in lead.post(see).content.decode()
    assert lead.post(url, place).status_code == 302
    assert place["safe_address"] in lead.post(see).content.decode()


def test_the_lead_and_the_reporter_write_to_each_other_without_names():
    teacher = account("teacher-one", ("68000-teacher", TAOYUAN, "mandated-reporter"))
    desk_worker()
    receipt = deliver(report_body(), sender="anwang-web", author=teacher.id, actor=teacher)
    desk, reporter = signed_in("desk-one"), signed_in("teacher-one")
    desk.post(f"/protected/{receipt.receipt}/write/", {"text": "請問孩子今天有到校嗎？"})
    mine = reporter.get(f"/receipts/{receipt.receipt}/messages/").content.decode()
    assert "請問孩子今天有到校嗎？" in mine and "王範例" not in mine.partition("<main")[2]
    reporter.post(f"/receipts/{receipt.receipt}/messages/", {"text": "有，第二節到的。"})
    page = desk.get(f"/protected/{receipt.receipt}/").content.decode()
    assert "有，第二節到的。" in page and "teacher-one" not in page
    says_nothing(page.encode())
    with as_role("worker"):
        entries = AuditEntry.objects.filter(act="message-relayed").order_by("no")
        assert [one.detail["to"] for one in entries] == ["reporter", "office"]
        assert not [one for one in entries if "到校" in str(vars(one))]


def test_another_reporter_or_team_reads_no_message(accepted):
    account("teacher-two", ("68000-teacher", TAOYUAN, "mandated-reporter"))
    account("other-lead", (SECOND_TEAM, TAOYUAN, "lead"))
    for name in ("teacher-two", "other-lead"):
        client = signed_in(name)
        assert client.get(f"/receipts/{accepted.receipt}/messages/").status_code == 404
        assert (
            client.post(f"/protected/{accepted.receipt}/write/", {"text": "?"}).status_code == 404
        )


def test_a_reporter_behind_another_system_picks_messages_up_by_receipt():
    operator = account("op-one", ("operators", None, "operator"))
    with acting(operator):
        secret, other = (add_sender(name, actor=operator) for name in ("campus", "clinic"))
    desk_worker()
    receipt = deliver(report_body(), sender="campus", actor=operator)
    signed_in("desk-one").post(f"/protected/{receipt.receipt}/write/", {"text": "學校幾點放學？"})
    url = f"/api/v1/reports/{receipt.receipt}/messages"
    campus = {"Authorization": f"Bearer {secret}"}
    (told,) = Client().get(url, headers=campus).json()
    assert (told["from_office"], told["text"]) == (True, "學校幾點放學？")
    answer = Client().post(url, {"text": "四點。"}, "application/json", headers=campus)
    assert answer.status_code == 201
    assert len(Client().get(url, headers=campus).json()) == 2
    assert Client().get(url, headers={"Authorization": f"Bearer {other}"}).status_code == 404
    assert HelpCall.objects.count() == 0
