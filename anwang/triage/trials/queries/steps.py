"""Whether an automatic step runs in a county: asked at each use, so that a stop holds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from anwang.triage.trials.models import StepSwitch

AUTO_DISPATCH: Final = "auto-dispatch"
JOIN_REPEATS: Final = "join-repeats"
STEPS: Final = (AUTO_DISPATCH, JOIN_REPEATS)
# Nothing is kept in memory: the very next decision asks again. A stop for everywhere outweighs a
# county's own word.
_RUNS: Final = """
select coalesce(bool_and(latest.runs), true) from (
    select distinct on (county) runs from triage_stepswitch
    where step = %s and (county is null or county = %s)
    order by county, at desc, id
) latest
"""


# Whoever acts by a step holds this with all others who do, whoever switches it alone: when a stop is
# put down, nothing is under way any more, and what comes after sees it.
SWITCH_LOCK: Final = 815021
_HOLD: Final = "select pg_advisory_xact_lock_shared(%s)"


@dataclass(frozen=True, slots=True)
class StepState:
    """An automatic step in one place; `last` is the latest word on it, None where nobody spoke."""

    step: str
    county: str | None
    runs: bool
    last: StepSwitch | None


def step_runs(step: str, county: str | None) -> bool:
    """Whether nobody has stopped the step here or everywhere. Policy says besides whether it applies."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, [step, county])
        (runs,) = cursor.fetchone()
    return bool(runs)


def step_runs_on(step: str, county: str | None) -> bool:
    """As `step_runs`, and so it stays until this transaction ends: a stop waits for it."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [SWITCH_LOCK])
    return step_runs(step, county)


def step_states(counties: list[str | None]) -> list[StepState]:
    """Each step in each of the places."""
    found = []
    for step in STEPS:
        for county in counties:
            last = StepSwitch.objects.filter(step=step, county=county).order_by("-at", "pk").first()
            found.append(StepState(step, county, step_runs(step, county), last))
    return found
