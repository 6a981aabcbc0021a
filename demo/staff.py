"""Teams and accounts of the demo: plain data shaped like the tables that take them in."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from demo.words import DIRECTORY, vocabulary

NATIONAL_DESK = "national-desk"


@dataclass(frozen=True, slots=True)
class DemoTeam:
    """One team; `county` None is national, `districts` are codes, empty for the whole county."""

    id: str
    county: str | None
    agency_kind: str
    is_desk: bool
    name_zh: str
    name_en: str
    streams: tuple[str, ...]
    districts: tuple[str, ...]
    reviewing_team_id: str
    workers: int
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    seat_district: str = ""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account; `team` None belongs to no team (reporters, operators, auditors).

    `seat`: an office that takes no cases and so is no team. `lapsed`: its training has expired.
    """

    login: str
    display_name: str
    display_name_en: str
    role: str
    team: str | None
    county: str | None
    seat: str | None
    lapsed: bool = False


def teams() -> list[DemoTeam]:
    """The national desk, the desk of each of the 22 governments, then the service teams."""
    return [*desks(), *(_service_team(row) for row in vocabulary("staff")["teams"])]


def desks() -> Iterator[DemoTeam]:
    """The desks alone: an empty test instance needs these too. The national desk comes first."""
    yield DemoTeam(
        NATIONAL_DESK, None, "other", True, "全國派案值班台", "National desk", (), (), "", 4
    )
    with (DIRECTORY / "counties.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield DemoTeam(
                id=f"{row['code']}-desk",
                county=row["code"],
                agency_kind="other",
                is_desk=True,
                name_zh=f"{row['name_zh']}集中派案窗口",
                name_en=f"{row['name_en']} duty desk",
                streams=(),
                districts=(),
                reviewing_team_id=NATIONAL_DESK,
                workers=4,
            )


def accounts() -> list[DemoAccount]:
    """All accounts of the demo; the password is the caller's affair."""
    return [
        DemoAccount(
            login=row["login"],
            display_name=row["display_name"],
            display_name_en=row["display_name_en"],
            role=row["role"],
            team=row.get("team"),
            county=row.get("county"),
            seat=row.get("seat"),
            lapsed=bool(row.get("lapsed")),
        )
        for row in vocabulary("staff")["accounts"]
    ]


def _service_team(row: dict[str, object]) -> DemoTeam:
    county = str(row["county"])
    streams, names = row["streams"], row["districts"]
    skills, languages = row.get("skills", []), row.get("languages", [])
    assert isinstance(streams, list) and isinstance(names, list)
    assert isinstance(skills, list) and isinstance(languages, list)
    seat = row.get("seat_district")
    return DemoTeam(
        id=str(row["id"]),
        county=county,
        agency_kind=str(row["agency_kind"]),
        is_desk=False,
        name_zh=str(row["name_zh"]),
        name_en=str(row["name_en"]),
        streams=tuple(streams),
        districts=tuple(_district_codes()[county, name] for name in names),
        reviewing_team_id=f"{county}-desk",
        workers=int(str(row["workers"])),
        skills=tuple(skills),
        languages=tuple(languages),
        seat_district=_district_codes()[county, str(seat)] if seat else "",
    )


@cache
def _district_codes() -> dict[tuple[str, str], str]:
    with (DIRECTORY / "districts.csv").open(encoding="utf-8", newline="") as rows:
        return {(r["county_code"], r["name_zh"]): r["code"] for r in csv.DictReader(rows)}
