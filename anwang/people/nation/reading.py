"""Reads the index: which records share a key, and their columns. Nothing is copied into memory but
the sample of keys; the system keeps what is often read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from anwang.people.nation.layout import (
    KEY,
    NUMBER,
    PLACE,
    SAMPLED,
    Manifest,
    read_manifest,
)
from anwang.people.rules.columns import STORED

_WIDTH: Final = STORED.itemsize
Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class NationIndex:
    """One build, open for reading. Raises IndexDamaged where its files are not whole."""

    def __init__(self, build: Path) -> None:
        self.manifest: Manifest = read_manifest(build)
        self._keys = _mapped(build / "keys", KEY)
        self._places = _mapped(build / "places", PLACE)
        self._numbers = _mapped(build / "numbers", NUMBER)
        self._packed = _mapped(build / "packed", np.dtype((np.void, _WIDTH)))
        self._sample = np.fromfile(build / "sample", dtype=KEY)

    def sharing(self, key: int, most: int) -> npt.NDArray[np.int64]:
        """Places of the first `most` records that have the key, in the order of their numbers."""
        block = int(np.searchsorted(self._sample, key, side="left"))
        # Equal keys may begin in the block before the first sampled one that is not lower.
        begin = max(block - 1, 0) * SAMPLED
        near = self._keys[begin : begin + 2 * SAMPLED]
        first = begin + int(np.searchsorted(near, key, side="left"))
        held = self._keys[first : first + most]
        count = int(np.searchsorted(held, key, side="right"))
        return np.asarray(self._places[first : first + count], dtype=np.int64)

    def numbers(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The records' numbers (`people_identity.no`)."""
        return np.asarray(self._numbers[places], dtype=np.int64)

    def place_of(self, number: int) -> int | None:
        """The place of the record of that number, None where it is not in the index."""
        at = int(np.searchsorted(self._numbers, number))
        return at if at < len(self._numbers) and self._numbers[at] == number else None

    def packed(self, place: int) -> bytes:
        """A record's packed columns."""
        return bytes(self._packed[place])


def _mapped(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    if path.stat().st_size == 0:  # nothing can be mapped of an empty file
        return np.empty(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r").view(np.ndarray)
