"""Words in both languages for what only has a code: clocks, tables, sources, inputs, marks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.directory.listed import words_of
from anwang.registries.rules.manifests import all_manifests
from anwang.rulebook.rules.in_words import NOTHING
from anwang.triage.models import Clock
from anwang.triage.rules.policies import shipped_docs
from anwang.triage.rules.reading import POLICIES, shipped_reading

Words = dict[str, str]
MARKS: Final = Path(__file__).resolve().parents[2] / "intake" / "policies" / "marks.yaml"
_CHANGES: Final[dict[str, Words]] = {
    "grade": {"zh": "分級", "en": "the grade"},
    "grade_class": {"zh": "分類", "en": "the class"},
    "stream": {"zh": "分流", "en": "the stream"},
    "agency_kind": {"zh": "受理單位", "en": "the receiving agency"},
    "joint_with": {"zh": "共案單位", "en": "who works with it"},
    "passed_to": {"zh": "轉請機關", "en": "the body it is passed to"},
    "clocks": {"zh": "時限", "en": "the clocks"},
    "tasks": {"zh": "應辦事項", "en": "what is to be done"},
    "dispatch": {"zh": "派案方式", "en": "the way of dispatch"},
    "window": {"zh": "受理窗口", "en": "the window"},
    "transfer": {"zh": "轉介", "en": "the hand-over"},
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
    return {name: one.label.as_dict() for name, one in all_manifests().items()}


@cache
def _inputs() -> dict[str, Words]:
    said = read_yaml(POLICIES / "inputs.yaml")["inputs"]
    return {name: one["text"] for name, one in said.items() if one.get("text")}


def plain(text: object) -> Words:
    """The same text for both readers: a code nobody has a word for."""
    return {"zh": str(text), "en": str(text)}


def clock_words(definition_id: str) -> Words:
    return _clocks().get(definition_id) or plain(definition_id)


def table_words(rule: str) -> Words:
    return _tables().get(rule) or plain(rule)


def source_words(source: str) -> Words:
    return _sources().get(source) or plain(source)


def input_words(name: str) -> Words:
    """What an input of policy is called."""
    return _inputs().get(name) or plain(name)


def instrument_words(name: str) -> Words:
    """What an instrument that inputs are read from is called."""
    reading = shipped_reading()
    asked = reading.consult if name == reading.consult.id else reading.danger
    return dict(asked.text)


def field_words(field: str) -> Words:
    """What a field of a proposal is called within a sentence."""
    return _CHANGES.get(field) or plain(field)


def code_words(field: str, value: object) -> Words:
    """The words for a code of one of the proposal's fields; for yes and no; else the value."""
    if isinstance(value, bool):
        return {"zh": "是", "en": "yes"} if value else {"zh": "否", "en": "no"}
    if value in (None, "", []):
        return dict(NOTHING)
    if isinstance(value, (list, tuple)):
        return _joined([code_words(field, one) for one in value])
    if field == "clocks":
        return clock_words(str(value))
    return words_of(field, value) or plain(value)


def _joined(words: list[Words]) -> Words:
    return {"zh": "、".join(w["zh"] for w in words), "en": ", ".join(w["en"] for w in words)}


def would_change_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """若「立即危險」為是：分級改為第一級。 What is asked first, then what it would change, then the rows
    that would say so under `cite`."""
    asked = [_supposed(found, name) for name in found["if"]]
    told = change_words(found)
    return told | {
        "zh": f"若{'，且'.join(w['zh'] for w in asked)}：{told['zh']}。",
        "en": f"If {' and '.join(w['en'] for w in asked)}: {told['en']}.",
    }


def doubted_words(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """若「陳小安」不是系統認定的那個人（符合 83%）：分級改為第二級。"""
    told = change_words(found)
    percent = f"{found['person']['probability']:.0%}"
    return told | {
        "zh": f"若「{name}」不是系統認定的那個人（符合 {percent}）：{told['zh']}。",
        "en": f"If {name} is not the person taken for them ({percent}): {told['en']}.",
    }


def change_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """分級改為第一級，共案單位加上警察; the rows that would say so under `cite`."""
    was = found.get("was", {})
    changed = [_change(name, value, was.get(name)) for name, value in found["changes"].items()]
    cite = [
        {tongue: f"{table_words(row['rule'])[tongue]} {row['row']}" for tongue in ("zh", "en")}
        for row in found.get("rows", [])
    ]
    return {
        "zh": "，".join(words["zh"] for words in changed),
        "en": ", ".join(words["en"] for words in changed),
        "cite": _joined(cite) if cite else None,
    }


def _supposed(found: Mapping[str, Any], name: str) -> Words:
    """What is supposed of one input: an answer, or that words did not mean what they point to."""
    asked = input_words(name)
    if words := found.get("without", {}).get(name):
        doubted = _joined([code_words(name, one) for one in words])
        return {
            "zh": f"「{asked['zh']}」的「{doubted['zh']}」查明並非如此",
            "en": f"“{asked['en']}” ({doubted['en']}) turns out not to be so",
        }
    values = [code_words(name, one) for one in (found["if"][name], *found.get("also", ()))]
    return {
        "zh": f"「{asked['zh']}」為{'或'.join(one['zh'] for one in values)}",
        "en": f"“{asked['en']}” is {' or '.join(one['en'] for one in values)}",
    }


def _change(name: str, value: Any, was: Any) -> Words:
    """How a field changes; of a list, what comes to it and what goes."""
    field = field_words(name)
    if not isinstance(value, list) or was is None:
        new = code_words(name, value)
        return {"zh": f"{field['zh']}改為{new['zh']}", "en": f"{field['en']} becomes {new['en']}"}
    more = code_words(name, [one for one in value if one not in was])
    less = code_words(name, [one for one in was if one not in value])
    told = [("加上", "with", more)] if more["zh"] != NOTHING["zh"] else []
    told += [("不再有", "without", less)] if less["zh"] != NOTHING["zh"] else []
    return {
        "zh": field["zh"] + "、".join(f"{zh}{said['zh']}" for zh, _, said in told),
        "en": f"{field['en']} " + " and ".join(f"{en} {said['en']}" for _, en, said in told),
    }


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
