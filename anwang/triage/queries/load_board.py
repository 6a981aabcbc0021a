"""What each team of a county carries, in figures: weighted cases, offers waiting, clocks soon due."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from anwang.triage.queries.dispatch_policies import dispatch_weights
from anwang.triage.rules.ranking import weight_of

_LOADS: Final = """
select team_id, stream, grade, cases, soon, late, offers, offered_since from triage.team_loads(%s)
"""
_TEAMS: Final = """
select id, name_zh, name_en, agency_kind, workers, full_load from directory_team
where not is_desk and county_id is not distinct from %s order by agency_kind, id
"""


@dataclass(frozen=True, slots=True)
class TeamLoad:
    """One team's line. `load` is its weighted open cases, `capacity` what fills all its workers;
    `waiting_since` the oldest offer that it has not answered."""

    id: str
    name: dict[str, str]
    agency_kind: str
    workers: int
    cases: int
    load: float
    capacity: float
    soon: int
    late: int
    offers: int
    waiting_since: dt.datetime | None

    @property
    def fullness(self) -> float:
        """1.0 where every worker carries a full load; may be more."""
        return self.load / self.capacity if self.capacity else 1.0


def load_board(county: str | None) -> list[TeamLoad]:
    """The county's teams, the fullest first. Figures alone; what is closed to the reader counts for
    nothing. Two statements besides the weights in force, whatever the number of teams."""
    weights = dispatch_weights(county)
    carried: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [county])
        for row in cursor.fetchall():
            carried[row[0]].append(row)
        cursor.execute(_TEAMS, [county])
        teams = cursor.fetchall()
    lines = []
    for id_, zh, en, kind, workers, full in teams:
        rows = carried[id_]
        since = [row[7] for row in rows if row[7] is not None]
        lines.append(
            TeamLoad(
                id=id_, name={"zh": zh, "en": en}, agency_kind=kind, workers=workers,
                cases=sum(row[3] for row in rows),
                load=round(sum(row[3] * weight_of(weights, row[1], row[2]) for row in rows), 1),
                capacity=float(workers * (full or weights["caseload"]["full_load"])),
                soon=sum(row[4] for row in rows), late=sum(row[5] for row in rows),
                offers=sum(row[6] for row in rows), waiting_since=min(since, default=None),
            )
        )  # fmt: skip
    return sorted(lines, key=lambda one: (-one.fullness, one.id))


def weighing(county: str | None) -> dict[str, Any]:
    """How cases are weighed, as data: shown under the board."""
    return dict(dispatch_weights(county)["caseload"])
