"""A back-test's result as it is kept and shown: shares with intervals, small counts hidden.

Whoever reads it may not reach a single one of the reports behind it, so no number of 1 to 4 stands
in it, and none that subtraction would give.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anwang.triage.trials.rules.decided import COMPARED
from anwang.triage.trials.rules.past import GROUPINGS, day_of
from anwang.triage.trials.rules.shares import hide_alone, share_of, shown_counts, too_small
from anwang.triage.trials.rules.tally import AFTER, BEFORE, Tally

DAYS_A_WEEK: Final = 7
_SCREENED: Final = (
    "by-desk", "by-version-in-force", "by-version-tried", "newly-let-go", "newly-taken",
    "by-desk-not-by-version-tried",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceTeam:
    """A team of the directory that can be offered a report; empty lists mean all."""

    id: str
    name: Mapping[str, str]
    county: str | None
    agency_kind: str
    streams: tuple[str, ...]
    districts: tuple[str, ...]


def result_of(tally: Tally, teams: Sequence[ServiceTeam], seconds: float) -> dict[str, Any]:
    """JSON-able. Shares are {hits, of, share, low, high}; a hidden number is None."""
    weeks = max((tally.last_day - tally.first_day + 1) / DAYS_A_WEEK, 1.0)
    return {
        "reports": tally.reports,
        "changed": share_of(tally.changed, tally.reports).as_dict(),
        "open": [share_of(one, tally.reports).as_dict() for one in tally.open],
        "first_day": day_of(tally.first_day).isoformat() if tally.reports else None,
        "last_day": day_of(tally.last_day).isoformat() if tally.reports else None,
        "seconds": round(seconds, 1),
        "listed": len(tally.differences),
        "fields": {
            name: share_of(tally.fields[name], tally.reports).as_dict() for name in COMPARED
        },
        "moves": _moves(tally),
        "groups": {name: _groups(tally, name) for name in GROUPINGS},
        "rows": _rows(tally),
        "teams": _teams(tally, teams, weeks),
        "hours": _hours(tally),
        "clocks": _clocks(tally),
        "screening": _screening(tally),
    }


def counted(tally: Tally) -> dict[str, dict[str, int]]:
    """Field -> `before > after` -> reports, as the command prints it: everything, nothing hidden."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, before, after), count in tally.moved.most_common():
        found[name][f"{before or '-'} > {after or '-'}"] = count
    return dict(found)


def _moves(tally: Tally) -> list[dict[str, Any]]:
    lines = []
    for name in COMPARED:
        counts = {
            (before, after): count
            for (of, before, after), count in tally.moved.items()
            if of == name
        }
        shown = shown_counts({f"{b}\t{a}": n for (b, a), n in counts.items()})
        lines += [
            {
                "field": name,
                "before": before,
                "after": after,
                "reports": shown[f"{before}\t{after}"],
            }
            for (before, after), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
    return lines


def _groups(tally: Tally, grouping: str) -> list[dict[str, Any]]:
    counts = {group: four.tolist() for (of, group), four in tally.groups.items() if of == grouping}
    told = [
        hide_alone([(group, four[place], four[0]) for group, four in counts.items()])
        for place in (1, 2, 3)
    ]
    reports = shown_counts({group: four[0] for group, four in counts.items()})
    return [
        {
            "group": group,
            "reports": reports[group],
            "changed": told[0][group].as_dict(),
            "urgent_before": told[1][group].as_dict(),
            "urgent_after": told[2][group].as_dict(),
        }
        for group in sorted(counts)
    ]


def _rows(tally: Tally) -> list[dict[str, Any]]:
    """Rows that decide another number of reports, the greatest difference first."""
    lines = [
        {"table": table, "row": row, **_pair(pair)}
        for (table, row), pair in tally.rows.items()
        if pair[BEFORE] != pair[AFTER]
    ]
    return sorted(lines, key=lambda one: (-_apart(one), one["table"], one["row"]))


def _pair(pair: Iterable[Any]) -> dict[str, int | None]:
    before, after = (int(one) for one in pair)
    hidden = too_small(before) or too_small(after) or too_small(abs(after - before))
    return {"before": None, "after": None} if hidden else {"before": before, "after": after}


def _apart(line: Mapping[str, Any]) -> int:
    return 0 if line["before"] is None else abs(line["after"] - line["before"])


def _teams(tally: Tally, teams: Sequence[ServiceTeam], weeks: float) -> list[dict[str, Any]]:
    """Reports a week that each team would be offered; where several fit they share alike."""
    carried: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (county, kind, stream, district), pair in tally.placed.items():
        fitting = fitting_teams(teams, county, kind, stream, district)
        for team in fitting:
            for place in (BEFORE, AFTER):
                carried[team.id][place] += float(pair[place]) / len(fitting)
    named = {team.id: team for team in teams}
    lines = [
        {
            "team": team,
            "name": dict(named[team].name),
            "county": named[team].county,
            "before": None if too_small(before) else round(before / weeks, 2),
            "after": None if too_small(after) else round(after / weeks, 2),
        }
        for team, (before, after) in carried.items()
    ]
    return sorted(
        lines, key=lambda one: (-abs((one["after"] or 0) - (one["before"] or 0)), one["team"])
    )


def fitting_teams(
    teams: Sequence[ServiceTeam], county: str, kind: str, stream: str, district: str
) -> list[ServiceTeam]:
    """The teams that an offer would go to first, load apart: of the kind, then of the stream, then of
    the district, each only where some team is."""
    found = [one for one in teams if one.county == county and one.agency_kind == kind]
    working = [one for one in found if not one.streams or stream in one.streams] or found
    naming = [one for one in working if stream in one.streams] or working
    return [one for one in naming if not one.districts or district in one.districts] or naming


def _hours(tally: Tally) -> dict[str, dict[str, list[int | None]]]:
    """Agency kind -> reports by the hour of the day at which they came, before and after."""
    found: dict[str, dict[str, list[int | None]]] = {}
    for kind in sorted({kind for kind, _ in tally.hours}):
        pairs = [tally.hours.get((kind, hour)) for hour in range(24)]
        found[kind] = {
            name: [0 if pair is None else _shown(int(pair[place])) for pair in pairs]
            for place, name in ((BEFORE, "before"), (AFTER, "after"))
        }
    return found


def _shown(count: int) -> int | None:
    return None if too_small(count) else count


def _clocks(tally: Tally) -> list[dict[str, Any]]:
    lines = []
    for clock, started in tally.started.items():
        risk = tally.at_risk.get(clock)
        late = risk.tolist() if risk is not None else [0, 0]
        lines.append({
            "clock": clock,
            "before": share_of(late[BEFORE], int(started[BEFORE])).as_dict(),
            "after": share_of(late[AFTER], int(started[AFTER])).as_dict(),
        })  # fmt: skip
    return sorted(lines, key=lambda one: str(one["clock"]))


def _screening(tally: Tally) -> list[dict[str, Any]]:
    counts: Counter[str] = tally.screened
    return [
        {"who": word, "came_back": share_of(counts[f"{word}-came-back"], counts[word]).as_dict()}
        for word in _SCREENED
    ]
