"""The stored household picture as the screens show it: drawing, facts, and what gave no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from anwang.households.genogram import genogram_svg
from anwang.households.presenters.signals import signal_lines
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.triage.presenters.words import Words, source_words

ANSWERS = ("value", "none")
MOST_NAMES = 3
MOST_OF_A_KIND = 3
# Visits and doses of a household of forty over years are thousands of lines.
MOST_FOLDED = 200
Folded = Page[Mapping[str, Any]]


def picture_context(
    picture: Mapping[str, Any], *, id_prefix: str = "genogram", page: str | None = None
) -> dict[str, Any]:
    """As triage/_picture.html takes it; of the day on which the picture was taken. `page`: which of
    the facts that are folded away, the first where none or no such is named.
    """
    members = picture.get("members") or []
    notable, rest = _facts(picture, page)
    return {
        "as_of": picture.get("as_of"),
        "known_at": picture.get("known_at"),
        "registered_count": len(picture.get("registered_together") or []),
        "living_count": len(picture.get("living_together") or []),
        "genogram_svg": _drawing(picture, id_prefix) if members else None,
        "facts": [*notable, *_nothing_held(picture), *_not_known(picture)],
        "more_facts": rest,
        "signals": signal_lines(picture),
    }


def _drawing(picture: Mapping[str, Any], id_prefix: str) -> SafeString:
    lang: Literal["zh", "en"] = "zh" if (get_language() or "zh").startswith("zh") else "en"
    # The drawing escapes every text itself; it has no other source of markup.
    return mark_safe(genogram_svg(picture, lang=lang, id_prefix=id_prefix))  # noqa: S308


def names_of(picture: Mapping[str, Any]) -> dict[str, str]:
    """Person id -> name of the members."""
    return {one["person_id"]: one.get("name") or "不詳" for one in picture.get("members") or []}


def _facts(picture: Mapping[str, Any], page: str | None) -> tuple[list[dict[str, Any]], Folded]:
    """What calls for attention now, and a page of the rest: everyday, past, or said again by one source."""
    kinds, names = _kinds(), names_of(picture)
    notable: list[dict[str, Any]] = []
    rest: list[Mapping[str, Any]] = []
    counted: Counter[tuple[str, str]] = Counter()
    for fact in _each_once(picture.get("facts") or []):
        kind = kinds.get(fact["kind"])
        place = fact["person_id"], fact["kind"]
        counted[place] += 1
        folded = (
            not fact.get("current", True)
            or (kind is not None and kind.everyday)
            or counted[place] > MOST_OF_A_KIND
        )
        if folded:
            rest.append(fact)
        else:
            notable.append(_line(fact, names))
    shown = Paginator(rest, MOST_FOLDED).get_page(page)
    shown.object_list = [_line(fact, names) for fact in shown.object_list]
    return notable, shown


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()


def _each_once(facts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest of equal statements of one source, present ones first, newest first."""
    once: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for fact in sorted(facts, key=lambda one: str(one.get("valid_from") or ""), reverse=True):
        said = fact["person_id"], fact["kind"], fact["source"], fact["text"]["zh"]
        once.setdefault(said, fact)
    return sorted(once.values(), key=lambda one: not one.get("current", True))


def _line(fact: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "person_name": names.get(fact["person_id"], ""),
        "text": fact["text"],
        "source_name": source_words(fact["source"]),
        "valid_from": fact.get("valid_from"),
        "known_at": fact.get("known_at"),
        "note": None if fact.get("current", True) else {"zh": "已過去", "en": "past"},
        "state": "withheld" if fact.get("kept_safe") else fact.get("state") or "value",
    }


def _nothing_held(picture: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Who was looked up where and is not there: one line for all sources that answered so of the
    same people. No and not known are two things (V7)."""
    names = names_of(picture)
    asked: dict[str, list[str]] = {}
    for one in picture.get("lookups") or []:
        if one["state"] == "none" and one["person_id"] in names:
            asked.setdefault(one["source"], []).append(one["person_id"])
    said: dict[tuple[str, ...], list[str]] = {}
    for source, persons in asked.items():
        said.setdefault(tuple(persons), []).append(source)
    for people, sources in sorted(said.items(), key=lambda one: -len(one[1])):
        yield {
            "person_name": _named([names[one] for one in people], len(names)),
            "text": _listed([source_words(source) for source in sources]),
            "source_name": {
                "zh": f"{len(sources)} 個來源查無資料",
                "en": f"nothing held by {_sources(sources)}",
            },
            "state": "none",
        }


def _not_known(picture: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One line for each kind of silence: who was asked where, and got no answer (V7)."""
    names = names_of(picture)
    silent: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    by_source: dict[tuple[str, str], list[str]] = {}
    unknown = list(picture.get("unknown") or [])
    for one in picture.get("lookups") or []:
        if one["state"] not in ANSWERS and one["source"] in unknown:
            by_source.setdefault((one["source"], one["state"]), []).append(one["person_id"])
    for (source, state), persons in by_source.items():
        silent.setdefault((state, tuple(persons)), []).append(source)
    never = [source for source in unknown if source not in {key[0] for key in by_source}]
    if never:
        silent.setdefault(("not-asked", tuple(names)), []).extend(never)
    for (state, people), sources in sorted(silent.items()):
        yield {
            "person_name": _named([names[one] for one in people if one in names], len(names)),
            "text": _listed([source_words(source) for source in sources]),
            "source_name": {
                "zh": f"{len(sources)} 個來源沒有回答",
                "en": f"no answer from {_sources(sources)}",
            },
            "state": state,
        }


def _sources(sources: Sequence[str]) -> str:
    return "1 source" if len(sources) == 1 else f"{len(sources)} sources"


def _named(names: Sequence[str], everybody: int) -> dict[str, str]:
    if len(names) == everybody > MOST_NAMES:
        return {"zh": "全家", "en": "The whole family"}
    shown = "、".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    if more <= 0:
        return {"zh": shown, "en": shown}
    return {"zh": f"{shown} 等 {len(names)} 人", "en": f"{shown} and {more} more"}


def _listed(sources: list[Words]) -> Words:
    return {
        "zh": "、".join(one["zh"] for one in sources),
        "en": ", ".join(one["en"] for one in sources),
    }
