"""Asking the sources about a family from the desk: who may, what is answered, what is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

from anwang.access.context import LOADING, acting
from anwang.access.models import AuditEntry, Notice
from anwang.access.vocabulary import Role
from anwang.common.errors import Refused
from anwang.people.actions import identify
from anwang.registries.actions.deliveries import load_file
from anwang.registries.models import Delivery, Fact
from anwang.registries.rules.manifests import load_manifests
from anwang.registries.transports import asking
from anwang.triage.actions import screening
from anwang.triage.actions.decisions import answer, reopen
from anwang.triage.actions.inquiries import NoReasonToAsk, ask_waiting, begin_inquiry
from anwang.triage.models import Inquiry, LookUp, Matter, Screening
from anwang.triage.permissions import check_can_ask_sources, check_can_decide
from anwang.triage.queries.inquiries import verify_records
from demo.sources import standing
from tests.conftest import as_role
from tests.factories import PASSWORD, TAIPEI_CITY, account, desk_worker
from tests.registries.conftest import write_csv

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
HOME = "桃園市中壢區範例路1段2號3樓"
CHILD, FATHER = "A123456789", "B123456780"
SOURCES = sorted(set(load_manifests()) - {"anwang"})
DELIVERED_AT = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def told(key: str, name: str, born: str, number: str, **more: str) -> dict[str, str]:
    return {"record_key": key, "name": name, "birth_date": born, "sex": "M", "address": HOME,
            "national_id": number, **more}  # fmt: skip


FAMILY = [
    told("1", "陳志安", "2018-05-01", CHILD, household_key="F1", relation_to_head="child",
         registered_on="2019-01-01", father_id=FATHER),
    told("2", "陳大方", "1984-02-03", FATHER, household_key="F1", relation_to_head="head",
         registered_on="2019-01-01"),
]  # fmt: skip
IN_PRISON = told("J-2", "陳大方", "1984-02-03", FATHER, entered_on="2025-01-10",
                 facility="範例監獄")  # fmt: skip


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """All 29 sources behind real servers; the prison holds the father, the others nobody."""
    asking._breakers.clear()
    monkeypatch.setattr("anwang.registries.transports.connections.keys_folder", lambda: tmp_path)
    stock = standing.stock_of(tmp_path)
    for source in SOURCES:
        stock.put(source, list(IN_PRISON), [IN_PRISON] if source == "prison" else [])
    with standing.simulator_of(tmp_path, DELIVERED_AT) as running:
        standing.connect_all(running)
        yield running
    asking._breakers.clear()


@pytest.fixture
def matter(sources, delivered, tmp_path) -> Matter:
    """A screened report on a child that the register knows, with his father."""
    with as_role("worker"):
        outcome = load_file(
            "household-registration", write_csv(tmp_path / "family.csv", FAMILY), actor=LOADING
        )
        identify(outcome.delivery_id, actor=LOADING)
    subjects = [{"role": "victim", "name": "陳志安", "national_id": CHILD, "birth": "107.5.1"}]
    receipt = delivered(subjects=subjects)
    with as_role("worker"):
        screening.screen_waiting()
        return Matter.objects.select_related("report").get(pk=receipt.report)


@pytest.fixture
def desk(matter):
    return desk_worker()


def ask(matter: Matter, actor) -> dict[tuple[str, str], LookUp]:
    """Ask as `actor`, let the worker do it; (source, name of the person) -> look-up."""
    with acting(actor):
        begin_inquiry(matter.pk, check_can_ask_sources(actor, matter.pk))
    with as_role("worker"):
        assert ask_waiting() == 1
        names = {
            one["person_id"]: one["name"]
            for one in Screening.objects.filter(matter=matter).latest("at").picture["members"]
        }
        last = Inquiry.objects.filter(matter=matter).latest("at")
        found = LookUp.objects.filter(inquiry=last)
        return {(one.source_id, names[str(one.person)]): one for one in found}


def test_every_source_is_asked_about_everybody_and_the_answer_becomes_facts(matter, desk):
    found = ask(matter, desk)
    assert {source for source, _ in found} == set(SOURCES)
    assert {name for _, name in found} == {"陳志安", "陳大方"}
    prison = found["prison", "陳大方"]
    assert prison.state == "value"
    # Which prison, the picture says, which knows of whom a place must not be told (R7).
    assert [one["zh"] for one in prison.told if "在監" in one["zh"]] == ["在監：見家戶圖像"]
    assert "範例監獄" not in str(prison.told)
    assert found["prison", "陳志安"].state == "none"
    with as_role("worker"):
        delivery = Delivery.objects.get(pk=prison.delivery)
        assert (delivery.mode, delivery.state) == ("look-up", "published")
        assert Fact.objects.get(source_id="prison", delivery=delivery).kind == "in-custody"


def test_what_was_answered_stands_in_the_picture_of_a_report_not_yet_decided(matter, desk):
    ask(matter, desk)
    with as_role("worker"):
        picture = Screening.objects.filter(matter=matter).latest("at").picture
    assert "in-custody" in {one["kind"] for one in picture["facts"]}


def test_a_report_that_could_not_be_checked_is_screened_again_by_asking_and_says_what_changed(
    matter, desk
):
    """As after a failed step and an unknown family: the old screening stays, a new one is added."""
    with as_role("worker"):
        old = Screening.objects.get(matter=matter)
        old.picture, old.proposal, old.failed_steps = {}, {"grade": "1"}, ["matching", "picture"]
        old.matches = {"0": {"person_id": None, "candidates": []}}
        old.save()
        matter.failed_steps = old.failed_steps
        matter.save(update_fields=["failed_steps"])
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    address = f"/desk/{matter.report.receipt}/"
    page = client.get(address).content.decode()
    assert "未經檢核" in page and "重新檢核" in page
    found = ask(matter, desk)
    assert {name for _, name in found} == {"陳志安", "陳大方"}, (
        "the family was found, then asked about"
    )
    page = client.get(address).content.decode()
    assert "未經檢核" not in page and "已重新檢核" in page
    assert "辨識出的人：0 → <b>1</b>" in page and "分級：第一級 → <b>第二級</b>" in page
    with as_role("worker"):
        kept = Screening.objects.filter(matter=matter).order_by("at")
        assert kept.first().pk == old.pk and kept.first().proposal == {"grade": "1"}
        assert kept.last().failed_steps == []


def test_what_somebody_has_decided_is_not_screened_again_by_asking(matter, desk):
    with acting(desk):
        answer(matter.pk, permit=check_can_decide(desk, matter.pk), reason="已轉介", error="")
        reopen(matter.pk, permit=check_can_decide(desk, matter.pk), reason="再看一次")
    ask(matter, desk)
    with as_role("worker"):
        assert Screening.objects.filter(matter=matter).count() == 1
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    page = client.get(f"/desk/{matter.report.receipt}/").content.decode()
    assert "再查一次" in page and "重新檢核" not in page


def test_three_sources_that_fail_cost_no_more_than_the_limit_and_are_not_known(
    matter, desk, sources, monkeypatch
):
    """P5: the others' answers stand, and what failed is never shown as clear."""
    monkeypatch.setattr(asking, "OVERALL_SECONDS", 2.5)
    sources.site.faults |= {"prison": "slow", "criminal-record": "down", "probation": "errors"}
    found = ask(matter, desk)
    assert max(one.milliseconds or 0 for one in found.values()) < 3500  # a busy machine wakes late
    states = {source: found[source, "陳大方"].state for source in sources.site.faults}
    assert states == {"prison": "late", "criminal-record": "failed", "probation": "failed"}
    assert {one.state for one in found.values()} == {"none", "late", "failed", "not-asked"}


def test_who_may_not_ask_a_source_is_told_so_and_nothing_is_sent(matter, sources):
    with as_role("worker"):
        matter.offered_team = "68000-protection"
        matter.save(update_fields=["offered_team"])
    worker = account("team-two", ("68000-protection", "68000", Role.TEAM_WORKER))
    found = ask(matter, worker)
    assert found["prison", "陳大方"].state == "withheld"
    assert found["prison", "陳大方"].request == ""
    assert "prison" not in {source for source, _ in sources.site.asked}


def test_a_young_answer_is_shown_again_with_its_age_and_not_asked_for(matter, desk, sources):
    first = ask(matter, desk)
    asked = len(sources.site.asked)
    again = ask(matter, desk)
    assert len(sources.site.asked) == asked
    before, now = first["prison", "陳大方"], again["prison", "陳大方"]
    assert (now.state, now.kept_from, now.answered_at) == ("value", before.pk, before.answered_at)


def test_an_answer_about_somebody_else_is_refused_recorded_and_alarmed(matter, desk, sources):
    """S16: a partner sends another person's record."""
    account("officer", ("security", None, Role.SECURITY_OFFICER))
    sources.site.faults["prison"] = "other-person"
    sources.site.stock.put(
        "prison", list(IN_PRISON), [IN_PRISON | {"national_id": "F131104093", "record_key": "J-3"}]
    )
    found = ask(matter, desk)
    assert {found["prison", name].why for name in ("陳大方", "陳志安")} == {"other-person"}
    with as_role("worker"):
        assert not Delivery.objects.filter(source_id="prison").exists()
        refused = AuditEntry.objects.filter(act="source-answered", result="refused")
        assert {one.detail["source"] for one in refused} == {"prison"}
        assert Notice.objects.filter(kind="other-person-answered").exists()


def test_another_countys_desk_neither_asks_nor_sees(matter, desk):
    ask(matter, desk)
    stranger = desk_worker("desk-two", county=TAIPEI_CITY)
    with acting(stranger), pytest.raises(Refused):
        check_can_ask_sources(stranger, matter.pk)
    with acting(stranger):
        assert not Inquiry.objects.filter(matter=matter).exists()
        assert not LookUp.objects.filter(matter=matter).exists()


def test_nobody_at_a_desk_writes_an_answer(matter, desk):
    with acting(desk), pytest.raises(ProgrammingError), transaction.atomic():
        inquiry = begin_inquiry(matter.pk, check_can_ask_sources(desk, matter.pk))
        LookUp.objects.create(
            inquiry_id=inquiry, matter=matter, source_id="prison", person=matter.pk, state="none"
        )


def test_a_closed_report_is_no_reason_to_ask(matter, desk):
    with as_role("worker"):
        matter.state = "answered"
        matter.save(update_fields=["state"])
    with acting(desk), pytest.raises(NoReasonToAsk):
        begin_inquiry(matter.pk, check_can_ask_sources(desk, matter.pk))


def test_questions_and_answers_are_signed_and_a_changed_one_is_found(matter, desk):
    found = ask(matter, desk)
    with as_role("worker"):
        verdict = verify_records()
        assert verdict.first_bad is None
        assert verdict.checked == sum(bool(one.receipt) for one in found.values()) > 20
        prison = found["prison", "陳大方"]
        LookUp.objects.filter(pk=prison.pk).update(state="none")
        assert verify_records().first_bad == prison.pk


def test_no_number_stands_in_any_look_up(matter, desk):
    """Decision 14: no plain number in a table."""
    ask(matter, desk)
    with as_role("worker"):
        for one in LookUp.objects.all():
            kept = "".join([one.request, one.receipt, str(one.told)])
            assert CHILD not in kept
            assert FATHER not in kept


def test_the_desk_asks_and_sees_each_answer(matter, desk):
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    receipt = matter.report.receipt
    assert "現在查詢" in client.get(f"/desk/{receipt}/").content.decode()
    assert client.post(f"/desk/{receipt}/ask/").status_code == 302
    page = client.get(f"/desk/{receipt}/").content.decode()
    live = page.partition('data-live="')[2].partition(f"/desk/{receipt}/asked/")
    assert live[1]
    part = (
        f"/desk/{receipt}/asked/" + page.partition(f"/desk/{receipt}/asked/")[2].partition('"')[0]
    )
    assert client.get(part).status_code == 204
    with as_role("worker"):
        ask_waiting()
    shown = client.get(part).content.decode()
    for words in ("在監：見家戶圖像", "查無", "再查一次並重新檢核", "已重新檢核"):
        assert words in shown, words
    assert "data-live" not in shown


def test_who_asks_about_a_closed_report_is_told_why_nobody_is_asked(matter, desk):
    with as_role("worker"):
        matter.state = "answered"
        matter.save(update_fields=["state"])
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    answer = client.post(f"/desk/{matter.report.receipt}/ask/", follow=True)
    assert "沒有再向各來源查詢的理由" in answer.content.decode()
    assert not Inquiry.objects.exists()
