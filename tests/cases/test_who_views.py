"""The room of who is who: what waits, two people side by side, and saying so with the keyboard's forms."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest
from django.test import Client

from anwang.access.actions.two_persons import approve
from anwang.access.context import acting
from anwang.access.models import Twofold
from anwang.cases.queries.who_is_who import RecordSeen
from anwang.cases.side_by_side import fields, level_words
from anwang.people.models import Identity, Review
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.differences import side_by_side
from anwang.people.rules.forms import forms_of
from tests.cases.identity_world import (
    CHILD,
    NAMESAKE,
    TWINLIKE,
    known,
    person_of,
    record_of,
    screened,
)
from tests.conftest import as_role
from tests.factories import PASSWORD, TAIPEI_CITY, TAOYUAN, TEAM, account, desk_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
WHY = "學校傳來戶籍資料，出生日不同。"
TOLD = {"role": "victim", "name": "陳小安", "birth": "107.5.1"}
LONG = CHILD | {"name": "瓦歷斯·諾幹·莎韻·伊斯坦大·布農·卡那卡那富",
                "name_romanised": "Walis Nokan Sayun Istanda " * 4,
                "birth_date": "2018-05-01"}  # fmt: skip


def signed_in(username: str = "desk-one", county: str = "68000") -> Client:
    desk_worker(username, county)
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def saved(name: str, response) -> str:
    """The page's text; kept as a file where somebody wants to look at it."""
    text = response.content.decode()
    if folder := os.environ.get("ANWANG_KEEP_PAGES"):
        Path(folder, f"{name}.html").write_text(text, encoding="utf-8")
    return text


def test_two_people_stand_side_by_side_with_marks_and_reasons_and_no_number():
    known(NAMESAKE | {"national_id": "A800000014"})
    receipt = screened()
    client = signed_in()
    text = saved("who", client.get(f"/people/{record_of(receipt)}/"))
    assert '<mark class="only-here">' in text or '<mark class="replaced">' in text
    assert "逐欄比對" in text and "<rect" in text and 'data-key="s"' in text
    assert "A800000014" not in text and "有，不顯示" in text
    assert "style=" not in text and "<script>" not in text
    report = client.get(f"/desk/{receipt.receipt}/").content.decode()
    assert f"/people/{record_of(receipt)}/" in report


def test_saying_same_not_same_and_taking_it_back_go_through_the_page():
    (child,) = known(CHILD)
    record = record_of(screened())
    client = signed_in()
    page = f"/people/{record}/"
    question = re.search(r"/people/([0-9a-f-]{36})/say/", client.get(page).content.decode())[1]
    refused = client.post(
        f"/people/{question}/say/", {"said": "not-same", "person": child}, follow=True
    )
    assert "請寫明理由" in refused.content.decode() and person_of(record) == child
    client.post(f"/people/{question}/say/", {"said": "not-same", "person": child, "reason": WHY})
    assert person_of(record) is None
    text = saved("judged", client.get(page))
    undo = re.search(r"/people/[0-9a-f-]{36}/undo/[0-9a-f-]{36}/", text)[0]
    assert WHY in text
    client.post(undo)
    assert person_of(record) == child
    client.post(f"/people/{question}/say/", {"said": "same", "person": child})
    assert "由人確認是這個人" in client.get(page).content.decode()


def two_alike() -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """The record of a report that may mean either of two persons, and those two."""
    one, other = known(CHILD, TWINLIKE)
    return record_of(screened(subjects=[TOLD])), one, other


def registered(person: uuid.UUID) -> uuid.UUID:
    """The register's record of somebody."""
    with as_role("worker"):
        return Identity.objects.get(person=person, source_id="household-registration").record_id


def question_of(record: uuid.UUID) -> uuid.UUID:
    with as_role("worker"):
        return Review.objects.get(matter=record).id


def say(client: Client, question: uuid.UUID, said: str, **more) -> str:
    """What the page says after it."""
    posted = client.post(f"/people/{question}/say/", {"said": said} | more, follow=True)
    assert posted.status_code == 200
    return posted.content.decode()


def take_back(client: Client, page: str) -> str:
    """Send the page's own form of taking back."""
    undo = re.search(r"/people/[0-9a-f-]{36}/undo/[0-9a-f-]{36}/", page)[0]
    return client.post(undo, follow=True).content.decode()


def test_merging_keeping_apart_and_splitting_go_through_the_page_and_each_is_taken_back():
    record, one, other = two_alike()
    client, question = signed_in(), question_of(record)
    first, second = registered(one), registered(other)

    page = say(client, question, "apart", person=one, other=other)
    assert "已記下" in page and "不是同一個人" in page
    assert "已收回" in take_back(client, page)

    page = say(client, question, "merge", person=one, other=other)
    assert "已記下" in page and person_of(first) == other == person_of(second)
    split = {"person": other, "record": [first], "reason": WHY}
    refused = say(client, question, "split", **split | {"reason": ""})
    assert "請寫明理由" in refused and person_of(first) == other
    page = say(client, question, "split", **split)
    assert WHY in page and person_of(first) not in (one, other, None)
    take_back(client, page)
    assert person_of(first) == other
    take_back(client, client.get(f"/people/{question}/").content.decode())
    assert (person_of(first), person_of(second)) == (one, other)


def test_what_nobody_can_mean_is_no_page_and_changes_nothing():
    record, one, other = two_alike()
    client, question = signed_in(), question_of(record)
    for posted in (
        {"said": "adopt", "person": one},
        {"said": "same"},
        {"said": "same", "person": "x"},
    ):
        assert client.post(f"/people/{question}/say/", posted).status_code == 404
    assert client.get(f"/people/{question}/say/").status_code == 405
    stranger = say(client, question, "merge", person=one, other=uuid.uuid4())
    assert "已記下" not in stranger
    assert client.post(f"/people/{question}/undo/{uuid.uuid4()}/", follow=True).status_code == 200
    assert (person_of(registered(one)), person_of(registered(other))) == (one, other)


def test_two_who_have_a_word_each_are_merged_and_parted_again_by_two_persons_through_the_page():
    record, one, other = two_alike()
    second = record_of(screened(subjects=[TOLD]))
    client, question = signed_in(), question_of(record)
    supervisor = account("boss", (TEAM, TAOYUAN, "supervisor"))
    say(client, question, "same", person=one)
    say(client, question_of(second), "same", person=other, reason=WHY)
    page = say(client, question, "merge", person=one, other=other)
    assert "申請兩人核准" in page and person_of(record) == one

    def agreed(**asked) -> str:
        """The address at which what was asked for and approved is carried out."""
        words = {"ground": "papers-seen", "text": "兩張身分證影本都已核對過，是同一個人。"}
        sent = client.post(f"/people/{question}/ask/", words | asked, follow=True)
        assert "等另一個職級的人核准" in sent.content.decode()
        with acting(supervisor, "test"):
            request = Twofold.objects.latest("asked_at").pk
        path = f"/people/{question}/requests/{request}/carry-out/"
        assert client.post(path).status_code == 404  # not approved yet
        with acting(supervisor, "test"):
            approve(request, supervisor)
        assert path in client.get(f"/people/{question}/").content.decode()
        return path

    short = client.post(f"/people/{question}/ask/", {"person": one, "other": other}, follow=True)
    assert "等另一個職級的人核准" not in short.content.decode()
    path = agreed(person=one, other=other)
    done = client.post(path, follow=True)
    assert "已執行" in done.content.decode() and person_of(record) == other
    assert client.post(path).status_code == 404  # once

    refused = take_back(client, client.get(f"/people/{question}/").content.decode())
    assert "申請兩人核准收回" in refused and person_of(record) == other
    undoes = re.search(r'name="undoes" value="([0-9a-f-]{36})"', refused)[1]
    client.post(agreed(undoes=undoes))
    assert person_of(record) == one


def test_another_office_finds_neither_the_page_nor_its_acts():
    (child,) = known(CHILD)
    record = record_of(screened())
    stranger = signed_in("taipei", TAIPEI_CITY)
    for wanted in (record, uuid.uuid4()):
        assert stranger.get(f"/people/{wanted}/").status_code == 404
        posted = stranger.post(f"/people/{wanted}/say/", {"said": "same", "person": child})
        assert posted.status_code == 404
    assert "沒有等待判斷的" in saved("empty", stranger.get("/people/"))


def test_the_queue_shows_long_names_and_the_size_of_all_kinds():
    known(LONG, LONG | {"address": "桃園市中壢區範例路1段2號5樓"})
    told = {key: LONG[key] for key in ("name", "name_romanised")} | {
        "role": "victim",
        "birth": "107.5.1",
    }
    receipt = screened(subjects=[told])
    client = signed_in()
    text = saved("queue", client.get("/people/"))
    assert "等待判斷 1 件" in text and LONG["name"] in text
    assert client.get("/people/?kind=merge").status_code == 200
    assert client.get("/people/?since=x&after=y").status_code == 200
    record = record_of(receipt)
    saved("long", client.get(f"/people/{record}/"))
    with as_role("worker"):
        persons = Review.objects.get(matter=record).persons
    pair = client.get(f"/people/{record}/?person={persons[0]}&other={persons[1]}")
    assert "這兩個人是同一個人嗎" in saved("pair", pair)


def test_what_is_read_from_a_record_is_shown_as_people_write_it():
    told = {
        "birth": "民國74年3月2日",
        "address": "桃園市中壢區範例路1段12之3號4F-2",
        "previous_address": "桃園市中壢區範例路1段平和巷7號B1",
    }
    assert shown(told) == {
        "出生": "74.03.02",
        "地址": "桃園市中壢區範例路1段12之3號4樓之2",
        "以前的地址": "桃園市中壢區範例路1段平和巷7號地下1樓",
    }
    assert shown({"birth": "民國前5年"}) == {"出生": "民國前5年"}
    assert shown({"birth": "民國前5年3月"}) == {"出生": "民國前5.03"}
    assert shown({"birth_year": "1985.0"}) == {"出生": "74年"}


def shown(told: dict[str, str]) -> dict[str, str]:
    """The fields of a record of which only normal forms are known, but for the number."""
    record = RecordSeen(
        person=None, record=uuid.uuid4(), source="anwang", key="1", asked=True,
        forms=forms_of(told, token=str.encode), written={}, judgement=None, by_person=False,
        probability=None,
    )  # fmt: skip
    told_by_both = fields(record, record)[:-1]
    assert {one.state for one in told_by_both} == {"same"}
    return {one.label: "".join(piece.text for piece in one.left) for one in told_by_both}


def test_every_level_has_words_in_both_languages():
    words = level_words()
    for comparison in COMPARISONS:
        assert set(words["comparisons"][comparison.name]) == {"zh", "en"}
        for level in comparison.names:
            assert set(words["levels"][comparison.name][level]) == {"zh", "en"}, level


@pytest.mark.parametrize(
    ("one", "other", "left", "right"),
    [
        ("陳小安", "陳曉安", ["same", "replaced", "same"], ["same", "replaced", "same"]),
        ("陳小安", "陳安", ["same", "only-here", "same"], ["same", "same"]),
        ("", "陳", [], ["only-here"]),
        ("陳" * 301, "王", ["replaced"], ["replaced"]),
        ("𠮷野", "吉野", ["replaced", "same"], ["replaced", "same"]),
    ],
)
def test_texts_differ_character_by_character(one, other, left, right):
    found = side_by_side(one, other)
    assert ([p.mark for p in found[0]], [p.mark for p in found[1]]) == (left, right)
    assert ("".join(p.text for p in found[0]), "".join(p.text for p in found[1])) == (one, other)
