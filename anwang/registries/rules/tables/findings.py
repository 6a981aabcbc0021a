"""What a rule found in a table: where, and in words of both languages, with the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.words import Words

TABLES: Final = Path(__file__).resolve().parents[2] / "policies" / "tables"


@dataclass(frozen=True, slots=True)
class TableRule:
    """A rule of tables/rules.yaml: its words are templates that a finding fills. `citation`: the
    principle that it keeps.
    """

    id: str
    text: Words
    fix: Words
    citation: Words


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken in one place of a table. `place` is a row's label, a column, or both."""

    rule: str
    place: str
    text: Words
    fix: Words
    citation: Words


@cache
def rules(path: Path = TABLES / "rules.yaml") -> dict[str, TableRule]:
    """The rules in `path` by id."""
    body = read_yaml(path)
    citations = {name: Words.of(words) for name, words in body["citations"].items()}
    return {
        row["id"]: TableRule(
            row["id"], Words.of(row["text"]), Words.of(row["fix"]), citations[row["citation"]]
        )
        for row in body["rows"]
    }


def finding(rule: str, place: str, **filled: object) -> Finding:
    """A finding under a rule, its words filled in. A Words among `filled` gives each language its
    own.
    """
    found = rules()[rule]
    zh, en = _of(filled, "zh"), _of(filled, "en")
    return Finding(
        rule, place,
        Words(found.text.zh.format_map(zh), found.text.en.format_map(en)),
        Words(found.fix.zh.format_map(zh), found.fix.en.format_map(en)),
        found.citation,
    )  # fmt: skip


def _of(filled: Mapping[str, object], lang: str) -> dict[str, Any]:
    return {
        name: getattr(value, lang) if isinstance(value, Words) else value
        for name, value in filled.items()
    }


@cache
def register(name: str) -> Mapping[str, Any]:
    """A register that tables are held against: laws, plans or systems."""
    body: Mapping[str, Any] = read_yaml(TABLES / f"{name}.yaml")
    return body


def figure(value: float) -> str:
    """A number as printed in a sentence: 1,252 or 4.07."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
