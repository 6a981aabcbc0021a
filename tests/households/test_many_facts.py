"""A person of whom very much is known fills pages, and not one page for ever."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from anwang.households.presenters.members import household_members
from anwang.triage.presenters.picture import MOST_FOLDED, picture_context

VISITS = 2 * MOST_FOLDED + 50


def picture() -> dict[str, Any]:
    """Forty persons; of the first, hundreds of visits to clinics and that she is in custody."""
    members = [
        {"person_id": str(no), "name": f"範例{no}", "age": 30, "sex": "F", "living": True,
         "registered": True, "relation": None, "dead": False, "role": None}
        for no in range(40)
    ]  # fmt: skip
    visits = [
        _fact("clinic-visit", f"{1980 + no // 12}-{no % 12 + 1:02}-01") for no in range(VISITS)
    ]
    return {
        "as_of": "2026-03-02", "known_at": "2026-03-02T00:00:00+08:00", "focus": ["0"],
        "members": members, "facts": [*visits, _fact("in-custody", "2026-01-01")],
        "memberships": [
            {"person_id": one["person_id"], "how": how, "source": "household-registration",
             "since": None, "known_at": None, "inferred": False}
            for one in members for how in ("registered", "registered", "kin")
        ],
        "living_together": ["0"], "registered_together": [], "kin": [], "edges": [],
        "lookups": [], "unknown": [], "signals": [],
    }  # fmt: skip


def _fact(kind: str, since: str) -> dict[str, Any]:
    return {
        "person_id": "0", "kind": kind, "source": "health-insurance", "value": {}, "record": since,
        "valid_from": since, "valid_to": None, "known_at": "2026-03-01T00:00:00+08:00",
        "current": True, "state": "value", "text": {"zh": f"{kind} {since}", "en": f"{kind} {since}"},
        "label": {"zh": kind, "en": kind},
    }  # fmt: skip


def test_what_is_folded_away_comes_a_page_at_a_time_the_newest_first():
    shown = picture_context(picture())
    assert [one["text"]["zh"] for one in shown["facts"]] == ["in-custody 2026-01-01"]
    first = shown["more_facts"]
    assert (len(first), first.paginator.count, first.paginator.num_pages) == (200, VISITS, 3)
    assert first[0]["valid_from"] == "2017-06-01" and first[0]["person_name"] == "範例0"
    last = picture_context(picture(), page="3")["more_facts"]
    assert len(last) == 50 and last[-1]["valid_from"] == "1980-01-01"
    assert picture_context(picture(), page="no number")["more_facts"].number == 1


@pytest.mark.django_db
def test_the_page_says_how_many_there_are_and_where_the_others_stand():
    context = {"facts": [], "more": picture_context(picture(), page="2")["more_facts"]}
    request = RequestFactory().get("/families/X/household/", {"page": "2", "as_of": "2026-03-02"})
    paged = render_to_string("common/_facts.html", context | {"paged": True}, request)
    assert f"其他資料 {VISITS} 筆" in paged and "第 2 頁，共 3 頁" in paged
    assert "as_of=2026-03-02" in paged and '<details class="more" open>' in paged
    assert paged.count("clinic-visit") == MOST_FOLDED
    elsewhere = render_to_string("common/_facts.html", context, request)
    assert "其餘在「家戶」頁逐頁看" in elsewhere and "page=" not in elsewhere


def test_members_are_told_why_they_belong_and_why_they_are_away_each_once():
    first, second, *_ = household_members(picture())
    assert [one["text"]["zh"] for one in first["because"]] == ["設籍在這一戶", "親屬"]
    assert [one["zh"] for one in first["away"]] == ["in-custody 2026-01-01"] and second[
        "away"
    ] == []
