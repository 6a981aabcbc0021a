"""The lines of the queue, as triage/_queue.html and triage/_item.html take them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from anwang.triage.models import Clock, Matter, State
from anwang.triage.presenters.words import clock_line
from anwang.triage.queries.queue import COUNTED, Counts

Line = dict[str, Any]


def queue_context(
    matters: list[Matter],
    clocks: Mapping[uuid.UUID, Clock],
    counts: Counts,
    same_events: Mapping[uuid.UUID, int],
    *,
    page: int,
    more: bool,
    version: str,
) -> dict[str, Any]:
    """All that the queue shows; `url` asks for it again, if it is no longer `version`."""
    asked: dict[str, str | int] = {"page": page, "since": version}
    lines = [
        queue_line(matter, clocks.get(matter.pk), same_events.get(matter.pk, 0), page)
        for matter in matters
    ]
    return {
        "items": lines,
        "url": f"{reverse('triage:queue')}?{urlencode(asked)}",
        "open": _bounded(counts.open),
        "urgent": _bounded(counts.urgent),
        "late": _bounded(counts.late),
        "soon": _bounded(counts.soon),
        "before_url": _page_url(page - 1) if page > 1 else "",
        "more_url": _page_url(page + 1) if more else "",
    }


def _bounded(number: int) -> int | str:
    return f"{COUNTED - 1}+" if number >= COUNTED else number


def _page_url(page: int) -> str:
    return f"{reverse('triage:desk')}?{urlencode({'page': page})}"


def queue_line(matter: Matter, clock: Clock | None, same_events: int, page: int = 1) -> Line:
    """One report in the queue. Names are masked here; the whole name stands in the report, whose
    reading is on record."""
    headline, report = matter.headline, matter.report
    url = reverse("triage:report", args=[report.receipt])
    return {
        "receipt": report.receipt,
        "url": f"{url}?{urlencode({'page': page})}" if page > 1 else url,
        "grade": matter.grade,
        "stream": matter.stream,
        "state": matter.state,
        "received_at": report.received_at,
        "channel": report.channel,
        "clock": clock_line(clock) if clock else None,
        "person": {"name": headline.get("name"), "age": headline.get("age"), "masked": True},
        "place": headline.get("place"),
        "narrative": headline.get("excerpt"),
        "not_checked": bool(matter.failed_steps) or matter.state == State.RECEIVED,
        "same_event_count": same_events,
        "notes": [*_sent(matter), *_notes(headline)],
    }


def _sent(matter: Matter) -> Iterator[dict[str, str]]:
    """That policy dispatched it and nobody here has looked at it, that a second person is to look;
    asked for where a queue is read."""
    if getattr(matter, "automatic", False):
        yield {"kind": "warn", "text": _("自動派案")}
    if getattr(matter, "look_waits", False):
        yield {"kind": "warn", "text": _("等另一人再看")}


def _notes(headline: Mapping[str, Any]) -> list[dict[str, str]]:
    notes = []
    if headline.get("danger") == "yes":
        notes.append({"kind": "bad", "text": _("立即危險")})
    if known := headline.get("known_members"):
        notes.append({"kind": "ok", "text": _("已知家人 %(n)s") % {"n": known}})
    if unknown := headline.get("unknown_sources"):
        notes.append({"kind": "unknown", "text": _("%(n)s 個來源未答") % {"n": unknown}})
    if photos := headline.get("photos"):
        notes.append({"kind": "plain", "text": _("附件 %(n)s") % {"n": photos}})
    return notes
