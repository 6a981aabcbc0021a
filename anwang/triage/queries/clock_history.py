"""The proof log of a matter's clocks, with who acted; what a page needs beside a clock's time left."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from anwang.access.models import Account
from anwang.triage.models import ClockEvent


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a clock; `who` empty where a program did it."""

    what: str
    at: dt.datetime
    due_at: dt.datetime
    reason: str
    who: str


def histories(matters: Iterable[uuid.UUID]) -> Mapping[tuple[uuid.UUID, str], list[Step]]:
    """(matter, clock's definition) -> what happened, oldest first. One statement."""
    named = Account.objects.filter(pk=OuterRef("by")).values("display_name")
    events = ClockEvent.objects.filter(matter_id__in=list(matters)).annotate(who=Subquery(named))
    found: dict[tuple[uuid.UUID, str], list[Step]] = {}
    for one in events.select_related("clock").order_by("id"):
        key = (one.matter_id, one.clock.definition_id)
        step = Step(one.what, one.at, one.due_at, one.reason, one.who or "")
        found.setdefault(key, []).append(step)
    return found
