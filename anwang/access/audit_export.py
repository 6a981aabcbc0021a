"""The log as a file that anybody can verify without us (docs/audit.md), and as FHIR AuditEvents."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import Max, Min

from anwang.access.audit_key import signer
from anwang.access.audit_tree import COLUMNS, FIELDS, PORTION, content_of
from anwang.access.audit_verify import STRANGE
from anwang.access.models import AuditCheckpoint, AuditLeaf, Tombstone
from anwang.access.rules.fhir import audit_event

FORMAT: Final = "anwang-audit-1"
_LEAVES: Final = f"""
select l.position, l.leaf_sha256, e.no, {COLUMNS} from access_auditleaf l
left join access_auditentry e on e.no = l.entry_no and e.at = l.entry_at and e.id = l.entry_id
where l.position >= %s and l.position < %s order by l.position
"""  # noqa: S608 - constants only
END: Final = 2**62
Span = tuple[int, int]


def span_of(since: dt.datetime | None, until: dt.datetime | None) -> Span:
    """Positions that hold every entry of the time, widened to whole portions (from, below)."""
    start, below = 0, END
    if since:
        first = AuditLeaf.objects.filter(entry_at__gte=since).aggregate(at=Min("position"))["at"]
        sizes = AuditCheckpoint.objects.all()
        if first is not None:
            sizes = sizes.filter(size__lte=first)
        start = sizes.aggregate(size=Max("size"))["size"] or 0
    if until:
        last = AuditLeaf.objects.filter(entry_at__lt=until).aggregate(at=Max("position"))["at"]
        later = AuditCheckpoint.objects.filter(size__gt=-1 if last is None else last)
        end = later.aggregate(size=Min("size"))["size"]
        below = END if end is None else max(start, start if last is None else end)
    return start, below


def _rows(span: Span) -> Iterator[tuple[Any, ...]]:
    first, below = span
    while first < below:
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, [first, min(below, first + PORTION)])
            rows = cursor.fetchall()
            if not rows:  # a gap, or the end
                cursor.execute(
                    "select min(position) from access_auditleaf where position >= %s and position < %s",
                    [first, below],
                )
                (first,) = cursor.fetchone()
                if first is None:
                    return
                continue
        yield from rows
        first += PORTION


def log_lines(
    since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[dict[str, Any]]:
    """The export, a line each: the log, its entries with the checkpoints among them, the end.

    An entry's `content` is the very text that was hashed. Read in one snapshot by the caller.
    """
    start, below = span_of(since, until)
    notes = {
        one.size: one
        for one in AuditCheckpoint.objects.filter(size__gte=start, size__lte=below).order_by("size")
    }
    frontier = notes[start].frontier if start else []
    yield {
        "kind": "log", "format": FORMAT, "origin": signer().name, "key": str(signer().public),
        "fields": FIELDS, "start": start, "frontier": frontier, "whole": until is None,
    }  # fmt: skip
    if start:
        yield _checkpoint(notes.pop(start))
    stones = {one.position: one for one in Tombstone.objects.filter(position__gte=start)}
    size = start
    for position, leaf, no, *entry in _rows((start, below)):
        line: dict[str, Any] = {"position": position, "leaf": bytes(leaf).hex()}
        if no is not None:
            line |= {"kind": "entry", "content": content_of(tuple(entry)).decode()}
        elif position in stones:
            stone = stones[position]
            line |= {"kind": "tombstone", "signed": stone.signed}
        else:
            line |= {"kind": "missing"}
        yield line
        size += 1
        if size in notes:
            yield _checkpoint(notes.pop(size))
    for one in notes.values():
        yield _checkpoint(one)
    if until is None:
        yield from _strange()
    yield {"kind": "end", "entries": size - start}


def _checkpoint(one: AuditCheckpoint) -> dict[str, Any]:
    return {
        "kind": "checkpoint", "size": one.size, "root": bytes(one.root_sha256).hex(),
        "note": one.signed,
    }  # fmt: skip


def _strange() -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(STRANGE)
        for (no,) in cursor.fetchall():
            yield {"kind": "strange", "no": no}


def fhir_lines(
    since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[dict[str, Any]]:
    """The entries of the time as FHIR R4 AuditEvents, a resource each, in the log's order."""
    for _, _, no, *entry in _rows(span_of(since, until)):
        if no is None:
            continue
        fields = dict(zip(FIELDS, entry, strict=True))
        if (since and fields["at"] < since) or (until and fields["at"] >= until):
            continue
        if isinstance(fields["detail"], str):
            fields["detail"] = json.loads(fields["detail"])
        yield audit_event(fields, signer().name)
