"""Words for sources and kinds of facts, by code, in both languages."""

from __future__ import annotations

from functools import cache

from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.registries.rules.manifests import all_manifests

Said = dict[str, str]


@cache
def _sources() -> dict[str, Said]:
    return {name: one.label.as_dict() for name, one in all_manifests().items()}


@cache
def fact_kinds() -> dict[str, FactKind]:
    """The kinds of facts, read once a process."""
    return load_fact_kinds()


def source_said(source: str) -> Said:
    """A source's name, or its id where nobody has a word for it."""
    return _sources().get(source) or {"zh": source, "en": source}


def kind_said(kind: str) -> Said:
    """The name of a kind of fact."""
    found = fact_kinds().get(kind)
    return found.label.as_dict() if found else {"zh": kind, "en": kind}


def joined(words: list[Said]) -> Said:
    """Several names in one line."""
    return {
        "zh": "、".join(one["zh"] for one in words),
        "en": ", ".join(one["en"] for one in words),
    }
