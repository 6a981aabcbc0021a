"""Files of all 29 sources for many persons, at least fifteen records each, as authorities deliver them.

The persons are those of the demo's county, drawn block by block, each block in a county of its own. The
demo tells about two records of a person; what busy registers hold besides (visits, journeys, doses) is
told in rounds over the whole population, so that a person's rows lie far apart in a file, as days do.
An authority knows a person by one set of words, slips included, in all of its rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from benchmarks.harness import AS_OF, SEED

if TYPE_CHECKING:
    from anwang.registries.rules.manifests import Manifest
    from anwang.registries.rules.rows import RowCheck
    from demo.county import County

# Rows a person beyond what the demo's county tells: mean of a register of everybody.
ROUNDS: Final = {"health-insurance": 9, "entry-exit": 3, "immunisation": 1, "employment-service": 1}
BLOCK: Final = 5_000
_COUNTIES: Final = ("68000", "63000", "65000", "66000", "67000", "64000")
_APART: Final = 91  # days between two rounds
_TRIES: Final = 6
_IN_A_HOUSEHOLD: Final = "household_key"
_UNDER_A_KEY: Final = "record_key"
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """Persons drawn together: the `number`th block, of so many."""

    number: int
    persons: int


def write_county_files(folder: Path, persons: int) -> dict[str, int]:
    """Write `SOURCE.csv` with its envelope for each source; source -> rows. Parts are drawn in as many
    processes as there are cores. A folder that an earlier run has finished is left as it is.
    """
    from anwang.common.working import Workers
    from demo.registries import COLUMNS

    envelopes = {source: folder / f"{source}.csv.meta.json" for source in COLUMNS}
    if all(one.exists() for one in envelopes.values()):
        return {source: json.loads(one.read_text())["rows"] for source, one in envelopes.items()}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = dict.fromkeys(COLUMNS, 0)
    with Workers(_parts, 2) as workers:
        for made in workers.each(blocks_of(persons)):
            for (source, number), (text, count) in made.items():
                with _part(folder, source, number).open("ab") as out:
                    out.write(text)
                rows[source] += count
    for source, columns in COLUMNS.items():
        _join(folder, source, columns, rows[source])
    return rows


def blocks_of(persons: int) -> list[Block]:
    """The blocks that so many persons are drawn in."""
    return [Block(at // BLOCK, min(BLOCK, persons - at)) for at in range(0, persons, BLOCK)]


def county_of(block: Block) -> County:
    """The county whose persons a block holds."""
    from demo.county import build_county

    code = _COUNTIES[block.number % len(_COUNTIES)]
    return build_county(SEED + block.number, AS_OF, block.persons, code)


def key_in(block: Block, key: str) -> str:
    """A person's key in the files: keys are unique in a county, not among counties."""
    return f"{block.number:03d}{key}"


def write_envelope(path: Path, source: str, rows: int, *, mode: str, days: int = 0) -> None:
    """The envelope beside a file that was made so many days after the county's day."""
    from anwang.registries.rules.manifests import load_manifests
    from demo.registries import TAIPEI

    told = {
        "source": source,
        "manifest_version": load_manifests()[source].version,
        "mode": mode,
        "delivered_at": datetime.combine(
            AS_OF + timedelta(days=days), time(2, 30), TAIPEI
        ).isoformat(),
        "rows": rows,
        "sha256": _sha256(path),
    }
    path.with_name(path.name + ".meta.json").write_text(json.dumps(told), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part(folder: Path, source: str, number: int) -> Path:
    return folder / f"{source}.{number:02d}.part"


def _join(folder: Path, source: str, columns: list[str], rows: int) -> None:
    path = folder / f"{source}.csv"
    with path.open("wb") as out:
        out.write((",".join(columns) + "\r\n").encode())
        for number in range(ROUNDS.get(source, 0) + 1):
            part = _part(folder, source, number)
            if part.exists():
                with part.open("rb") as told:
                    shutil.copyfileobj(told, out)
                part.unlink()
    write_envelope(path, source, rows, mode="full")


def _parts(block: Block) -> dict[tuple[str, int], tuple[bytes, int]]:
    """(source, round) -> lines and their number, of one block."""
    from anwang.registries.rules.manifests import load_manifests
    from demo.registries import COLUMNS

    county = county_of(block)
    manifests = load_manifests()
    made = {}
    for source in COLUMNS:
        for number, rows in _told(county, manifests[source]):
            lines = [_own_keys(row, block) for row in rows]
            made[source, number] = (_text(lines, COLUMNS[source]), len(lines))
    return made


def _own_keys(row: Row, block: Block) -> Row:
    told = {
        name: key_in(block, row[name]) for name in (_UNDER_A_KEY, _IN_A_HOUSEHOLD) if row.get(name)
    }
    return row | told


def _text(rows: list[Row], columns: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.DictWriter(out, columns, restval="").writerows(rows)
    return out.getvalue().encode()


def _told(county: County, manifest: Manifest) -> Iterator[tuple[int, list[Row]]]:
    """The rows of a source round by round, the demo's own first."""
    from anwang.registries.rules.rows import row_check
    from demo.registries import registry_rows

    told = registry_rows(county, manifest.id)
    yield 0, [one.row for one in told]
    if manifest.id not in ROUNDS:
        return
    rng = county.rng(f"rounds:{manifest.id}")
    like = [_own(manifest, one.row) for one in told if not one.fault]
    days = frozenset(
        one.name for one in manifest.columns
        if one.type == "date" and one.name in manifest.own_columns
    )  # fmt: skip
    who = list(_known(county, manifest, rng))
    check = row_check(manifest)
    for number in range(1, ROUNDS[manifest.id] + 1):
        rows = (_row(check, known, like, days, number, rng) for known in who)
        yield number, [row for row in rows if row is not None]


def _known(county: County, manifest: Manifest, rng: Random) -> Iterator[Row]:
    """How the authority knows each living person: the same words in all rows."""
    from demo.registries import COLUMNS
    from demo.registries.befallen import LIVED_AT, WRONG
    from demo.registries.identity import IDENTIFYING, elsewhere

    wanted = [name for name in COLUMNS[manifest.id] if name in IDENTIFYING]
    for person in county.persons.values():
        if person.died_on is None:
            told = elsewhere(county, person, rng, LIVED_AT.get(manifest.id, 0.5), WRONG)
            yield {name: told.get(name, "") for name in wanted}


def _own(manifest: Manifest, row: Row) -> Row:
    return {name: row.get(name, "") for name in manifest.own_columns}


def _row(
    check: RowCheck, known: Row, like: list[Row], days: frozenset[str], number: int, rng: Random
) -> Row | None:
    """A row like one that the register has, some time earlier; None where none would be sound."""
    from anwang.registries.rules.rows import RowOk

    for _ in range(_TRIES):
        back = timedelta(days=_APART * number + rng.randrange(_APART))
        row = known | _earlier(rng.choice(like), days, back)
        row[_UNDER_A_KEY] = f"{known[_UNDER_A_KEY]}/{number}"
        if isinstance(check(row, 2, AS_OF.isoformat()), RowOk):
            return row
    return None


def _earlier(own: Row, days: frozenset[str], back: timedelta) -> Row:
    return own | {
        name: (date.fromisoformat(own[name]) - back).isoformat() for name in days if own.get(name)
    }
