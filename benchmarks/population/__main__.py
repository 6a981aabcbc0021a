"""`python -m benchmarks.population FOLDER [--persons N] [--seed N] [--workers N]`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.population import SOURCES, TRAINING_SEED, write


def main() -> int:
    """Write an invented nation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=TRAINING_SEED)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--sources", type=lambda text: text.split(","), default=list(SOURCES))
    asked = parser.parse_args()
    began = time.monotonic()

    def progress(done: int) -> None:
        print(f"\r{done:,} persons, {time.monotonic() - began:.0f} s", end="", file=sys.stderr)

    paths = write(asked.folder, asked.persons, asked.seed, sources=asked.sources,
                  count=asked.queries, workers=asked.workers, progress=progress)  # fmt: skip
    print(file=sys.stderr)
    for path in paths.values():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
