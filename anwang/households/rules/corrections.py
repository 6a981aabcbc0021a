"""What a worker may say of a household's member, as facts of our own source (decision 15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.words import Words

CORRECTIONS: Final = Path(__file__).resolve().parent.parent / "policies" / "corrections.yaml"


@dataclass(frozen=True, slots=True)
class Correctable:
    """One thing that may be said. `value`: the field of the fact that holds the day; `ends`: the day
    is the first on which it no longer holds.
    """

    id: str
    kind: str
    text: Words
    asks: frozenset[str]
    value: str | None
    ends: bool

    def values(self, day: date, address: str) -> dict[str, Any]:
        """The value of the fact."""
        found = {self.value: day.isoformat()} if self.value else {}
        return found | ({"address": address} if "address" in self.asks else {})

    def days(self, day: date) -> tuple[date | None, date | None]:
        """From and until when it holds."""
        return (None, day) if self.ends else (day, None)


@cache
def correctables(path: Path = CORRECTIONS) -> Mapping[str, Correctable]:
    """All of them by id, in the file's order."""
    return {
        row["id"]: Correctable(
            row["id"], row["kind"], Words.of(row["text"]), frozenset(row["asks"]),
            row.get("value"), row.get("ends", False),
        )
        for row in read_yaml(path)["corrections"]
    }  # fmt: skip
