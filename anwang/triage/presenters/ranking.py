"""How the teams for an offer rank, each weight in words: for the dialog and the card of the offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anwang.directory.templatetags.anwang_codes import word
from anwang.triage.presenters.words import Words
from anwang.triage.queries.teams import TeamChoice
from anwang.triage.rules.ranking import Part, RankedTeam

Context = dict[str, Any]
LISTS: Final = {"skills": "skills", "language": "languages"}
SHOWN: Final = 6  # rows of the table; the choice below it has all teams


def ranking_context(teams: list[TeamChoice], suggested: TeamChoice | None) -> Context:
    """`teams` for the choice, `factors` and `ranked` for the table of weights."""
    texts = _texts(teams[0].weights) if teams else {}
    return {
        "teams": [
            {"id": one.id, "name": one.name["zh"], "agency_kind": one.agency_kind,
             "load": one.load, "points": one.ranked.points,
             "chosen": suggested is not None and one.id == suggested.id}
            for one in teams
        ],
        "factors": list(texts.values()),
        "ranked": [
            {"name": one.name["zh"], "points": one.ranked.points, "first": one is suggested,
             "settled": one.settled,
             "parts": list(_parts(one.ranked, texts))}
            for one in teams[:SHOWN]
        ],
    }  # fmt: skip


def weights_of(team: TeamChoice) -> list[Context]:
    """The weights of one team, for the card that says where the report would go."""
    return list(_parts(team.ranked, _texts(team.weights)))


def _texts(weights: Mapping[str, Any]) -> dict[str, Context]:
    """Factor -> its text, citation, confidence and most points, in the policy's order."""
    return {
        one["id"]: {name: one[name] for name in ("id", "text", "citation", "confidence", "points")}
        for one in weights["factors"]
    } | {"refused": {"id": "refused", **weights["refused"]}}


def _parts(ranked: RankedTeam, texts: Mapping[str, Context]) -> Iterator[Context]:
    """Every factor of the policy in its order; one that fell on this team for nothing has 0."""
    fallen = {one.id: one for one in ranked.parts}
    for factor, said in texts.items():
        part = fallen.get(factor)
        yield {
            "id": factor,
            "text": said["text"],
            "points": part.points if part else 0.0,
            "of": said["points"],
            "why": _why(part, ranked) if part else "",
            "unknown": part is not None and part.share is None,
        }


_WHOLE: Final = {0.0: "no", 1.0: "yes"}
_WORDS: Final[dict[tuple[str, str], Words]] = {
    ("law", "yes"): {"zh": "是", "en": "yes"},
    ("law", "no"): {"zh": "不是", "en": "no"},
    ("stream", "yes"): {"zh": "專組", "en": "its stream"},
    ("stream", "no"): {"zh": "不在分流內", "en": "not its stream"},
    ("stream", "part"): {"zh": "各分流都做", "en": "every stream"},
    ("home", "yes"): {"zh": "有在案", "en": "open case there"},
    ("home", "no"): {"zh": "沒有", "en": "none"},
    ("area", "yes"): {"zh": "責任區內", "en": "its area"},
    ("area", "no"): {"zh": "責任區外", "en": "outside its area"},
    ("area", "part"): {"zh": "全縣市", "en": "whole county"},
    ("refused", "yes"): {"zh": "已退回", "en": "refused it"},
}  # fmt: skip


def _why(part: Part, ranked: RankedTeam) -> str:
    """What the share rests on, in a few words of the reader's language."""
    if part.id == "caseload":
        team = ranked.team
        return _("%(cases)s 件，加權 %(load)s／%(full)s") % {
            "cases": team.cases, "load": f"{team.load:g}", "full": f"{team.capacity:g}",
        }  # fmt: skip
    if part.id == "distance":
        return "" if part.km is None else f"{part.km:g} km"
    if part.id in LISTS:
        if part.share is None:
            return ""
        return "、".join(word(code, LISTS[part.id]) for code in part.codes) or _("不具備")
    if part.share is None:
        return ""
    said = _WORDS.get((part.id, _WHOLE.get(part.share, "part")))
    if said is None:
        return ""
    return said["zh" if (get_language() or "zh").startswith("zh") else "en"]
