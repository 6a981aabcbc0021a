"""Builds the index in bounded memory: records are appended, their keys dealt into bands by their
highest bits; each band is then sorted alone. Interrupted, it goes on from its last mark.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from anwang.people.nation.layout import (
    KEY,
    NUMBER,
    PLACE,
    SAMPLED,
    WIDTHS,
    Manifest,
    definition,
    digest_of,
    replace_text,
    use,
    write_manifest,
)

_BANDS: Final = 64  # of 7 million keys each where a nation has 470 million
_BAND_BITS: Final = 6
_DEALT: Final = np.dtype([("key", KEY), ("place", PLACE)])
_MARK_EVERY: Final = 400_000  # records
_PRIVATE: Final = 0o700
_STATE: Final = "state.json"
_UNDER_WAY: Final = "under-way"
Progress = Callable[[str, int, int], None]
"""Hears of a step, how much of it is done, and how much there is (0: not known)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some records in the order of their numbers. `of`: place within the part for each key."""

    numbers: npt.NDArray[np.int64]
    packed: bytes
    keys: npt.NDArray[np.int64]
    of: npt.NDArray[np.uint32]


@dataclass(slots=True)
class _State:
    """How far a build is: all that lies behind this in its files is dropped on going on."""

    watermark: int
    definition: str
    source: str
    records: int = 0
    last: int = 0
    dealt: list[int] = field(default_factory=lambda: [0] * _BANDS)
    collected: bool = False
    merged: int = 0


class Builder:
    """One build under way in `folder`. Begins anew where another code, source or watermark asks.

    `source` names what the records come from (the instance, or a benchmark's seed).
    """

    def __init__(self, folder: Path, *, watermark: int, source: str) -> None:
        self._folder = folder
        self._place = folder / _UNDER_WAY
        self.state = self._resumed(watermark, source)
        self._files: dict[str, BufferedWriter] = {}
        self._marked = self.state.records
        self._open()

    @property
    def last(self) -> int:
        """The highest number that is already in; the next record has a higher one."""
        return self.state.last

    def add(self, part: Part) -> None:
        """Append some records; now and then mark how far it is."""
        count = len(part.numbers)
        if not count:
            return
        self._files["numbers"].write(np.ascontiguousarray(part.numbers, NUMBER).tobytes())
        self._files["packed"].write(part.packed)
        dealt = np.empty(len(part.keys), dtype=_DEALT)
        dealt["key"] = part.keys
        dealt["place"] = part.of + self.state.records
        bands = (part.keys >> (64 - _BAND_BITS)) + _BANDS // 2
        order = np.argsort(bands.astype(np.uint8), kind="stable")
        ends = np.cumsum(np.bincount(bands, minlength=_BANDS))
        dealt = dealt[order]
        begin = 0
        for band, end in enumerate(ends.tolist()):
            self._files[_band(band)].write(dealt[begin:end].tobytes())
            self.state.dealt[band] += end - begin
            begin = end
        self.state.records += count
        self.state.last = int(part.numbers[-1])
        if self.state.records - self._marked >= _MARK_EVERY:
            self._mark()

    def finish(
        self, *, instance: str, made_at: str, progress: Progress = lambda *_: None
    ) -> Manifest:
        """Sort the keys, write digests and manifest, put the build in use, drop older ones."""
        self._mark()
        if not self.state.collected:
            self.state.collected = True
            self._mark()
        self._merge(progress)
        self.close()
        digests = {}
        for at, name in enumerate(WIDTHS):
            progress("digests", at, len(WIDTHS))
            digests[name] = digest_of(self._place / name)
        manifest = Manifest(
            build=f"{self.state.last:012d}-{digests['keys'][:8]}{digests['packed'][:8]}",
            records=self.state.records, keys=sum(self.state.dealt),
            watermark=self.state.watermark, last=self.state.last, instance=instance,
            definition=self.state.definition, made_at=made_at, digests=digests,
        )  # fmt: skip
        for left in self._place.glob("band-*"):
            left.unlink()
        write_manifest(self._place, manifest)
        (self._place / _STATE).unlink()
        whole = self._folder / manifest.build
        shutil.rmtree(whole, ignore_errors=True)
        self._place.rename(whole)
        use(self._folder, manifest.build)
        for other in self._folder.iterdir():  # whoever still reads one has it open
            if other.is_dir() and other != whole:
                shutil.rmtree(other)
        return manifest

    def close(self) -> None:
        """Close what is open; the build goes on from its last mark another time."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _resumed(self, watermark: int, source: str) -> _State:
        state = _under_way(self._folder, source)
        if state is not None and state.watermark == watermark:
            return state
        shutil.rmtree(self._place, ignore_errors=True)
        self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self._place.mkdir(mode=_PRIVATE)
        return _State(watermark, definition(), source)

    def _open(self) -> None:
        sizes = {"numbers": self.state.records * NUMBER.itemsize,
                 "packed": self.state.records * WIDTHS["packed"]}  # fmt: skip
        for band in range(self.state.merged, _BANDS):
            sizes[_band(band)] = self.state.dealt[band] * _DEALT.itemsize
        merged = sum(self.state.dealt[: self.state.merged])
        sizes |= {"keys": merged * KEY.itemsize, "places": merged * PLACE.itemsize,
                  "sample": -(-merged // SAMPLED) * KEY.itemsize}  # fmt: skip
        for name, size in sizes.items():
            file = (self._place / name).open("ab")
            if file.tell() < size:
                file.close()
                raise OSError(f"{self._place / name} is shorter than its mark; remove the folder")
            file.truncate(size)
            self._files[name] = file

    def _mark(self) -> None:
        for file in self._files.values():
            file.flush()
            os.fdatasync(file.fileno())
        replace_text(self._place / _STATE, json.dumps(asdict(self.state)))
        self._marked = self.state.records

    def _merge(self, progress: Progress) -> None:
        for name in [name for name in self._files if name not in WIDTHS]:
            self._files.pop(name).close()
        for band in range(self.state.merged, _BANDS):
            progress("keys", band, _BANDS)
            path = self._place / _band(band)
            dealt = np.fromfile(path, dtype=_DEALT)
            # Places rise within a band, so a stable order leaves them rising within a key.
            order = np.argsort(dealt["key"], kind="stable")
            keys: npt.NDArray[Any] = dealt["key"][order]
            before = sum(self.state.dealt[:band])
            self._files["keys"].write(keys.tobytes())
            self._files["places"].write(dealt["place"][order].tobytes())
            self._files["sample"].write(keys[-before % SAMPLED :: SAMPLED].tobytes())
            self.state.merged = band + 1
            self._mark()
            path.unlink()


def watermark_under_way(folder: Path, source: str) -> int | None:
    """The watermark of an interrupted build from `source` that can go on; None where none can."""
    state = _under_way(folder, source)
    return None if state is None else state.watermark


def _under_way(folder: Path, source: str) -> _State | None:
    try:
        state = _State(**json.loads((folder / _UNDER_WAY / _STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return state if (state.definition, state.source) == (definition(), source) else None


def _band(band: int) -> str:
    return f"band-{band:02d}"
