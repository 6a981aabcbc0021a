"""The summary of the kept results: for the screen, and as `RESULTS.md` for whoever reads the tree."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS, Goal, short

PAGE = Path(__file__).with_name("RESULTS.md")
_HEAD = """# Results

Written by `python -m benchmarks.summary` from the last `make bench`; JSON with every figure lies in
`benchmarks/results/` after a run. Each figure belongs to the machine named with it. Embedded
PostgreSQL with fsync, synchronous_commit and row rules on; server, worker, database and the load
generator share the cores.
"""


def kept(chosen: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The kept results, of the chosen benchmarks or all."""
    wanted = None if chosen is None else set(chosen)
    return [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(RESULTS.glob("*.json"))
        if wanted is None or path.stem in wanted
    ]


def write_summary(chosen: Iterable[str]) -> str:
    """The goals of the chosen benchmarks, one a line."""
    lines = ["", "Summary"]
    for result in kept(chosen):
        for goal in result.get("goals", ()):
            lines.append(f"  {result['name']:<9}{_goal(goal).line()}")
    return "\n".join(lines)


def _goal(told: dict[str, Any]) -> Goal:
    return Goal(told["name"], told["figure"], told["limit"], told["unit"], told["at_most"])


def page() -> str:
    """RESULTS.md: goals first, then the table of each benchmark with its machine."""
    results = [one for one in kept() if "goals" in one]
    lines = [_HEAD, "| Benchmark | Figure | Goal | Found | |", "| --- | --- | --- | --- | --- |"]
    for result in results:
        for goal in map(_goal, result["goals"]):
            sign = "at most" if goal.at_most else "at least"
            lines.append(
                f"| {result['name']} | {goal.name} | {sign} {short(goal.limit)} {goal.unit}"
                f" | {short(goal.figure)} | {'met' if goal.met else '**missed**'} |"
            )
    for result in results:
        lines += ["", f"## {result['name']}: {result['what']}", "", *_rows(result["rows"])]
        if result.get("by_kind"):
            lines += ["", "By kind of slip:", "", *_rows(result["by_kind"])]
        if result.get("growth"):
            told = ", ".join(f"{name} {value:+.2f}" for name, value in result["growth"].items())
            lines += ["", f"Growth log(cost)/log(n): {told}."]
        lines += ["", *result.get("remarks", ())]
        lines += ["", _machine(result["machine"])]
    return "\n".join(lines) + "\n"


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + " ---: |" * len(names)]
    return lines + ["| " + " | ".join(short(row[name]) for name in names) + " |" for row in rows]


def _machine(told: dict[str, Any]) -> str:
    load = " / ".join(
        short(float(told.get(key, [0])[0])) for key in ("load_at_start", "load_at_end")
    )
    return (
        f"Machine: {told['cpu']}, {told['cores']} cores, {told['memory_gib']} GiB, {told['system']},"
        f" Python {told['python']}; load at start / end {load}; commit {told['commit']}"
        f" ({told['changed_files']} changed files); seed {told['seed']}."
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(page())
