"""The frame of the safety figures: a share in `make test`, the whole in `make drill`, resumable.

A figure is held by an *attempt*: `attempt(numbers, seed)` makes the trials with those numbers and
returns one line for every trial that succeeded where it should not have. The same seed and number
make the same trial, so any line can be repeated alone. A figure is void unless the faults planted
for it (planted/<name>.yaml) are found by the same attempt; see planting.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("ANWANG_SEED", "20263"))
RESULTS = ROOT / "docs" / "trust-results.json"
Attempt = Callable[[range, int], list[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table in docs/trust.md.

    `share` trials run in `make test`, `whole` in `make drill`, in slices of `portion` each.
    """

    name: str
    what: str
    goal: str
    share: int
    whole: int
    portion: int = 1000
    allowed: int = 0


def drilling() -> bool:
    """Whether this run is `make drill`."""
    return os.environ.get("ANWANG_DRILL") == "1"


def commit() -> str:
    """The commit of this tree, or `unversioned` in an unpacked archive."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unversioned"


def hold(figure: Figure, attempt: Attempt) -> None:
    """Make the figure's trials and fail with the first lines of what was found.

    In the drill every finished slice is kept under the instance's home, so a run that was cut short
    goes on where it ended; the last line says `ran k of K`.
    """
    begun = time.monotonic()
    if drilling():
        made, found = _in_slices(figure, attempt)
    else:
        made, found = figure.share, attempt(range(figure.share), SEED)
    took = time.monotonic() - begun
    print(f"{figure.name}: ran {made:,} of {figure.whole:,}, found {len(found)}, "
          f"seed {SEED}, {took:.0f} s")  # fmt: skip
    if drilling():
        _keep(figure, made, len(found), took)
    assert len(found) <= figure.allowed, f"seed {SEED}:\n" + "\n".join(found[:20])


def _state(figure: Figure) -> Path:
    home = Path(os.environ.get("ANWANG_DRILL_HOME", ROOT / "var" / "drill"))
    home.mkdir(parents=True, exist_ok=True)
    return home / f"{figure.name}-{commit()[:12]}-{SEED}.jsonl"


def _in_slices(figure: Figure, attempt: Attempt) -> tuple[int, list[str]]:
    state = _state(figure)
    done: dict[int, list[str]] = {}
    if state.exists():
        for line in state.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            done[one["first"]] = one["found"]
    limit = float(os.environ.get("ANWANG_DRILL_SECONDS", "inf"))
    begun = time.monotonic()
    for first in range(0, figure.whole, figure.portion):
        if first in done:
            continue
        if time.monotonic() - begun > limit:
            break
        numbers = range(first, min(first + figure.portion, figure.whole))
        done[first] = attempt(numbers, SEED)
        with state.open("a", encoding="utf-8") as file:
            file.write(
                json.dumps({"first": first, "found": done[first]}, ensure_ascii=False) + "\n"
            )
    made = sum(min(figure.portion, figure.whole - first) for first in done)
    return made, [line for lines in done.values() for line in lines]


def _keep(figure: Figure, made: int, found: int, took: float) -> None:
    """Write the result where docs/trust.md takes its table from."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[figure.name] = {
        "ran": made, "of": figure.whole, "found": found, "seed": SEED, "commit": commit()[:12],
        "seconds": round(took),
    }  # fmt: skip
    RESULTS.write_text(
        json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def turn_of_commit() -> int:
    """A number that is another with every commit: what takes turns goes by it."""
    try:
        return int(commit()[:8], 16)
    except ValueError:
        return 0


def rotating(faults: Sequence[dict[str, str]], number: int = 2) -> list[dict[str, str]]:
    """All faults in the drill; in `make test` `number` of them, others with every commit."""
    if drilling() or len(faults) <= number:
        return list(faults)
    first = turn_of_commit()
    return [faults[(first + step) % len(faults)] for step in range(number)]
