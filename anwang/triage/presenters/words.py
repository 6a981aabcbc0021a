"""Words in both languages for what only has a code: clocks, tables, sources, inputs, marks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.directory.templatetags.anwang_codes import LISTS
from anwang.registries.rules.manifests import load_manifests
from anwang.triage.models import Clock
from anwang.triage.rules.policies import shipped_docs
from anwang.triage.rules.reading import POLICIES

Words = dict[str, str]
MARKS: Final = Path(__file__).resolve().parents[2] / "intake" / "policies" / "marks.yaml"
_LISTS_OF: Final = {
    "grade": "grades",
    "grade_class": "grade_classes",
    "stream": "streams",
    "agency_kind": "agency_kinds",
    "joint_with": "agency_kinds",
    "injury": "injuries",
    "channel": "channels",
    "refusal": "refusals",
    "dispute_ground": "dispute_grounds",
    "concern": "concerns",
}
_CHANGES: Final[dict[str, Words]] = {
    "grade": {"zh": "分級", "en": "the grade"},
    "grade_class": {"zh": "分類", "en": "the class"},
    "stream": {"zh": "分流", "en": "the stream"},
    "agency_kind": {"zh": "受理單位", "en": "the receiving agency"},
    "joint_with": {"zh": "共案單位", "en": "who works with it"},
    "passed_to": {"zh": "轉請機關", "en": "the body it is passed to"},
    "clocks": {"zh": "時限", "en": "the clocks"},
}


@cache
def marks() -> dict[str, Words]:
    """Mark of a report -> its text."""
    read: dict[str, Words] = read_yaml(MARKS)["marks"]
    return read


@cache
def _clocks() -> dict[str, Words]:
    return {one["id"]: one["text"] for one in shipped_docs()["clocks"]["clocks"]}


@cache
def _tables() -> dict[str, Words]:
    return {doc["id"]: doc["text"] for doc in shipped_docs().values() if doc.get("text")}


@cache
def _sources() -> dict[str, Words]:
    return {name: one.label.as_dict() for name, one in load_manifests().items()}


@cache
def _inputs() -> dict[str, Words]:
    said = read_yaml(POLICIES / "inputs.yaml")["inputs"]
    return {name: one["text"] for name, one in said.items() if one.get("text")}


@cache
def _listed(name: str) -> dict[str, Words]:
    rows = read_yaml(LISTS / f"{name}.yaml")
    return {str(row["code"]): {"zh": row["zh"], "en": row["en"]} for row in rows}


def plain(text: object) -> Words:
    """The same text for both readers: a code nobody has a word for."""
    return {"zh": str(text), "en": str(text)}


def clock_words(definition_id: str) -> Words:
    return _clocks().get(definition_id) or plain(definition_id)


def table_words(rule: str) -> Words:
    return _tables().get(rule) or plain(rule)


def source_words(source: str) -> Words:
    return _sources().get(source) or plain(source)


def field_words(field: str) -> Words:
    """What a field of a proposal is called within a sentence."""
    return _CHANGES.get(field) or plain(field)


def code_words(field: str, value: object) -> Words:
    """The words for a code of one of the proposal's fields; for yes and no; else the value."""
    if isinstance(value, bool):
        return {"zh": "是", "en": "yes"} if value else {"zh": "否", "en": "no"}
    if value in (None, "", []):
        return {"zh": "無", "en": "none"}
    if isinstance(value, (list, tuple)):
        return _joined([code_words(field, one) for one in value])
    if field == "clocks":
        return clock_words(str(value))
    if field in _LISTS_OF:
        return _listed(_LISTS_OF[field]).get(str(value)) or plain(value)
    return plain(value)


def _joined(words: list[Words]) -> Words:
    return {"zh": "、".join(w["zh"] for w in words), "en": ", ".join(w["en"] for w in words)}


def would_change_words(found: Mapping[str, Any]) -> Words:
    """若「立即危險」為是，分級會改為第一級。 What is asked first, then what it would change."""
    asked = [(_inputs().get(n) or plain(n), code_words(n, v)) for n, v in found["if"].items()]
    changed = [(field_words(n), code_words(n, v)) for n, v in found["changes"].items()]
    if_zh = "，且".join(f"「{name['zh']}」為{value['zh']}" for name, value in asked)
    if_en = " and ".join(f"“{name['en']}” is {value['en']}" for name, value in asked)
    then_zh = "，".join(f"{name['zh']}改為{value['zh']}" for name, value in changed)
    then_en = ", ".join(f"{name['en']} becomes {value['en']}" for name, value in changed)
    return {"zh": f"若{if_zh}：{then_zh}。", "en": f"If {if_en}: {then_en}."}


def reason_line(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason as common/_reasons.html takes it."""
    return {**reason, "rule_name": table_words(str(reason.get("rule")))}


def clock_line(clock: Clock | Mapping[str, Any]) -> dict[str, Any]:
    """A clock as the tag `clock` takes it. A missed one that nobody stopped still runs, late."""
    if isinstance(clock, Clock):
        id_, state, stopped = clock.definition_id, clock.state, clock.stopped_at
        started_at, due_at = clock.started_at, clock.due_at
    else:
        id_, state, stopped = clock["id"], clock["state"], None
        started_at, due_at = clock["started_at"], clock["due_at"]
    over = state == "dropped" or (state == "missed" and stopped is not None)
    return {
        "label": clock_words(str(id_)),
        "started_at": started_at,
        "due_at": due_at,
        "state": "stopped" if over else state,
    }
