"""Ranks the teams that an offer could go to, each weight told: a rule over data, no model.

A wrong rank sends a family to people who cannot help it, or past the one who already knows it; so
every share is shown with its points, and a person chooses.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

HOME: Final = "home"
OPEN_KIND: Final = "other"  # policy names no office: whoever works in the stream can be asked
UNKNOWN_SHARE: Final = 0.5
WHOLE_COUNTY: Final = 0.7  # serves the place, as every other place
EVERY_STREAM: Final = 0.5
EARTH_KM: Final = 6371.0
Place = tuple[float, float]
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """What is known of a team. Empty skills or languages, and no place, mean *not known*.

    `load` is its weighted open cases, `capacity` how many fill all its workers.
    """

    id: str
    name: dict[str, str]
    agency_kind: str
    streams: frozenset[str]
    districts: frozenset[str]
    skills: frozenset[str]
    languages: frozenset[str]
    place: Place | None
    cases: int
    load: float
    capacity: float

    @property
    def fullness(self) -> float:
        """1.0 where every worker carries a full load; may be more."""
        return self.load / self.capacity if self.capacity > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report asks of a team; None is unknown, an empty set asks for nothing."""

    agency_kind: str | None = None
    stream: str | None = None
    district: str | None = None
    place: Place | None = None
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    at_home: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """One weight as it fell: `share` of `of` points; None where it is not known or not asked for."""

    id: str
    share: float | None
    points: float
    of: int
    codes: tuple[str, ...] = ()
    km: float | None = None


@dataclass(frozen=True, slots=True)
class RankedTeam:
    """A team with its points and what they are made of, in the order of the policy's factors."""

    team: TeamFacts
    points: float
    parts: tuple[Part, ...]

    def part(self, factor: str) -> Part:
        """The part of one factor."""
        return next(one for one in self.parts if one.id == factor)

    def as_json(self) -> dict[str, Any]:
        """For the decision that was made on it (V6): without who worked in the home, since that
        family may be sealed later, and no other report's decision may then tell of it (R8)."""
        parts = {one.id: one.points for one in self.parts if one.id != HOME}
        return {"team": self.team.id, "points": round(sum(parts.values()), 1), "parts": parts}


def rank(teams: Iterable[TeamFacts], asked: Asked, weights: Mapping[str, Any]) -> list[RankedTeam]:
    """Best first; of equal points the emptier team, then by id."""
    ranked = [_ranked(team, asked, weights) for team in teams]
    return sorted(ranked, key=lambda one: (-one.points, one.team.fullness, one.team.id))


def _ranked(team: TeamFacts, asked: Asked, weights: Mapping[str, Any]) -> RankedTeam:
    km = _km(team.place, asked.place)
    shares: dict[str, tuple[float | None, tuple[str, ...], float | None]] = {
        "law": (_lawful(team, asked), (), None),
        "stream": (_in_stream(team, asked), (), None),
        "home": (float(team.id in asked.at_home), (), None),
        "area": (_in_area(team, asked), (), None),
        "caseload": (max(0.0, 1.0 - team.fullness), (), None),
        "skills": (*_having(team.skills, asked.skills), None),
        "language": (*_having(team.languages, asked.languages), None),
        "distance": (_near(km, weights["distance"]), (), km),
    }
    parts = [_part(factor, *shares[factor["id"]]) for factor in weights["factors"]]
    if team.id in asked.refused:
        points = int(weights["refused"]["points"])
        parts.append(Part("refused", 1.0, float(points), points))
    return RankedTeam(team, round(sum(one.points for one in parts), 1), tuple(parts))


def _part(
    factor: Mapping[str, Any], share: float | None, codes: tuple[str, ...], km: float | None
) -> Part:
    of = int(factor["points"])
    given = UNKNOWN_SHARE if share is None else share
    return Part(factor["id"], share, round(of * given, 1), of, codes, km)


def lawful(team: TeamFacts, asked: Asked) -> bool:
    """Whether the policy's agency names this team; all do where it names none."""
    return _lawful(team, asked) != 0.0


def _lawful(team: TeamFacts, asked: Asked) -> float | None:
    if asked.agency_kind is None:
        return None
    if asked.agency_kind == OPEN_KIND:
        return float(team.agency_kind == OPEN_KIND or asked.stream in team.streams)
    return float(team.agency_kind == asked.agency_kind)


def _in_stream(team: TeamFacts, asked: Asked) -> float | None:
    if asked.stream is None:
        return None
    return float(asked.stream in team.streams) if team.streams else EVERY_STREAM


def _in_area(team: TeamFacts, asked: Asked) -> float | None:
    if not team.districts:
        return WHOLE_COUNTY
    return float(asked.district in team.districts) if asked.district else None


def _having(has: Collection[str], needs: frozenset[str]) -> tuple[float | None, tuple[str, ...]]:
    """The share of what is needed that the team has, and which: None where nobody can say."""
    if not needs or not has:
        return None, ()
    met = tuple(sorted(needs.intersection(has)))
    return len(met) / len(needs), met


def _near(km: float | None, distance: Mapping[str, float]) -> float | None:
    if km is None:
        return None
    near, far = distance["near_km"], distance["far_km"]
    return 1.0 - min(max((km - near) / (far - near), 0.0), 1.0)


def _km(one: Place | None, other: Place | None) -> float | None:
    """Great-circle distance."""
    if one is None or other is None:
        return None
    (a, b), (c, d) = (map(math.radians, place) for place in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return round(2 * EARTH_KM * math.asin(math.sqrt(half)), 1)


def weight_of(weights: Mapping[str, Any], stream: str | None, grade: str | None) -> float:
    """How much one open case counts; a stream or grade not listed counts once."""
    load = weights["caseload"]
    by_stream, by_grade = load["by_stream"], load["by_grade"]
    return float(by_stream.get(stream or "", 1.0)) * float(by_grade.get(grade or "", 1.0))


def skills_asked(
    weights: Mapping[str, Any], concerns: Collection[str], inputs: Mapping[str, Any]
) -> frozenset[str]:
    """Skills that the concerns, or inputs known to be true, ask for."""
    return frozenset(
        row["need"]
        for row in weights["skills"]
        if set(row.get("concerns", ())) & set(concerns)
        or any(inputs.get(name) is True for name in row.get("inputs", ()))
    )


def languages_asked(weights: Mapping[str, Any], words: str) -> frozenset[str]:
    """Languages of which a report's own words speak."""
    return frozenset(
        row["need"] for row in weights["languages"] if any(one in words for one in row["words"])
    )
