"""A delivery that lies whole beside us, and what became of the bytes on the way."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

# Told while a delivery comes: its name, how much is here, how much there is (None: not told).
Progress = Callable[[str, int, int | None], None]
# (name, version) of what was taken before.
Taken = Container[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A delivery in the staging folder, with its envelope beside it.

    `name` and `version` tell it apart for good: what was taken once is not fetched again.
    """

    name: str
    version: str
    path: Path
    size: int


def quiet(name: str, done: int, total: int | None) -> None:
    """Tell nobody."""
