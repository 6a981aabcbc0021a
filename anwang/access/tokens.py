"""Identity numbers as they may stand in a table: tokens, neighbours' tokens, a masked form."""

from __future__ import annotations

from typing import Any, Final

from anwang.access.sealing import token
from anwang.common.values.national_id import parse_id, valid_neighbours

_HIDDEN_PLACES: Final = 6


def id_token(text: object) -> bytes | None:
    """Token of a number that passes its checksum; None for anything else."""
    parsed = parse_id(text)
    return token(parsed.normal) if parsed.valid else None


def near_tokens(text: object) -> list[bytes]:
    """Tokens of the valid numbers one slip away (`valid_neighbours`)."""
    return [token(number) for number in valid_neighbours(text)]


def shown_id(text: object) -> str:
    """A number for a screen: `A2******89`. What is no number keeps its first sign."""
    parsed = parse_id(text)
    if parsed.normal:
        return parsed.normal[:2] + "*" * _HIDDEN_PLACES + parsed.normal[8:]
    plain = text.strip() if isinstance(text, str) else ""
    return plain[:1] + "*" * min(len(plain) - 1, 19) if plain else ""


def open_id(text: object) -> dict[str, Any]:
    """What the open copy of a report holds of a number: never the number itself."""
    found = id_token(text)
    return {
        "token": found.hex() if found else None,
        "near": [near.hex() for near in near_tokens(text)],
        "valid": found is not None,
        "shown": shown_id(text),
    }
