"""Members of a household as a page lists them: who, and by which facts each belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from anwang.households.presenters.words import Said, fact_kinds, source_said

Picture = Mapping[str, Any]
_HOWS: Final[dict[str, Said]] = {
    "registered": {"zh": "設籍在這一戶", "en": "registered in this household"},
    "lives": {"zh": "住在這裡", "en": "lives here"},
    "elsewhere": {"zh": "住在別處", "en": "lives elsewhere"},
    "also-at": {"zh": "另有住處", "en": "also known at another place"},
    "kin": {"zh": "親屬", "en": "kin"},
    "guardian": {"zh": "監護關係", "en": "guardianship"},
    "apart": {"zh": "不得接近", "en": "must keep away"},
}
_RELATIONS: Final[dict[str, Said]] = {
    "parent": {"zh": "父母", "en": "parent"},
    "spouse": {"zh": "配偶", "en": "spouse"},
    "child": {"zh": "子女", "en": "child"},
    "sibling": {"zh": "手足", "en": "sibling"},
    "grandparent": {"zh": "祖父母", "en": "grandparent"},
    "grandchild": {"zh": "孫子女", "en": "grandchild"},
}
_REPORT: Final[Said] = {"zh": "本件通報", "en": "this report"}


def household_members(picture: Picture) -> Iterator[dict[str, Any]]:
    """As households/_members.html takes them, in the picture's order."""
    focus = set(picture.get("focus") or ())
    away = _away(picture)
    because: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in picture["memberships"]:
        because[row["person_id"]].append(row)
    for one in picture["members"]:
        pid = one["person_id"]
        yield {
            "person_id": pid,
            "name": one.get("name") or "不詳",
            "focus": pid in focus,
            "sex": one.get("sex"),
            "age": one.get("age"),
            "born_on": one.get("born_on"),
            "dead": one.get("dead", False),
            "pregnant": one.get("pregnant", False),
            "relation": _RELATIONS.get(str(one.get("relation"))),
            "living": one.get("living", False),
            "registered": one.get("registered", False),
            "because": _told(because[pid]),
            "away": away[pid],
        }


def _told(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the rows say, each once: kin of three members is one reason, told alike of all three."""
    said = [_because(row) for row in rows]
    return [one for place, one in enumerate(said) if one not in said[:place]]


def _because(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "text": _HOWS[row["how"]],
        "source": _REPORT if row["source"] == "report" else source_said(row["source"]),
        "since": row["since"],
        "known_at": row["known_at"],
        "inferred": row["inferred"],
    }


def _away(picture: Picture) -> dict[str, list[Said]]:
    """Why somebody lives with nobody of the household now: in custody, abroad, placed, in hospital."""
    kinds = fact_kinds()
    found: dict[str, list[Said]] = defaultdict(list)
    for fact in picture["facts"]:
        kind = kinds.get(fact["kind"])
        if fact["current"] and kind is not None and kind.households == "lives-elsewhere":
            found[fact["person_id"]].append(fact["text"])
    return found
