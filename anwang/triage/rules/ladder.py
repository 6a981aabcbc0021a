"""The ladder of escalation as its file says it: read and checked, for tests and screens.

The database climbs it by itself (migration 0014); this holds that what it climbs is well formed. A
rung that calls nobody leaves a child without anyone who knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anwang.access.vocabulary import Role
from anwang.common.errors import AnwangError

PLACES: Final = ("desk", "team", "county", "nation")
SITUATIONS: Final = ({"waiting", "offered"}, {"any"})


class LadderFault(AnwangError):
    """The ladder is not well formed. The text names the ladder, the rung and what to correct."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is called how long after the beginning. `tell`: situation -> (role, place)."""

    id: str
    after_minutes: int
    tell: Mapping[str, tuple[tuple[str, str], ...]]
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in their order; after the last, it is called again every `every_minutes`."""

    id: str
    grades: frozenset[str] | None
    rungs: tuple[Rung, ...]
    every_minutes: int
    text: Mapping[str, str]
    citation: str
    confidence: str


def read_ladders(body: Mapping[str, Any]) -> tuple[Ladder, ...]:
    """All ladders of a policy, the first that fits counts. Raises LadderFault."""
    ladders = tuple(_ladder(said) for said in body.get("ladders", ()))
    if not ladders or ladders[-1].grades is not None:
        raise LadderFault("The last ladder must fit every report: give it an empty `when`.")
    return ladders


def read_late_calls(body: Mapping[str, Any]) -> tuple[Rung, ...]:
    """Who is called for a duty of a case that stays undone, in their order. Raises LadderFault."""
    said = body.get("late_duties") or {}
    if not said.get("citation") or not said.get("confidence") or not said.get("rungs"):
        raise LadderFault("Late duties: rungs, citation and confidence are needed.")
    minutes = [
        _rung("late duties", one | {"after_minutes": 60 * int(one["after_hours"])})
        for one in said["rungs"]
    ]
    if [one.after_minutes for one in minutes] != sorted({one.after_minutes for one in minutes}):
        raise LadderFault("Late duties: each rung comes later than the one before it.")
    if not isinstance(said.get("every_hours"), int) or said["every_hours"] < 1:
        raise LadderFault("Late duties: say every how many hours the last is called again.")
    return tuple(minutes)


def _ladder(said: Mapping[str, Any]) -> Ladder:
    rungs = tuple(_rung(said["id"], one) for one in said["rungs"])
    minutes = [one.after_minutes for one in rungs]
    if not rungs or minutes != sorted(set(minutes)) or minutes[0] < 1:
        raise LadderFault(f"Ladder {said['id']}: each rung comes later than the one before it.")
    if not isinstance(said.get("every_minutes"), int) or said["every_minutes"] < 1:
        raise LadderFault(
            f"Ladder {said['id']}: say every how many minutes the last is called again."
        )
    if not said.get("citation") or not said.get("confidence"):
        raise LadderFault(f"Ladder {said['id']}: citation and confidence are needed.")
    grades = said.get("when", {}).get("grade")
    return Ladder(
        id=said["id"],
        grades=frozenset(grades) if grades is not None else None,
        rungs=rungs,
        every_minutes=said["every_minutes"],
        text=said["text"],
        citation=said["citation"],
        confidence=said["confidence"],
    )


def _rung(ladder: str, said: Mapping[str, Any]) -> Rung:
    tell = {
        situation: tuple((one["role"], one["of"]) for one in lines)
        for situation, lines in said["tell"].items()
    }
    if set(tell) not in SITUATIONS or not all(tell.values()):
        raise LadderFault(f"Ladder {ladder}, rung {said['id']}: tell waiting and offered, or any.")
    for role, place in (one for lines in tell.values() for one in lines):
        if role not in set(Role) or place not in PLACES:
            raise LadderFault(f"Ladder {ladder}, rung {said['id']}: no {role} of {place} is known.")
    return Rung(said["id"], int(said["after_minutes"]), tell, said["text"])
