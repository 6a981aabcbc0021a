"""What a new delivery of one source costs where little of it is new.

The register of a full load is delivered again with one row in a thousand, in a hundred and in ten
changed: once as the whole file, once with the changed rows alone. Rows that say nothing new must make
no record, and what is done for each should follow the change, not the register.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.county_files import write_county_files, write_envelope
from benchmarks.harness import Goal, Result, bench, options
from benchmarks.load import database_of, files_of, full, take
from benchmarks.spent import Meter, server_of

SOURCE: Final = "household-registration"
SIZE: Final = 100_000
QUICK_SIZE: Final = 2_000
SHARES: Final = (0.001, 0.01, 0.1)
_WRITTEN: Final = """
select count(*) from registries_record where delivery_id =
    (select id from registries_delivery order by began_at desc limit 1)
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = options(arguments)
    size = (asked.sizes or [QUICK_SIZE if asked.quick else SIZE])[-1]
    result = Result("refresh", f"{SOURCE} of {size:,} persons delivered again, partly changed")
    with bench() as running:
        full(running, size)
        write_county_files(
            files_of(running, size), size
        )  # the load takes them away where it goes on
        running.act_as("worker", database_of(size))
        path = files_of(running, size) / f"{SOURCE}.csv"
        for day, share in enumerate(SHARES, start=1):
            result.rows.append(_delivered(path, share, day))
    _judge(result)
    return result.keep()


def _delivered(path: Path, share: float, day: int) -> dict[str, Any]:
    """Deliver all rows, partly changed; then as many changed rows alone."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told: dict[str, Any] = {"size": 0, "rows": len(rows)}
    for place, mode in enumerate(("full", "incremental")):
        changed = _change(rows, round(1 / share), first=2 * day + place)
        file_name = path.with_name(f"again-{day}-{mode}.csv")
        _write(file_name, rows if mode == "full" else changed)
        write_envelope(
            file_name, SOURCE, len(rows if mode == "full" else changed), mode=mode,
            days=2 * day + place,
        )  # fmt: skip
        meter = Meter(server_of(_one("select pg_backend_pid()")))
        take(meter, SOURCE, file_name)
        told |= {
            "size": len(changed),
            f"{mode}_s": round(sum(one.wall for one in meter.spent.values()), 3),
            f"{mode}_processor_s": round(sum(one.processor for one in meter.spent.values()), 3),
            f"{mode}_records": _one(_WRITTEN),
        }
        file_name.unlink()
    _write(path, rows)
    return told


def _change(rows: list[dict[str, str]], every: int, *, first: int) -> list[dict[str, str]]:
    """Give every so manieth row another telephone number, in place; the rows changed."""
    changed = []
    for place in range(first, len(rows), every):
        rows[place] |= {"phone": f"09{first:02d}-{place // 1000 % 1000:03d}-{place % 1000:03d}"}
        changed.append(rows[place])
    return changed


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _one(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _judge(result: Result) -> None:
    """Both ways follow the change: what a changed row costs more than an unchanged one is told by
    the slope between the shares, what the register costs by itself by where it begins.
    """
    for mode in ("full", "incremental"):
        result.grow(f"{mode}_processor_s")
    few, many = result.rows[0], result.rows[-1]
    beside = many["size"] - few["size"]
    changed = (many["full_processor_s"] - few["full_processor_s"]) / beside
    unchanged = (few["full_processor_s"] - changed * few["size"]) / few["rows"]
    result.remarks += [
        f"whole file: {changed * 1e6:.0f} us of processor a changed row,"
        f" {unchanged * 1e6:.0f} us a row that says nothing new",
    ]
    result.goals += [
        Goal("records written beyond the changed rows",
             sum(one["full_records"] + one["incremental_records"] - 2 * one["size"]
                 for one in result.rows), 0, "records"),
        Goal("an unchanged row against a changed one", round(unchanged / changed, 3), 0.1, "times"),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
