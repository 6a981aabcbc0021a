"""The household of a day as its team sees it: as of, as known on, kept back, on record."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from anwang.access.context import Actor, acting
from anwang.access.models import Account, AuditEntry
from tests.cases.household_world import HOME, NEW_HOME, OTHER, into_custody, known_family
from tests.conftest import as_role
from tests.factories import PASSWORD, SECOND_TEAM, report_body, team_worker
from tests.households.telling import REGISTRY, day, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


SUBJECTS = report_body()["subjects"]


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def known():
    return known_family()


@pytest.fixture
def team(known):
    return signed_in("team-one")


def page(client, path, **asked):
    answer = client.get(path, asked)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def names_at_home(text: str) -> set[str]:
    return {name for name in ("陳小安", "陳大方", "林美玉") if name in text}


def test_the_page_draws_who_belongs_and_says_by_which_facts(known, team):
    text = page(team, f"{known.path}household/", as_of="2026-03-02")
    assert names_at_home(text) == {"陳小安", "陳大方", "林美玉"}
    for words in ("設籍在這一戶", "住在這裡", "戶役政", "115.03.02", "風險時間軸"):
        assert words in text, words


def test_who_has_a_name_in_latin_letters_alone_is_named_whole(known, team):
    """A household in which the register knows everybody must not show somebody as unknown."""
    name = "Kacaw Mayaw Fangas Cilangasan Lalumaan O Sapad"
    with as_role("worker"):
        deliver(REGISTRY, [(known.child, known.rows["child"] | {"name": name})], day("2026-02-01"),
                mode="incremental")  # fmt: skip
    text = page(team, f"{known.path}household/", as_of="2026-03-02")
    assert "不詳" not in text
    assert text.count(name) >= 3  # in the list, in the drawing's title, in what is known


def test_a_day_is_drawn_with_what_is_known_now_and_another_with_what_was_known_then(known, team):
    into_custody(known.father)
    path = f"{known.path}household/"
    assert "在監" in page(team, path, as_of="2026-03-02")
    assert "住在別處" in page(team, path, as_of="2026-03-02")
    assert "入監" not in page(team, path, as_of="2026-01-15")
    assert "入監" not in page(team, path, as_of="2026-03-02", known_on="2026-01-31")
    assert "入監" in page(team, path, as_of="2026-03-02", known_on="2026-02-02")


def test_nobody_is_known_before_the_first_delivery(known, team):
    text = page(team, f"{known.path}household/", as_of="2026-03-02", known_on="2025-12-31")
    assert "那一天還不認識這一家" in text


def test_a_day_to_come_is_refused_in_words_and_today_is_shown(known, team):
    text = page(team, f"{known.path}household/", as_of="2099-01-01")
    assert "這一天還沒到" in text
    assert "陳小安" in text
    assert "日期請寫成" in page(team, f"{known.path}household/", as_of="yesterday")


def test_a_signal_stands_on_the_page_with_its_reasons(known, team):
    into_custody(known.father)
    text = page(team, f"{known.path}household/", as_of="2026-03-02")
    plain = re.sub(r"<[^>]+>", "", text)
    assert re.search(r"12 歲以下兒童的父或母在監\s*陳小安\s*、\s*陳大方", plain)  # about whom
    assert "通報協助與資訊蒐集處理利用辦法第2條" in text
    assert "12 歲以下兒童的父或母在監" not in page(
        team, f"{known.path}household/", as_of="2026-01-15"
    )


def test_the_report_has_the_same_page_for_its_desk(known):
    text = page(signed_in("desk-one"), f"/desk/{known.receipt}/household/", as_of="2026-03-02")
    assert "陳小安" in text
    assert "林美玉" in text


def test_another_team_and_somebody_in_conflict_find_nothing(known, team):
    team_worker("team-two", SECOND_TEAM)
    stranger = signed_in("team-two")
    for path in ("household/", "addresses/", "household/correct/", "household/genogram.svg"):
        assert stranger.get(known.path + path).status_code == 404, path
    declared = team.post("/conflicts/", {"number": known.family.number, "reason": "我的鄰居"})
    assert declared.status_code in (200, 302)
    assert team.get(f"{known.path}household/").status_code == 404


def test_the_database_gives_no_evidence_to_whoever_does_not_work_there(known):
    stranger = team_worker("team-two", SECOND_TEAM)
    statement = (
        "select count(*) from cases.household_evidence(%s, '{kin-father}', '{registered-household}',"
        " '{registered-address}', %s, 60, '2026-03-02', clock.now(), false)"
    )
    counts = {}
    with as_role("worker"):
        own = Actor(Account.objects.get(username="team-one").pk)
    for name, actor in (("own", own), ("other", stranger)):
        with acting(actor, "family-work"), connection.cursor() as cursor:
            cursor.execute(statement, [known.family.pk, [REGISTRY]])
            counts[name] = cursor.fetchone()[0]
    assert counts["own"] >= 3
    assert counts["other"] == 0


def test_no_number_leaves_the_database_with_a_household(known, team):
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "select encode(id_token, 'hex') from people_identity where id_token is not null"
        )
        tokens = [token for (token,) in cursor.fetchall()]
    with CaptureQueriesContext(connection) as queries:
        text = page(team, f"{known.path}household/", as_of="2026-03-02")
    assert tokens
    assert not [token for token in tokens if token in text]
    assert len(queries) < 40


def test_addresses_are_a_look_of_their_own_on_record(known, team):
    text = page(team, f"{known.path}addresses/", as_of="2026-03-02")
    assert HOME in text
    with as_role("worker"):
        entries = AuditEntry.objects.filter(act="read", purpose="family-addresses")
        assert [(one.fields, one.object_ids) for one in entries] == [
            (["addresses"], [str(known.family.pk)])
        ]


def test_addresses_without_an_open_case_are_marked_as_no_task(known, team):
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "update cases_case set closed_at = clock.now(), closed_by = lead, closing_reason = '完'"
            " where id = %s", [known.case.pk],
        )  # fmt: skip
    page(team, f"{known.path}addresses/")
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="read", purpose="family-addresses")
    assert entry.detail == {"task": False}


@pytest.mark.parametrize("protected", [False, True])
def test_where_a_protected_person_moved_is_told_nowhere(protected):
    """A register learns the new home as well as the vault does (R7)."""
    safe = {"safe_address": "臺中市北區平安街8號"} if protected else {}
    known = known_family(subjects=[{**SUBJECTS[0], **safe}, SUBJECTS[1]])
    team = signed_in("team-one")
    moved = {"address": NEW_HOME, "household_key": "F9", "registered_on": "2026-02-20"}
    with as_role("worker"):
        deliver(
            REGISTRY,
            [(known.mother, known.rows["mother"] | moved),
             (known.child, known.rows["child"] | moved)],
            day("2026-02-21"), mode="incremental",
        )  # fmt: skip
    paths = (f"{known.path}addresses/", f"{known.path}household/")
    for path in paths:
        text = page(team, path, as_of="2026-03-02")
        assert ("新生路77號" in text) is not protected, path
        assert ("受保護" in text) is protected, path
    svg = team.get(f"{known.path}household/genogram.svg").content.decode()
    assert "新生路77號" not in svg


def test_what_is_kept_from_a_role_is_kept_from_everybody_alike(known, team, monkeypatch):
    with as_role("worker"):
        deliver(
            "psychiatric-care",
            [(known.mother, {"record_key": "M1", "name": "林美玉", "care_level": "1",
                             "registered_on": "2025-06-01"})],
            day("2026-01-20"), mode="incremental",
        )  # fmt: skip
    path = f"{known.path}household/"
    assert "精神照護第 1 級" in page(team, path, as_of="2026-03-02")
    monkeypatch.setattr(
        "anwang.cases.views.household.withheld_from", lambda kinds: frozenset({"psychiatric-care"})
    )
    text = page(team, path, as_of="2026-03-02")
    assert "精神照護第 1 級" not in text
    assert "這些來源不向這個職務顯示" in text


def test_a_drawing_taken_along_names_who_took_it_and_is_on_record(known, team):
    answer = team.get(f"{known.path}household/timeline.svg", {"as_of": "2026-03-02"})
    assert answer["Content-Type"].startswith("image/svg+xml")
    assert "王範例" in answer.content.decode()
    assert "attachment" in answer["Content-Disposition"]
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="picture-taken")
    assert entry.detail["drawing"] == "timeline"
    assert team.get(f"{known.path}household/secrets.svg").status_code == 404


@pytest.mark.parametrize("name", ["genogram", "timeline", "household"])
def test_what_is_printed_is_a_pdf_with_the_mark_and_on_record(known, team, monkeypatch, name):
    told = []
    monkeypatch.setattr(
        "anwang.cases.views.household_print.pdf_of", lambda html: told.append(html) or b"%PDF-"
    )
    answer = team.get(f"{known.path}household/{name}.pdf", {"as_of": "2026-03-02"})
    assert answer["Content-Type"] == "application/pdf"
    assert f"{name}-2026-03-02.pdf" in answer["Content-Disposition"]
    assert "王範例" in told[0]
    assert ("家裡的人" in told[0]) is (name == "household")
    assert told[0].count("<svg") >= 1
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="picture-taken")
    assert entry.detail["drawing"] == f"{name}.pdf"
    assert team.get(f"{known.path}household/secrets.pdf").status_code == 404


def test_where_no_pdf_can_be_written_none_is_offered(known, team, monkeypatch):
    monkeypatch.setattr("anwang.cases.views.household.can_make_pdf", lambda: False)
    assert ".pdf" not in page(team, f"{known.path}household/")
    assert team.get(f"{known.path}household/genogram.pdf").status_code == 404


def test_two_homes_are_both_told(known, team):
    with as_role("worker"):
        deliver(
            "immunisation",
            [(known.child, {"record_key": "V1", "name": "陳小安", "vaccine": "MMR", "dose": "1",
                            "given_on": "2025-12-01", "address": OTHER})],
            day("2026-01-20"), mode="incremental",
        )  # fmt: skip
        deliver(
            "psychiatric-care",
            [(known.child, {"record_key": "M9", "name": "陳小安", "care_level": "3", "address": HOME,
                            "registered_on": "2026-01-10", "last_visit_on": "2026-01-10"})],
            day("2026-01-21"), mode="incremental",
        )  # fmt: skip
    text = page(team, f"{known.path}household/", as_of="2026-03-02")
    assert "另有住處" in text
