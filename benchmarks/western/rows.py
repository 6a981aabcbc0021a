"""A FEBRL record as columns of whole numbers: words by hash, and what survives a slip in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

WORDS: Final = ("given", "surname", "number", "street", "place", "suburb", "postcode", "state",
                "born", "social")  # fmt: skip
_FIELDS: Final = ("given_name", "surname", "street_number", "address_1", "address_2", "suburb",
                  "postcode", "state", "date_of_birth", "soc_sec_id")  # fmt: skip
# Words with each one letter left out: two words one slip apart have one in common.
SLIPPED: Final = {"given": 16, "surname": 16, "number": 8, "postcode": 6, "born": 10, "social": 8}
# Pairs of neighbouring letters, for longer texts and heavier slips.
PAIRED: Final = {"given": 16, "surname": 16, "street": 32, "place": 32, "suburb": 24}
_PARTS: Final = ("year", "month", "day")
COLUMNS: Final = np.dtype(
    [(name, "<i4") for name in (*WORDS, *_PARTS)]
    + [(f"{name}_pairs_told", "<i2") for name in PAIRED]
    + [(f"{name}_slips", "<i4", (width,)) for name, width in SLIPPED.items()]
    + [(f"{name}_pairs", "<i4", (width,)) for name, width in PAIRED.items()]
)


def rows_of(records: Iterable[Mapping[str, Any]], *, social: bool = True) -> npt.NDArray[np.void]:
    """One row of `COLUMNS` for each record with FEBRL's columns; without `social` nothing of the
    soc_sec_id is told.
    """
    return np.array([_row(record, social) for record in records], dtype=COLUMNS)


def _row(record: Mapping[str, Any], social: bool) -> tuple[Any, ...]:
    told = {name: _plain(record.get(field)) for name, field in zip(WORDS, _FIELDS, strict=True)}
    if not social:
        told["social"] = ""
    born = told["born"] if len(told["born"]) == 8 and told["born"].isdigit() else "00000000"
    pairs = {name: _pairs(told[name])[:width] for name, width in PAIRED.items()}
    return (
        *map(_hash, told.values()),
        int(born[:4]), int(born[4:6]), int(born[6:]),
        *map(len, pairs.values()),
        *(_padded(_slips(told[name]), width) for name, width in SLIPPED.items()),
        *(_padded(pairs[name], width) for name, width in PAIRED.items()),
    )  # fmt: skip


def _plain(written: object) -> str:
    """Lower case, letters and digits only: a space is the commonest slip."""
    if not isinstance(written, str):
        return ""
    return "".join(sign for sign in written.lower() if sign.isalnum())


def _slips(word: str) -> list[int]:
    if len(word) < 2:
        return [_hash(word)] if word else []
    return sorted({_hash(word), *(_hash(word[:at] + word[at + 1 :]) for at in range(len(word)))})


def _pairs(word: str) -> list[int]:
    return list(
        dict.fromkeys(_hash(f"{a}{b}") for a, b in zip(f" {word}", f"{word} ", strict=True))
    )


def _padded(numbers: list[int], width: int) -> tuple[int, ...]:
    return (*numbers, *[0] * width)[:width]


@lru_cache(maxsize=1 << 18)
def _hash(text: str) -> int:
    if not text:
        return 0
    digest = blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little", signed=True) or 1
