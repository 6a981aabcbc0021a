"""Two versions of a table, line by line: what came, went, moved, and which cells changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

RowDoc = Mapping[str, Any]
Kind = Literal["same", "added", "removed", "changed", "moved"]
# Fields of a row after its conditions and outcomes, in the order in which they are shown.
WORDS: Final = ("text.zh", "text.en", "citation", "confidence", "valid_from", "valid_to",
                "county_may", "replaces", "before")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs; empty text where there was none."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row of either version. `cells` are those that differ, for a row in both."""

    kind: Kind
    id: str
    before: RowDoc | None
    after: RowDoc | None
    cells: tuple[CellChange, ...] = ()

    @property
    def shown(self) -> RowDoc:
        """The row to show: as it is after, or as it was."""
        return self.after if self.after is not None else self.before or {}


def flat_row(row: RowDoc) -> dict[str, str]:
    """A row as text by column: `id`, `when.<input>`, `then.<output>`, then WORDS. Empty ones left out."""
    flat = {"id": str(row.get("id", ""))}
    flat |= {f"when.{name}": str(cell) for name, cell in (row.get("when") or {}).items()}
    flat |= {f"then.{n}": str(v) for n, v in (row.get("then") or {}).items() if v is not None}
    for column in WORDS:
        name, _, part = column.partition(".")
        value = (row.get(name) or {}).get(part) if part else row.get(name)
        if value:
            flat[column] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return flat


def changed_cells(before: RowDoc, after: RowDoc) -> tuple[CellChange, ...]:
    """The cells in which two rows differ; a condition `-` is as good as none."""
    one, other = flat_row(before), flat_row(after)
    names = dict.fromkeys([*one, *other])
    return tuple(
        CellChange(name, one.get(name, ""), other.get(name, ""))
        for name in names
        if _plain(one.get(name, "")) != _plain(other.get(name, ""))
    )


def _plain(cell: str) -> str:
    return "" if cell.strip() == "-" else " ".join(cell.split())


def compare_rows(before: Sequence[RowDoc], after: Sequence[RowDoc]) -> list[RowChange]:
    """Every row of both, in the order of `after`, removed ones where they stood."""
    old = {_key(row): row for row in before}
    new = {_key(row): row for row in after}
    stayed = _in_order([k for k in old if k in new], [k for k in new if k in old])
    changes: list[RowChange] = []
    waiting = list(old)
    for key, row in new.items():
        if key not in old:
            changes.append(RowChange("added", str(row.get("id")), None, row))
            continue
        changes += _gone(waiting, key, old, new)
        cells = changed_cells(old[key], row)
        kind: Kind = "changed" if cells else "same" if key in stayed else "moved"
        changes.append(RowChange(kind, str(row.get("id")), old[key], row, cells))
    changes += [
        RowChange("removed", str(old[k].get("id")), old[k], None) for k in waiting if k not in new
    ]
    return changes


def _gone(
    waiting: list[str], until: str, old: Mapping[str, RowDoc], new: Mapping[str, RowDoc]
) -> Iterable[RowChange]:
    """Removed rows that stood before `until`; takes them off `waiting`."""
    if until not in waiting:
        return []
    place = waiting.index(until)
    gone = [key for key in waiting[:place] if key not in new]
    waiting[:] = [key for key in waiting[:place] if key in new] + waiting[place + 1 :]
    return [RowChange("removed", str(old[key].get("id")), old[key], None) for key in gone]


def _key(row: RowDoc) -> str:
    return f"{row.get('id')}@{row.get('valid_from') or ''}"


def _in_order(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Keys that kept their place among each other."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {before[place] for block in blocks for place in range(block.a, block.a + block.size)}
