"""Finds record keys that stand more than once in a file, before the file is taken.

A first reading keeps eight bytes a row, sorted into buckets, so that a nation's registry fits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.files import FileRow

_BUCKETS = 256


def hash_of(record_key: str) -> int:
    """What stands for a key within this run; two keys of a file share one almost never (2^-64)."""
    return hash(record_key)


@dataclass(slots=True)
class Repeats:
    """Number of rows of a file, and how often each key that repeats is still to come (by hash)."""

    rows: int
    to_come: dict[int, int]

    def places(self, rows: list[FileRow | RowFault]) -> frozenset[int]:
        """Places in `rows`, the next of the file, whose key comes again further down."""
        if not self.to_come:
            return frozenset()
        found = []
        for place, row in enumerate(rows):
            if isinstance(row, RowFault):
                continue
            hashed = hash_of(row.cells.get("record_key", "").strip())
            if (left := self.to_come.get(hashed)) is not None:
                self.to_come[hashed] = left - 1
                if left > 1:
                    found.append(place)
        return frozenset(found)


def read_keys(rows: Iterable[FileRow | RowFault]) -> Repeats:
    """Read a whole file for its keys."""
    buckets = [array("q") for _ in range(_BUCKETS)]
    count = 0
    for row in rows:
        count += 1
        if isinstance(row, FileRow) and (key := row.cells.get("record_key", "").strip()):
            hashed = hash_of(key)
            buckets[hashed % _BUCKETS].append(hashed)
    repeated: dict[int, int] = {}
    for bucket in buckets:
        seen: set[int] = set()
        for hashed in bucket:
            if hashed in seen:
                repeated[hashed] = repeated.get(hashed, 1) + 1
            seen.add(hashed)
    return Repeats(count, repeated)
