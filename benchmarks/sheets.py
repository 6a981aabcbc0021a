"""What a long sheet costs to read: memory must not follow its length.

A workbook of invented rows is read as loading reads it, by a program of its own whose highest memory
is compared with that of a workbook a tenth as long.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import Goal, Result, options

SIZE: Final = 200_000
QUICK_SIZE: Final = 5_000
MOST_GROWTH_MIB: Final = 64
_READ: Final = """
import json, resource, sys, time
from pathlib import Path
from anwang.registries.rules.files import read_file
from anwang.registries.rules.manifests import load_manifests
manifest = load_manifests()[sys.argv[2]]
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
rows = sum(1 for _ in read_file(path, manifest).rows)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"rows": rows, "seconds": round(time.perf_counter() - began, 1),
                  "peak_mib": round(peak / 1024), "added_mib": round((peak - before) / 1024)}))
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = options(arguments)
    size = (asked.sizes or [QUICK_SIZE if asked.quick else SIZE])[-1]
    result = Result("sheets", f"A sheet of {size:,} rows, read as loading reads it")
    with tempfile.TemporaryDirectory() as folder:
        for kind, source in (("xlsx", "probation"), ("ods", "neet")):
            for rows in (size // 10, size):
                path = _written(Path(folder), kind, source, rows)
                result.rows.append({"kind": kind, "size": rows} | _read(path, source))
    for kind in ("xlsx", "ods"):
        short, long = (one for one in result.rows if one["kind"] == kind)
        result.goals.append(
            Goal(
                f"{kind}: memory added by ten times the rows",
                float(long["peak_mib"] - short["peak_mib"]), MOST_GROWTH_MIB, "MiB",
            )
        )  # fmt: skip
    return result.keep()


def _read(path: Path, source: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path), source], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def _written(folder: Path, kind: str, source: str, rows: int) -> Path:
    from demo.registries import COLUMNS
    from demo.sources.sheets import write_workbook

    path = folder / f"{source}-{rows}.{kind}"
    columns = COLUMNS[source]

    def made() -> Iterator[dict[str, str]]:
        for no in range(rows):
            yield {name: f"{name} {no}" for name in columns} | {"record_key": f"R-{no}"}

    write_workbook(path, kind, columns, made())
    return path
