"""`anwang household PERSON_ID`: who belongs to a person, and what is known of each, from whom."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.operator import PURPOSE, demo_operator
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries import household_id_of, household_of


class Command(BaseCommand):
    help = "Print the household picture of a person, today or as it was and was known on a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person_id", type=uuid.UUID)
        parser.add_argument("--as-of", type=date.fromisoformat, help="day, like 2026-03-02")
        parser.add_argument("--known-on", type=date.fromisoformat, help="day, like 2026-03-02")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(
        self,
        *,
        person_id: uuid.UUID,
        as_of: date | None,
        known_on: date | None,
        json: bool,
        **options: Any,
    ) -> None:
        operator = demo_operator()
        record_apart(
            Act.READ, actor=operator, object_kind="person", object_ids=[person_id],
            purpose=PURPOSE, detail={"command": "household"},
        )  # fmt: skip
        now = clock_now()
        known_at = end_of(known_on, now) if known_on else None
        picture = household_of(person_id, as_of or now.astimezone(TAIPEI).date(), known_at)
        if picture is None:
            raise CommandError("Nothing was known of a person of this id.", returncode=1)
        group = frozenset(picture["living_together"]) or frozenset({str(person_id)})
        picture = {
            "person_id": str(person_id),
            "household_id": str(household_id_of(group)),
        } | picture
        for line in [as_json(picture)] if json else as_text(picture):
            self.stdout.write(line)


def end_of(day: date, now: datetime) -> datetime:
    """The instant at which `day` ended in Taipei; now for a day not yet over (decision 2)."""
    return min(datetime.combine(day + timedelta(days=1), time(0), TAIPEI), now)


def as_json(picture: dict[str, Any]) -> str:
    """One line, Chinese as written."""
    return json.dumps(picture, ensure_ascii=False)


def as_text(picture: dict[str, Any]) -> list[str]:
    """Members, then facts, for a reader at a terminal."""
    lines = []
    for one in picture["members"]:
        signs = [name for name in ("living", "registered", "dead") if one[name]]
        told = (one["person_id"], one["name"], one["born_on"] or "-", one["relation"] or "-")
        lines.append("  ".join([*told, ",".join(signs) or "-"]))
    lines += [
        f"  {one['person_id'][:8]}  {one['text']['zh']}  {one['source']}"
        f"  {one['valid_from'] or '-'}..{one['valid_to'] or ''}"
        for one in picture["facts"]
    ]
    return [*lines, "unknown: " + (", ".join(picture["unknown"]) or "-")]
