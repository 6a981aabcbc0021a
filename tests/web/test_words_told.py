"""Every code that an office or an auditor meets has words in both languages, and a notice its screen."""

from __future__ import annotations

import re
import uuid
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, acting
from anwang.access.models import Notice
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.yaml_files import read_yaml
from anwang.intake.actions import deliver
from anwang.web.notice_lines import kinds_of_notices, notice_lines
from tests.conftest import as_role
from tests.factories import DESK, PASSWORD, account, desk_worker, report_body, screened_report

ROOT = Path(__file__).resolve().parents[2]
OLDER = re.compile(r"href=\"(\?before=[^\"]+)\"")
IN_SQL = re.compile(r"access\.notify\(\s*'([a-z-]+)'")
SAMPLE = {"receipt": "ABCDEFGH23", "object": uuid.UUID(int=1), "family": "ABCDEFGH23"}


def said_in_both(text: dict[str, str]) -> bool:
    return bool(re.search("[一-鿿]", text["zh"])) and bool(re.search("[A-Za-z]{3}", text["en"]))


def test_every_kind_of_notice_that_sql_writes_is_one_of_the_vocabulary():
    """Python cannot write another: the type of `notify` says so, and mypy is a gate."""
    written = {
        kind
        for path in ROOT.glob("anwang/*/migrations/*.py")
        for kind in IN_SQL.findall(path.read_text(encoding="utf-8"))
    }
    assert len(written) > 8
    assert written <= {str(kind) for kind in NoticeKind}


def test_every_kind_of_notice_has_a_text_in_both_languages_and_a_screen():
    assert set(kinds_of_notices()) == {str(kind) for kind in NoticeKind}
    for kind, row in kinds_of_notices().items():
        assert said_in_both(row["text"]), kind
        named = [SAMPLE[row["names"]]] if "names" in row else []
        for route in {row["where"], row.get("where_account", row["where"])}:
            assert reverse(route, args=named).startswith("/"), kind


def test_every_act_of_the_audit_has_a_text_in_both_languages():
    rows = {row["code"]: row for row in read_yaml(ROOT / "anwang/directory/data/acts.yaml")}
    assert set(rows) == {str(act) for act in Act}, "anwang/directory/data/acts.yaml names each act"
    assert all(said_in_both(row) for row in rows.values())
    assert len({row["zh"] for row in rows.values()}) == len(Act)


@pytest.mark.django_db
def test_every_kind_of_notice_stands_on_the_page_in_words():
    desk_worker()
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    with as_role("worker"), acting(SWEEPING, "test"):
        for kind in NoticeKind:
            notify(kind, to_team=DESK, object_kind="help", object_id=uuid.uuid4())
    for language, known in (("zh-hant", "zh"), ("en", "en")):
        page, more = "", "/notices/"
        while more:  # there are more kinds than a page has lines
            part = client.get(more, headers={"accept-language": language}).content.decode()
            page += part
            found = OLDER.search(part)
            more = f"/notices/{unescape(found[1])}" if found else ""
        for kind, row in kinds_of_notices().items():
            assert row["text"][known] in page or language == "en", kind
            assert f">{kind}<" not in page


@pytest.mark.django_db
def test_a_notice_leads_to_what_it_is_about_for_who_reaches_it():
    desk = desk_worker()
    receipt = screened_report()
    with as_role("worker"), acting(SWEEPING, "test"):
        for report in (receipt.report, uuid.uuid4()):
            notify(NoticeKind.RELAY_MESSAGE, to_team=DESK, object_kind="report", object_id=report)
    with acting(desk, "test"):
        urls = {one["url"] for one in notice_lines(list(Notice.objects.all()))}
    assert urls == {f"/protected/{receipt.receipt}/", ""}


@pytest.mark.django_db
def test_a_message_passed_on_to_its_author_leads_to_his_own_messages():
    author = account("teacher", ("", None, "mandated-reporter"))
    receipt = deliver(report_body(), sender="anwang-web", author=author.id, actor=author)
    with as_role("worker"), acting(SWEEPING, "test"):
        notify(NoticeKind.RELAY_MESSAGE, to_account=author.id, object_kind="report",
               object_id=receipt.report)  # fmt: skip
    with acting(author, "test"):
        (line,) = notice_lines(list(Notice.objects.all()))
    assert line["url"] == f"/receipts/{receipt.receipt}/messages/"
