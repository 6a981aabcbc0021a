"""The team's pages: its offers and nobody else's, the family it took over, and what they cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.cases.models import Case, FamilyFile
from anwang.triage.actions.decisions import Change, confirm
from anwang.triage.models import Matter
from anwang.triage.permissions import check_can_decide
from tests.conftest import as_role
from tests.factories import PASSWORD, SECOND_TEAM, TEAM, desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def team():
    team_worker()
    return signed_in("team-one")


def offered(desk, **more):
    receipt = screened_report(**more)
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        offer = confirm(receipt.report, permit=permit, change=Change("由該組接", {"team": TEAM}))
    return receipt, offer


def family_of(receipt) -> tuple[str, Case]:
    with as_role("worker"):
        case = Case.objects.select_related("family").get(matter=receipt.report)
    return f"/families/{case.family.number}/", case


def test_the_inbox_shows_the_offer_its_reasons_and_its_clock(desk, team):
    receipt, _ = offered(desk)
    page = team.get("/inbox/").content.decode()
    for words in (receipt.receipt, "陳小安", "受虐，無立即危險", "受理之前，由派案的一方負責"):
        assert words in page, words
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="read")
    assert (entry.purpose, entry.object_ids) == ("team-inbox", [str(receipt.report)])


def test_accepting_leads_to_the_family(desk, team):
    receipt, offer = offered(desk)
    answer = team.post(f"/inbox/{offer.pk}/accept/", follow=True)
    path, case = family_of(receipt)
    assert answer.redirect_chain[-1][0] == path
    page = answer.content.decode()
    for words in ("已受理", "陳家", "陳大方", "<svg", "收到通報", "開案"):
        assert words in page, words
    detail = team.get(f"/cases/{case.pk}/").content.decode()
    assert "為何開案" in detail
    assert "陳家" in team.get("/families/").content.decode()


def test_a_refusal_needs_its_reason_and_then_leaves_the_inbox(desk, team):
    receipt, offer = offered(desk)
    asked = team.post(f"/inbox/{offer.pk}/refuse/", {"reason": "other", "text": ""})
    assert "請寫明理由" in asked.content.decode()
    assert "data-open-now" in team.get(f"/inbox/{offer.pk}/refuse/").content.decode()
    team.post(f"/inbox/{offer.pk}/refuse/", {"reason": "not-our-area", "text": ""})
    assert receipt.receipt not in team.get("/inbox/").content.decode()
    with as_role("worker"):
        assert Matter.objects.get(pk=receipt.report).state == "awaiting-decision"


def test_a_team_that_was_not_offered_sees_nothing(desk, team):
    receipt, offer = offered(desk)
    team_worker("team-two", SECOND_TEAM)
    stranger = signed_in("team-two")
    assert receipt.receipt not in stranger.get("/inbox/").content.decode()
    assert stranger.get(f"/desk/{receipt.receipt}/").status_code == 404
    for step in ("accept", "refuse"):
        assert (
            stranger.post(f"/inbox/{offer.pk}/{step}/", {"reason": "duplicate"}).status_code == 404
        )
    team.post(f"/inbox/{offer.pk}/accept/")
    path, case = family_of(receipt)
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"/cases/{case.pk}/").status_code == 404
    assert "陳家" not in stranger.get("/families/").content.decode()


def test_a_team_reads_the_offered_report_without_a_desk_around_it(desk, team):
    receipt, _ = offered(desk)
    page = team.get(f"/desk/{receipt.receipt}/").content.decode()
    assert "通報內容" in page
    assert "data-queue" not in page
    assert "確認並派案" not in page


def test_an_inbox_that_did_not_change_answers_nothing(desk, team):
    offered(desk)
    page = team.get("/inbox/").content.decode()
    url = page.split('data-live="')[1].split('"')[0].replace("&amp;", "&")
    assert team.get(url).status_code == 204
    receipt, _ = offered(desk)
    assert receipt.receipt in team.get(url).content.decode()


def test_opening_a_family_is_on_record_with_its_id(desk, team):
    receipt, offer = offered(desk)
    team.post(f"/inbox/{offer.pk}/accept/")
    path, case = family_of(receipt)
    team.get(path)
    with as_role("worker"):
        entries = AuditEntry.objects.filter(act="read", object_kind="family")
        assert [entry.object_ids for entry in entries] == [[str(case.family_id)]]


def test_the_case_tells_which_forms_are_begun_by_whom_and_never_the_answers(desk, team):
    receipt, offer = offered(desk)
    form = f"/desk/{receipt.receipt}/forms/tipvda/"
    desk_page = signed_in("desk-one")
    desk_page.post(form, {f"answers-q{n}": "yes" for n in range(1, 10)})
    team.post(f"/inbox/{offer.pk}/accept/")
    _, case = family_of(receipt)
    page = team.get(f"/cases/{case.pk}/").content.decode()
    line = page[page.index(form) :].partition("</li>")[0]
    assert "已回答 9/16" in line
    assert "王範例" in line
    assert "高危險" not in page
    all_of_it = {f"answers-q{n}": "no" for n in range(1, 16)} | {"answers-own_rating": "unknown"}
    team.post(form, all_of_it)
    page = team.get(f"/cases/{case.pk}/").content.decode()
    assert "已填完" in page[page.index(form) :].partition("</li>")[0]


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow_with_offers_and_families(desk, team):
    for _ in range(5):
        _, offer = offered(desk)
        team.post(f"/inbox/{offer.pk}/accept/")
    for _ in range(5):
        offered(desk)
    few = (queries_of(team, "/inbox/"), queries_of(team, "/families/"))
    for number in range(60):
        _, offer = offered(desk)
        if number % 2:
            team.post(f"/inbox/{offer.pk}/accept/")
    with as_role("worker"):
        assert FamilyFile.objects.count() == 35
    assert (queries_of(team, "/inbox/"), queries_of(team, "/families/")) == few
    assert few[0] <= 31
