"""Finds record keys that stand more than once in a file, before the file is taken.

A first reading keeps eight bytes a row, sorted into buckets, so that a nation's registry fits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.files import FileRow

_BUCKETS = 256


def hash_of(record_key: str) -> int:
    """What stands for a key within this run; two keys of a file share one almost never (2^-64)."""
    return hash(record_key)


def read_keys(rows: Iterable[FileRow | RowFault]) -> tuple[int, dict[int, int]]:
    """Number of rows, and for each key that repeats: its hash -> how often it stands there."""
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
    return count, repeated
