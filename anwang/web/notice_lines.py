"""Notices in words, each with the screen on which it is worked off (access/policies/notices.yaml)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from anwang.access.models import Notice
from anwang.cases.oversight.queries import numbers_of, receipts_of
from anwang.common.yaml_files import read_yaml
from anwang.households.presenters.words import source_said
from anwang.households.rules.signals import load_signals
from anwang.registries.rules.feed_watch import ALARMS
from anwang.triage.presenters.words import clock_words

KINDS: Final = Path(__file__).resolve().parents[1] / "access" / "policies" / "notices.yaml"


@cache
def kinds_of_notices() -> dict[str, dict[str, Any]]:
    """Kind -> its text and where it is worked off."""
    return {row["id"]: row for row in read_yaml(KINDS)["rows"]}


def notice_lines(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """[{id, at, text {zh, en}, tells, signals, url, seen}], in the order given.

    Without a link where the reader does not reach the report that the address would name.
    """
    kinds = kinds_of_notices()
    receipts = receipts_of(
        one.object_id for one in notices if kinds[one.kind].get("names") == "receipt"
    )
    numbers = numbers_of(
        one.object_id for one in notices if kinds[one.kind].get("names") == "family"
    )
    return [
        {
            "id": one.pk,
            "at": one.at,
            "text": kinds[one.kind]["text"],
            "tells": _tells(one, kinds[one.kind], numbers),
            "signals": list(signals_told(one.detail)),
            "url": _where(one, kinds[one.kind], receipts | numbers),
            "seen": one.seen_at is not None,
        }
        for one in notices
    ]


def signals_told(detail: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The signals of a risk warning, in words: those that began, then those that ended."""
    labels = {one.id: one.label.as_dict() for one in load_signals()}
    for key in ("began", "ended"):
        for signal in detail.get(key, ()):
            yield {
                "began": key == "began",
                "text": labels.get(signal, {"zh": signal, "en": signal}),
            }


def _tells(notice: Notice, kind: Mapping[str, Any], numbers: Mapping[uuid.UUID, str]) -> Any:
    """What stands beside the text: the words of a clock, a feed and what is wrong with it, the number
    of a family that the reader may see, or a code.
    """
    if kind.get("clock"):
        return clock_words(str(notice.detail.get("clock", "")))
    if kind.get("tells") == "feed":
        return _feed_told(notice.detail)
    if kind.get("names") == "family" and notice.object_id:
        return numbers.get(notice.object_id, "")
    return notice.detail.get(kind.get("tells", ""), "")


def _feed_told(detail: Mapping[str, Any]) -> dict[str, str]:
    told, wrong = source_said(str(detail.get("feed", ""))), ALARMS.get(str(detail.get("kind")))
    if wrong is None:
        return told
    return {lang: f"{told[lang]} · {words}" for lang, words in wrong.as_dict().items()}


def _where(notice: Notice, kind: Mapping[str, Any], receipts: Mapping[uuid.UUID, str]) -> str:
    to_one = notice.to_account is not None
    route = str(kind.get("where_account") if to_one and "where_account" in kind else kind["where"])
    if "names" not in kind:
        return reverse(route)
    about = notice.object_id
    named = about if kind["names"] == "object" else receipts.get(about) if about else None
    return reverse(route, args=[named]) if named else ""
