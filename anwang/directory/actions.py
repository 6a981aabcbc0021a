"""Loads the directory's data files; run by the owner when an instance is made or upgraded."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from anwang.directory.models import County, District, Team

DATA = Path(__file__).parent / "data"
NATIONAL_DESK = "national-desk"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def desk_of(county: str) -> str:
    """Id of a county's duty desk."""
    return f"{county}-desk"


@transaction.atomic
def load_directory() -> None:
    """Counties, districts, a duty desk for each county and the national desk. Repeatable."""
    counties = _rows("counties.csv")
    for row in counties:
        names = {"name_zh": row["name_zh"], "name_en": row["name_en"]}
        County.objects.update_or_create(code=row["code"], defaults=names)
        desk = {
            "county_id": row["code"],
            "agency_kind": "other",
            "is_desk": True,
            "name_zh": f"{row['name_zh']}集中派案窗口",
            "name_en": f"{row['name_en']} dispatch window",
            "reviewing_team_id": NATIONAL_DESK,
        }
        Team.objects.update_or_create(id=desk_of(row["code"]), defaults=desk)
    national = {
        "county_id": None,
        "agency_kind": "other",
        "is_desk": True,
        "name_zh": "全國值班台",
        "name_en": "National duty desk",
    }
    Team.objects.update_or_create(id=NATIONAL_DESK, defaults=national)
    places = {row["code"]: row for row in _rows("district_places.csv")}
    District.objects.bulk_create(
        [_district(row, places.get(row["code"])) for row in _rows("districts.csv")],
        update_conflicts=True, unique_fields=["code"],
        update_fields=["name_zh", "name_en", "latitude", "longitude"],
    )  # fmt: skip


def _district(row: Mapping[str, str], place: Mapping[str, str] | None) -> District:
    return District(
        code=row["code"], county_id=row["county_code"], name_zh=row["name_zh"],
        name_en=row["name_en"],
        latitude=float(place["latitude"]) if place else None,
        longitude=float(place["longitude"]) if place else None,
    )  # fmt: skip


@transaction.atomic
def load_teams(teams: Iterable[Mapping[str, Any]]) -> None:
    """Service teams of a county. Repeatable; keys are the fields of `Team`."""
    for team in teams:
        fields = dict(team)
        Team.objects.update_or_create(id=fields.pop("id"), defaults=fields)
