"""What the sources answered, as triage/_asked.html shows it: a line a source, unknown never as no."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from django.urls import reverse

from anwang.registries.transports.troubles import TEXTS
from anwang.triage.models import ASKED_ABOUT, LookUp, Matter, Screening
from anwang.triage.presenters.picture import names_of
from anwang.triage.presenters.words import Words, code_words, field_words, plain, source_words
from anwang.triage.queries.inquiries import Inquired, is_screened_again
from anwang.triage.rules.would_change import TOLD

# What calls for reading first; what was not even asked stands folded away below.
ORDER: Final = ("value", "failed", "late", "asking", "none", "withheld", "not-asked")
RECOGNISED: Final[Words] = {"zh": "辨識出的人", "en": "people recognised"}
FOLDED: Final = frozenset({"withheld", "not-asked"})


def asked_context(
    matter: Matter, inquired: Inquired | None, names: Mapping[str, str]
) -> dict[str, Any]:
    """Context of triage/_asked.html. `names`: person id -> name, of the family's members."""
    receipt = matter.report.receipt
    found: dict[str, Any] = {
        "screens": is_screened_again(matter),
        "report_url": reverse("triage:report", args=[receipt]),
        "ask_url": reverse("triage:ask", args=[receipt]) if matter.state in ASKED_ABOUT else None,
        "inquiry": None,
    }
    if inquired is None:
        return found
    lines = [
        _source(source, list(those), names)
        for source, those in groupby(inquired.lookups, key=lambda one: one.source_id)
    ]
    lines.sort(key=lambda one: (ORDER.index(one["state"]), one["source"]))
    shown = [one for one in lines if one["state"] not in FOLDED]
    nothing = [one for one in shown if one["state"] == "none" and len(one["groups"]) == 1]
    part = reverse("triage:asked", args=[receipt])
    return found | {
        "again": _again(*inquired.screened) if inquired.screened else None,
        "inquiry": inquired.inquiry,
        "running": inquired.running,
        "live_url": f"{part}?since={inquired.version}" if inquired.running else None,
        "sources": [one for one in shown if one not in nothing],
        "nothing": _listed(nothing),
        "folded": [one for one in lines if one["state"] in FOLDED],
        "answered": sum(one["state"] in ("value", "none") for one in lines),
        "total": len(lines),
    }


def _again(before: Screening, after: Screening) -> dict[str, Any]:
    """What a new screening says otherwise than the one before: [{field, before, after}], and whether
    it could be carried out in full."""
    lines = [
        {
            "field": field_words(name),
            "before": code_words(name, was),
            "after": code_words(name, now),
        }
        for name in TOLD
        if (was := before.proposal.get(name)) != (now := after.proposal.get(name))
    ]
    known = _recognised(before), _recognised(after)
    if known[0] != known[1]:
        lines.insert(0, {"field": RECOGNISED, "before": plain(known[0]), "after": plain(known[1])})
    return {"at": after.at, "lines": lines, "failed": bool(after.failed_steps)}


def _recognised(screening: Screening) -> int:
    """How many of the subjects were taken to be somebody."""
    return sum(bool(one.get("person_id")) for one in screening.matches.values())


def _listed(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Sources that hold nothing on anybody they were asked about: one line for all of them."""
    if not lines:
        return None
    words = {
        "zh": "、".join(one["name"]["zh"] for one in lines),
        "en": ", ".join(one["name"]["en"] for one in lines),
    }
    return {"names": words, "count": len(lines), "since": min(one["answered_at"] for one in lines)}


def names_in(explained: Mapping[str, Any]) -> dict[str, str]:
    """Names of the members of the stored picture."""
    return names_of(explained.get("picture") or {})


def _source(source: str, lookups: list[LookUp], names: Mapping[str, str]) -> dict[str, Any]:
    """One source: its most telling state, and for each state whom it holds for and why."""
    by_state = sorted(lookups, key=lambda one: (ORDER.index(one.state), one.why))
    groups = []
    for (state, why), those in groupby(by_state, key=lambda one: (one.state, one.why)):
        kept = list(those)
        groups.append(
            {
                "state": state,
                "why": TEXTS[why].as_dict() if why in TEXTS else None,
                "names": "、".join(names.get(str(one.person), "不詳") for one in kept),
                "told": [
                    {"name": names.get(str(one.person), "不詳"), "text": text}
                    for one in kept
                    for text in one.told
                ],
            }
        )
    answers = [one for one in lookups if one.answered_at is not None]
    return {
        "source": source,
        "name": source_words(source),
        "state": by_state[0].state,
        "groups": groups,
        "answered_at": min((one.answered_at for one in answers if one.answered_at), default=None),
        "kept": any(one.kept_from for one in lookups),
    }
