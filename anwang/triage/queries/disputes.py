"""Disputes that the reader is a party to or rules, what is proposed, and what was ruled before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db.models import Q, QuerySet

from anwang.access.permissions import Permit
from anwang.common.yaml_files import read_yaml
from anwang.directory.models import Team
from anwang.directory.templatetags.anwang_codes import LISTS
from anwang.triage.models import Dispute, Matter, Offer, Precedent, Screening
from anwang.triage.queries.teams import teams_for_matter
from anwang.triage.rules.jurisdiction import Whereabouts
from anwang.triage.rules.residence import home_county
from anwang.triage.rules.told import role_of, subjects_of

MOST: Final = 50
MOST_PRECEDENTS: Final = 20
MOST_WORDS: Final = 5


@cache
def grounds() -> dict[str, dict[str, Any]]:
    """Code -> ground of a dispute."""
    return {one["code"]: one for one in read_yaml(LISTS / "dispute_grounds.yaml")}


@dataclass(frozen=True, slots=True)
class PrecedentQuery:
    """What past rulings are looked for by; an empty field asks for nothing."""

    ground: str = ""
    stream: str = ""
    law: str = ""
    words: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return any((self.ground, self.stream, self.law.strip(), self.words.strip()))


def disputes_for(permit: Permit) -> tuple[list[Dispute], list[Dispute]]:
    """(open, settled) disputes that the row rules show the reader: the next due, the latest first."""
    assert permit.purpose == "dispute"
    known = Dispute.objects.all()
    waiting = known.filter(state=Dispute.State.OPEN).order_by("answer_due")[:MOST]
    done = known.exclude(state=Dispute.State.OPEN).order_by("-settled_at")[:MOST]
    return list(waiting), list(done)


@dataclass(frozen=True, slots=True)
class PastRuling:
    """What a ruling says for later cases; neither which dispute it was nor which report."""

    at: dt.datetime
    level: str
    ground: str
    stream: str
    agency_kind: str
    law: str
    principle: str


def precedents(asked: PrecedentQuery) -> list[PastRuling]:
    """Past rulings alike, the latest first, at most 20; words are looked for in principle and law."""
    found: QuerySet[Precedent] = Precedent.objects.all()
    if asked.ground:
        found = found.filter(ground=asked.ground)
    if asked.stream:
        found = found.filter(stream=asked.stream)
    if law := asked.law.strip():
        found = found.filter(law__icontains=law)
    for one in asked.words.split()[:MOST_WORDS]:
        found = found.filter(Q(principle__icontains=one) | Q(law__icontains=one))
    told = found.order_by("-at").values_list(*PastRuling.__slots__)[:MOST_PRECEDENTS]
    return [PastRuling(*one) for one in told]


def digest_of(matter: Matter) -> dict[str, Any]:
    """What a level that may not see the report is told of it: codes, no person, no words."""
    age = matter.headline.get("age")
    return {
        "grade": matter.grade,
        "grade_class": matter.grade_class,
        "stream": matter.stream,
        "agency_kind": matter.agency_kind,
        "joint_with": matter.joint_with,
        "concerns": _codes(matter.report.body.get("concerns")),
        "district": matter.headline.get("district"),
        "under_18": age < 18 if isinstance(age, int) else None,
        "refused_by": list(
            matter.offers.filter(answer=Offer.Answer.REFUSED).values_list("team_id", flat=True)
        ),
    }


def _codes(written: object) -> list[str]:
    return [one for one in written if isinstance(one, str)] if isinstance(written, list) else []


def county_team_proposed(matter: Matter) -> dict[str, Any]:
    """The best ranked team that the agency's kind names, with its weights: what a ruling may follow."""
    ranked = [one for one in teams_for_matter(matter, matter.agency_kind, matter.stream)
              if one.lawful]  # fmt: skip
    return {"kind": "team", **ranked[0].ranked.as_json()} if ranked else {"kind": "team"}


def whereabouts_of(matter: Matter, said: Mapping[str, Any]) -> Whereabouts:
    """What the desk says of where a child is, and what report and registers tell besides."""
    danger = matter.report.body.get("immediate_danger")
    urgent: bool | None = matter.grade == "1" or {"yes": True, "no": False}.get(str(danger))
    return Whereabouts(
        received_by=matter.county or "",
        received_first=first_receiver(matter),
        urgent=urgent,
        child_in=said.get("child_in") or None,
        residence=said.get("residence") or residence_of(matter),
        whereabouts=said.get("whereabouts") or None,
    )


def residence_of(matter: Matter) -> str | None:
    """The county where registers say that the first matched subject lives."""
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    if screening is None:
        return None
    subjects = subjects_of(matter.report.body)
    known = [
        (role_of(subjects[int(index)]), str(taken["person_id"]))
        for index, taken in screening.matches.items()
        if taken.get("person_id") and int(index) < len(subjects)
    ]
    return home_county(known, screening.picture)


def first_receiver(matter: Matter) -> str:
    """The county that first received a report on this event, as far as the reader reaches it."""
    earlier = (
        Matter.objects.filter(pk=matter.same_event_as).values_list("county", flat=True).first()
    )
    return earlier or matter.county or ""


def names_of_teams(disputes: list[Dispute]) -> dict[str, Team]:
    """Id -> team, of every office that the disputes name."""
    named = {team for one in disputes for team in (one.raised_by_team, one.wanted_team,
             one.care_team, one.to_team, str(one.proposal.get("team") or ""))}  # fmt: skip
    return Team.objects.in_bulk(named - {""})
