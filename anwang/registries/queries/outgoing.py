"""What a local system was told, when and how much: for its page. What it was told stands nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from anwang.registries.models import Outgoing
from anwang.registries.transports.troubles import TEXTS

SHOWN: Final = 14


@dataclass(frozen=True, slots=True)
class SentLine:
    """One delivery of ours. `sent_at` is None while the receiver does not have it."""

    number: int
    made_at: datetime
    rows: int
    tries: int
    sent_at: datetime | None
    trouble: dict[str, str] | None


def sent_lines(source_id: str, most: int = SHOWN) -> list[SentLine]:
    """The newest deliveries of ours to a system, newest first; none to whoever operates no feeds."""
    found = (
        Outgoing.objects.filter(source_id=source_id)
        .order_by("-number")
        .values_list("number", "made_at", "rows", "tries", "sent_at", "trouble")[:most]
    )
    return [
        SentLine(number, made_at, rows, tries, sent_at,
                 TEXTS[trouble].as_dict() if trouble in TEXTS else None)
        for number, made_at, rows, tries, sent_at, trouble in found
    ]  # fmt: skip
