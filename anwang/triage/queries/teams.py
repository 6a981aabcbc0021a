"""Which team an offer should go to: a county's teams by the weights in force, each weight with them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection

from anwang.triage.models import Matter, Screening
from anwang.triage.queries.dispatch_policies import dispatch_weights
from anwang.triage.rules.ranking import (
    Asked,
    Place,
    RankedTeam,
    TeamFacts,
    languages_asked,
    lawful,
    rank,
    skills_asked,
    weight_of,
)
from anwang.triage.rules.told import Body, subjects_of, text_of

_TEAMS: Final = """
select t.id, t.name_zh, t.name_en, t.agency_kind, t.workers, t.streams, t.districts, t.skills,
    t.languages, t.full_load, d.latitude, d.longitude
from directory_team t left join directory_district d on d.code = t.seat_district
where not t.is_desk and t.county_id is not distinct from %s
order by t.id
"""
_LOADS: Final = """
select team_id, stream, grade, cases, soon, late, offers, offered_since from triage.team_loads(%s)
"""
_PLACE: Final = "select latitude, longitude from directory_district where code = %s"
_AT_HOME: Final = "select triage.teams_at_home(%s)"


@dataclass(frozen=True, slots=True)
class TeamChoice:
    """A team that could take a report, ranked. `lawful`: the policy's agency names it, or a
    settled dispute did (`settled`). `weights`: the policy's version that ranked it."""

    ranked: RankedTeam
    lawful: bool
    weights: Mapping[str, Any]
    settled: bool = False

    @property
    def id(self) -> str:
        """The team's id in the directory."""
        return self.ranked.team.id

    @property
    def name(self) -> dict[str, str]:
        """Its names, zh and en."""
        return self.ranked.team.name

    @property
    def agency_kind(self) -> str:
        """The kind of agency it belongs to."""
        return self.ranked.team.agency_kind

    @property
    def load(self) -> float:
        """1.0 where every worker carries a full load."""
        return round(self.ranked.team.fullness, 2)

    @property
    def its_stream(self) -> bool:
        """Whether it works in the stream by its entry in the directory, or in all of them."""
        return self.ranked.part("stream").share != 0.0


def teams_for(
    county: str | None,
    agency_kind: str | None = None,
    *,
    stream: str | None = None,
    district: str | None = None,
) -> list[TeamChoice]:
    """The county's teams that the kind of agency names (all where it is None), best first."""
    asked = Asked(agency_kind, stream, district, _place_of(district))
    return [one for one in _ranked(county, asked, dispatch_weights(county)) if one.lawful]


def teams_for_matter(
    matter: Matter, agency_kind: str | None, stream: str | None
) -> list[TeamChoice]:
    """The county's teams for this report, best first; who refused it already comes last.

    Also those that the kind of agency does not name: see `lawful`. Before all comes the team that a
    settled dispute named.
    """
    weights = dispatch_weights(matter.county)
    ranked = _ranked(matter.county, _asked(matter, agency_kind, stream, weights), weights)
    settled = settled_team(matter)
    if settled is None:
        return ranked
    named = [replace(one, lawful=True, settled=True) for one in ranked if one.id == settled]
    return [*named, *(one for one in ranked if one.id != settled)]


def settled_team(matter: Matter) -> str | None:
    """The service team that the last settled dispute named, unless it has refused since."""
    last = matter.disputes.filter(state__in=["ruled", "agreed"]).order_by("-settled_at").first()
    if last is None or last.to_team == matter.desk_team:
        return None
    since = matter.offers.filter(
        team_id=last.to_team, answer="refused", answered_at__gt=last.settled_at
    )
    return None if since.exists() else last.to_team


def _asked(
    matter: Matter, agency_kind: str | None, stream: str | None, weights: Mapping[str, Any]
) -> Asked:
    screening = Screening.objects.filter(matter=matter).only("inputs").order_by("-at").first()
    inputs: Mapping[str, Any] = screening.inputs if screening else {}
    concerns = inputs.get("concerns")
    district = matter.headline.get("district")
    refused = matter.offers.filter(answer="refused").values_list("team_id", flat=True)
    return Asked(
        agency_kind=agency_kind,
        stream=stream,
        district=district,
        place=_place_of(district),
        skills=skills_asked(weights, concerns if isinstance(concerns, list) else [], inputs),
        languages=languages_asked(weights, _words(matter.report.body)),
        at_home=frozenset(_at_home(matter)),
        refused=frozenset(refused),
    )


def _ranked(county: str | None, asked: Asked, weights: Mapping[str, Any]) -> list[TeamChoice]:
    ranked = rank(_teams(county, weights), asked, weights)
    return [TeamChoice(one, lawful(one.team, asked), weights) for one in ranked]


def _teams(county: str | None, weights: Mapping[str, Any]) -> list[TeamFacts]:
    carried: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [county])
        for team, stream, grade, cases, *_ in cursor.fetchall():
            carried[team][0] += cases
            carried[team][1] += cases * weight_of(weights, stream, grade)
        cursor.execute(_TEAMS, [county])
        return [_facts(row, carried[row[0]], weights) for row in cursor.fetchall()]


def _facts(row: tuple[Any, ...], carried: list[float], weights: Mapping[str, Any]) -> TeamFacts:
    id_, zh, en, kind, workers, streams, districts, skills, languages, full, latitude, longitude = (
        row
    )
    return TeamFacts(
        id=id_,
        name={"zh": zh, "en": en},
        agency_kind=kind,
        streams=_listed(streams),
        districts=_listed(districts),
        skills=_listed(skills),
        languages=_listed(languages),
        place=(latitude, longitude) if latitude is not None else None,
        cases=int(carried[0]),
        load=round(carried[1], 1),
        capacity=float(workers * (full or weights["caseload"]["full_load"])),
    )


def _place_of(district: str | None) -> Place | None:
    if not district:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [district])
        found = cursor.fetchone()
    return (found[0], found[1]) if found and found[0] is not None else None


def _at_home(matter: Matter) -> Iterable[str]:
    with connection.cursor() as cursor:
        cursor.execute(_AT_HOME, [matter.pk])
        return [row[0] for row in cursor.fetchall()]


def _words(body: Body) -> str:
    """What a report says in words: the narrative and what is noted of its subjects."""
    told = [
        text_of(body.get("narrative")),
        *(text_of(one.get("notes")) for one in subjects_of(body)),
    ]
    return "\n".join(told)


def _listed(value: Any) -> frozenset[str]:
    """A JSON column as psycopg gives it: a list, or its text."""
    return frozenset(json.loads(value) if isinstance(value, str) else value)
