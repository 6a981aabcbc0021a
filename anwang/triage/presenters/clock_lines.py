"""Clocks as pages show them: time left, the law, why it stands so, and its proof log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy

from anwang.triage.presenters.words import Words, plain
from anwang.triage.queries.clock_history import Step
from anwang.triage.rules.policies import shipped_docs

STEPS: Mapping[str, Any] = {
    "started": gettext_lazy("起算"),
    "warned": gettext_lazy("提醒過"),
    "paused": gettext_lazy("暫停"),
    "resumed": gettext_lazy("恢復計時"),
    "moved": gettext_lazy("重新起算"),
    "met": gettext_lazy("準時完成"),
    "missed": gettext_lazy("逾期"),
    "done-late": gettext_lazy("逾期後完成"),
    "dropped": gettext_lazy("不再計時"),
    "reopened": gettext_lazy("再度計時"),
}


@cache
def _definitions() -> dict[str, Mapping[str, Any]]:
    return {one["id"]: one for one in shipped_docs()["clocks"]["clocks"]}


@cache
def pause_words() -> dict[str, Words]:
    """Reason for a pause -> its words."""
    return {one["id"]: one["text"] for one in shipped_docs()["clocks"]["pauses"]}


def law_of(definition_id: str) -> dict[str, Any]:
    """{citation, legal, unverified}: what a clock rests on."""
    found = _definitions().get(definition_id, {})
    return {
        "citation": found.get("citation", ""),
        "legal": bool(found.get("legal", True)) and bool(found),
        "unverified": found.get("confidence") == "U",
    }


def step_lines(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """[{what, at, due_at, reason {zh,en} or None, who}], oldest first. `due_at` where it changed."""
    lines, due = [], None
    for one in steps:
        lines.append({
            "what": STEPS[one.what],
            "at": one.at,
            "due_at": one.due_at if one.due_at != due else None,
            "reason": (pause_words().get(one.reason) or plain(one.reason)) if one.reason else None,
            "who": one.who,
        })  # fmt: skip
        due = one.due_at
    return lines


def told(line: Mapping[str, Any], definition_id: str, steps: Sequence[Step]) -> dict[str, Any]:
    """A clock's line with its law, its proof log, and until when it stands still."""
    return {**line, "law": law_of(definition_id), "steps": step_lines(steps)}
