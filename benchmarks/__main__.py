"""`python -m benchmarks [NAME ...] [options]`; without a name every benchmark, one after another.

Each runs as a program of its own, so that none inherits another's caches, connections or settings.
Options (`--quick`) go to each of them.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import remove_home, short
from benchmarks.summary import write_summary

FOLDER = Path(__file__).resolve().parent
USUAL_ORDER = [
    "start",
    "loading",
    "matching",
    "reports",
    "desk",
    "rules",
]  # loading's counties serve reports


def names() -> list[str]:
    """The benchmarks: modules of this folder with a `main`, in their usual order."""
    found = {
        one.name
        for one in pkgutil.iter_modules([str(FOLDER)])
        if not one.ispkg
        and "\ndef main(" in (FOLDER / f"{one.name}.py").read_text(encoding="utf-8")
    } - {"__main__"}
    known = [name for name in USUAL_ORDER if name in found]
    return known + sorted(found - set(known))


def run_one(name: str, arguments: list[str]) -> int:
    """One benchmark in this process."""
    return int(importlib.import_module(f"benchmarks.{name}").main(arguments) or 0)


def run_all(chosen: list[str], arguments: list[str]) -> int:
    """The chosen benchmarks, one process each over one folder; status 1 when one misses a goal."""
    home = Path(tempfile.mkdtemp(prefix="anwang-bench-"))
    home.chmod(0o755)
    environment = {"ANWANG_BENCH_HOME": str(home)} | os.environ
    # Compiled modules are kept where people use it; without them every start takes twice as long.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    missed = []
    try:
        for name in chosen:
            print(f"\n== {name} (after {short(time.monotonic() - began)} s)", flush=True)
            command = [sys.executable, "-m", "benchmarks", "--alone", name, *arguments]
            if subprocess.run(command, env=environment, cwd=FOLDER.parent, check=False).returncode:
                missed.append(name)
    finally:
        remove_home(home)
    print(write_summary(chosen))
    print(f"{short(time.monotonic() - began)} s in all. Missed: {', '.join(missed) or 'none'}.")
    return 1 if missed else 0


def main() -> int:
    """Run what is named, or everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must end too
    arguments = sys.argv[1:]
    if arguments[:1] == ["--alone"]:
        return run_one(arguments[1], arguments[2:])
    chosen = []
    while arguments and not arguments[0].startswith("-"):
        chosen.append(arguments.pop(0))
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(names())}.",
              file=sys.stderr)  # fmt: skip
        return 2
    return run_all(chosen or names(), arguments)


if __name__ == "__main__":
    sys.exit(main())
