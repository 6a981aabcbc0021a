"""Which team an offer should go to: the kind's teams of the county, the least loaded first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from anwang.triage.models import Matter

_TEAMS = """
select t.id, t.name_zh, t.name_en, t.agency_kind, t.workers, t.streams, t.districts,
    triage.load_of_team(t.id) as carried
from directory_team t
where not t.is_desk and t.county_id is not distinct from %s
  and (%s = '' or t.agency_kind = %s)
"""
OPEN_KIND = "other"
CARRIED_BY_ONE = 25  # a full load for one worker; an assumption of the demo, shown as such


@dataclass(frozen=True, slots=True)
class TeamChoice:
    """A team that could take a report; `load` is 1.0 when every worker carries a full load.

    `its_stream` and `its_district` say whether the team works in this stream and place by its
    entry in the directory; a team that names none works everywhere.
    """

    id: str
    name: dict[str, str]
    agency_kind: str
    load: float
    its_stream: bool
    its_district: bool


def teams_for(
    county: str | None,
    agency_kind: str | None = None,
    *,
    stream: str | None = None,
    district: str | None = None,
) -> list[TeamChoice]:
    """The service teams of a county, of one kind where given: those of the stream and the district
    first, then the least loaded.

    The kind `other` says that policy names no office (a consult form, say): then every team that
    names the stream in the directory can be asked, before one that is merely of that kind.
    """
    kind = "" if agency_kind in (None, OPEN_KIND) else agency_kind
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, [county, kind, kind])
        rows = cursor.fetchall()
    if agency_kind == OPEN_KIND:
        rows = [row for row in rows if row[3] == OPEN_KIND or stream in _listed(row[5])]
    found = [_choice(row, stream, district) for row in rows]
    named = {row[0] for row in rows if stream in _listed(row[5])}
    return sorted(
        found,
        key=lambda t: (not t.its_stream, t.id not in named, not t.its_district, t.load, t.id),
    )


def teams_for_matter(
    matter: Matter, agency_kind: str | None, stream: str | None
) -> list[TeamChoice]:
    """The teams that could take this report, best first; who refused it already comes last."""
    refused = set(matter.offers.filter(answer="refused").values_list("team_id", flat=True))
    found = teams_for(
        matter.county, agency_kind, stream=stream, district=matter.headline.get("district")
    )
    return sorted(found, key=lambda team: team.id in refused)


def _choice(row: tuple[Any, ...], stream: str | None, district: str | None) -> TeamChoice:
    id_, zh, en, kind, workers, streams, districts, carried = row
    return TeamChoice(
        id=id_,
        name={"zh": zh, "en": en},
        agency_kind=kind,
        load=round(carried / max(workers, 1) / CARRIED_BY_ONE, 2),
        its_stream=not streams or stream in _listed(streams),
        its_district=not districts or district in _listed(districts),
    )


def _listed(value: Any) -> list[str]:
    """A JSON column as psycopg gives it: a list, or its text."""
    return list(json.loads(value) if isinstance(value, str) else value)
