"""The frame of the safety figures: a share in `make test`, the whole in `make drill`, resumable.

A figure is held by an *attempt*: `attempt(numbers, seed)` makes the trials with those numbers and
returns one line for every trial that succeeded where it should not have. The same seed and number
make the same trial, so any line can be repeated alone. A figure is void unless the faults planted
for it (planted/<name>.yaml) are found by the same attempt; see planting.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("ANWANG_SEED", "20263"))
RESULTS = ROOT / "docs" / "trust-results.json"
# What a figure speaks of: the product, what it runs on, and the trials. A drill goes on over commits
# that change none of it, and begins anew with one that does.
MATTERS = ("anwang", "config", "witness", "requirements", "tests/trust", "tests/conftest.py",
           "tests/factories.py")  # fmt: skip
_MADE = (".pyc", ".mo")
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


def files_that_matter(root: Path) -> Iterator[Path]:
    """Every file under MATTERS in order, without what is made from others."""
    for name in MATTERS:
        top = root / name
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (one for one in found if one.is_file() and one.suffix not in _MADE)


def digest_of(root: Path) -> str:
    """Changes with any file that a figure speaks of, and with nothing else."""
    digest = hashlib.sha256()
    for path in files_that_matter(root):
        inside = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root)} {inside}\n".encode())
    return digest.hexdigest()[:12]


@cache
def _digest() -> str:
    return digest_of(ROOT)


@cache
def _named() -> str:
    """The commit, with a `+` where files that matter are not as it has them."""
    done = subprocess.run(
        ["git", "status", "--porcelain", "--", *MATTERS],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return commit()[:12] + ("+" if done.stdout.strip() else "")


def hold(figure: Figure, attempt: Attempt) -> None:
    """Make the figure's trials and fail with the first lines of what was found.

    In the drill every finished slice is kept under the instance's home, so a run that was cut short
    goes on where it ended, unless a file that matters has changed; the last line says `ran k of K`.
    """
    begun = time.monotonic()
    if drilling():
        slices = _in_slices(figure, attempt)
        made = sum(min(figure.portion, figure.whole - one["first"]) for one in slices)
        found = [line for one in slices for line in one["found"]]
        took = sum(one["seconds"] for one in slices)
    else:
        made, found = figure.share, attempt(range(figure.share), SEED)
        took = time.monotonic() - begun
    print(f"{figure.name}: ran {made:,} of {figure.whole:,}, found {len(found)}, "
          f"seed {SEED}, {took:.0f} s")  # fmt: skip
    if drilling() and slices:
        _keep(figure, made, len(found), took, slices[-1]["commit"])
    assert len(found) <= figure.allowed, f"seed {SEED}:\n" + "\n".join(found[:20])


def _state(figure: Figure) -> Path:
    home = Path(os.environ.get("ANWANG_DRILL_HOME", ROOT / "var" / "drill"))
    home.mkdir(parents=True, exist_ok=True)
    return home / f"{figure.name}-{_digest()}-{SEED}.jsonl"


def _kept(state: Path) -> dict[int, dict[str, Any]]:
    """First trial -> finished slice, in the order in which they ended."""
    done: dict[int, dict[str, Any]] = {}
    lines = state.read_text(encoding="utf-8").splitlines(keepends=True) if state.exists() else []
    for line in lines:
        if line.endswith("\n"):  # else the run was killed while it wrote: that slice is made again
            one = json.loads(line)
            done[one["first"]] = one
    if lines and not lines[-1].endswith("\n"):
        state.write_text("".join(lines[:-1]), encoding="utf-8")
    return done


def _in_slices(figure: Figure, attempt: Attempt) -> list[dict[str, Any]]:
    """Go on with what is not made yet, as long as there is time; all slices that are finished."""
    state = _state(figure)
    done = _kept(state)
    limit = float(os.environ.get("ANWANG_DRILL_SECONDS", "inf"))
    begun = time.monotonic()
    for first in range(0, figure.whole, figure.portion):
        if first in done:
            continue
        if time.monotonic() - begun > limit:
            break
        started = time.monotonic()
        found = attempt(range(first, min(first + figure.portion, figure.whole)), SEED)
        done[first] = {"first": first, "found": found, "commit": _named(),
                       "seconds": round(time.monotonic() - started, 1)}  # fmt: skip
        with state.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[first], ensure_ascii=False) + "\n")
    return list(done.values())


def _keep(figure: Figure, made: int, found: int, took: float, ended_at: str) -> None:
    """Write the result where docs/trust.md takes its table from."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[figure.name] = {
        "ran": made, "of": figure.whole, "found": found, "seed": SEED, "commit": ended_at,
        "files": _digest(), "seconds": round(took),
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
