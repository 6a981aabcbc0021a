"""`python -m benchmarks [NAME] [options]`; without a name every benchmark with its usual options."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def names() -> list[str]:
    """The benchmarks: modules of this folder with a `main`."""
    folder = Path(__file__).resolve().parent
    found = [one.name for one in pkgutil.iter_modules([str(folder)])]
    return sorted(one for one in found if one not in ("__main__", "instances"))


def main() -> int:
    """Run the named benchmark, or all; status 1 when one misses its goal."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] not in names():
        print(f"No benchmark {arguments[0]!r}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    missed = 0
    for name in arguments[:1] or names():
        module = importlib.import_module(f"benchmarks.{name}")
        missed += bool(module.main(arguments[1:]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
