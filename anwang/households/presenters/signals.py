"""Risk signals as the screens show them: what, about whom, why, since when, and what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from anwang.households.presenters.words import joined, source_said
from anwang.households.rules.signal_search import SignalFound, signals_in
from anwang.households.rules.signals import load_signals
from anwang.registries.actions.own import OWN_SOURCE
from anwang.registries.rules.manifests import shipped_manifests

MOST_OPEN: Final = 6  # of what cannot be ruled out
_CONFIDENCE: Final = {
    "verified": {"zh": "條文已查證", "en": "text of law checked"},
    "secondary": {"zh": "依二手資料", "en": "from secondary sources"},
    "assumed": {"zh": "假定，待專業核定", "en": "assumed, to be confirmed"},
}


@cache
def told_by() -> dict[str, frozenset[str]]:
    """Kind of fact -> the delivering sources that yield it. Our own absence means nothing."""
    found: dict[str, set[str]] = {}
    for manifest in shipped_manifests().values():
        for rule in manifest.facts if manifest.transport != "own" else ():
            found.setdefault(rule.kind, set()).add(manifest.id)
    return {kind: frozenset(sources) for kind, sources in found.items()}


def signals_of_picture(picture: Mapping[str, Any]) -> list[SignalFound]:
    """The shipped signals in a picture, of the day for which it was drawn."""
    if not picture.get("members"):
        return []
    return signals_in(picture, load_signals(), told_by())


def signal_lines(picture: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """{holding, open}: as households/_signals.html takes them."""
    names = {one["person_id"]: one.get("name") or "不詳" for one in picture.get("members") or []}
    found = signals_of_picture(picture)
    return {
        "holding": [_line(one, names) for one in found if one.certain],
        "open": [_line(one, names) for one in found if not one.certain][:MOST_OPEN],
    }


def _line(found: SignalFound, names: Mapping[str, str]) -> dict[str, Any]:
    signal = found.signal
    return {
        "id": signal.id,
        "danger": signal.weight == "danger",
        "text": signal.label.as_dict(),
        "who": list(dict.fromkeys(names.get(pid, "") for _, pid in found.members)),
        "since": found.since,
        "fades_on": found.fades_on,
        "reasons": [
            *(_fact_reason(fact, names) for fact in found.facts),
            *(_violence_reason(edge, names) for edge in found.violence),
        ],
        "silent": [
            {"name": names.get(pid, ""), "sources": joined([source_said(one) for one in sources])}
            for pid, sources in _by_person(found).items()
        ],
        "citation": signal.citation.as_dict(),
        "confidence": _CONFIDENCE[signal.confidence],
    }


def _fact_reason(fact: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": names.get(fact["person_id"], ""),
        "text": fact["text"],
        "source": source_said(fact["source"]),
        "valid_from": fact.get("valid_from"),
        "valid_to": fact.get("valid_to"),
        "known_at": fact.get("known_at"),
    }


def _violence_reason(edge: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    who = f"{names.get(edge['from'], '')} → {names.get(edge['to'], '')}"
    return {
        "name": who,
        "text": {"zh": "通報的暴力", "en": "violence as reported"},
        "source": source_said(OWN_SOURCE),
        "valid_from": max(edge["dates"], default=None),
        "valid_to": None,
        "known_at": None,
    }


def _by_person(found: SignalFound) -> dict[str, list[str]]:
    silent: dict[str, list[str]] = {}
    for pid, source in found.silent:
        silent.setdefault(pid, []).append(source)
    return silent
