"""Gives committed audit entries their place in the hash tree, and proves that none was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.models import AuditCheckpoint, AuditLeaf
from anwang.access.rules.tree import Frontier, leaf_hash

_LOCK: Final = 815_030
# A transaction may commit after a later one: what has no leaf is looked for this far back.
_LOOKED_BACK: Final = 20_000
PORTION: Final = 5_000
_FIELDS: Final = (
    "e.id, e.at, e.actor, e.actor_kind, e.role, e.team_id, e.act, e.object_kind, e.object_ids,"
    " e.purpose, e.fields, e.result, e.request_id, e.detail"
)
_WITHOUT_LEAF = f"""
select e.no, {_FIELDS} from access_auditentry e
where e.no > coalesce((select max(entry_no) from access_auditleaf), 0) - {_LOOKED_BACK}
  and not exists (select from access_auditleaf l where l.entry_no = e.no)
order by e.no limit {PORTION}
"""  # noqa: S608 - constants only
_WITH_LEAF = f"""
select l.position, l.leaf_sha256, e.no, {_FIELDS} from access_auditleaf l
left join access_auditentry e on e.no = l.entry_no and e.at = l.entry_at and e.id = l.entry_id
order by l.position
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; `first_bad` is the position of the first entry that is not right."""

    entries: int
    ok: bool
    first_bad: int | None


def content_of(row: tuple[Any, ...]) -> bytes:
    """The bytes that stand for an entry in the tree: its fields in fixed order, as JSON."""
    plain = [value.isoformat() if hasattr(value, "isoformat") else value for value in row]
    plain[-1] = json.loads(plain[-1]) if isinstance(plain[-1], str) else plain[-1]
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str).encode()


def give_places() -> int:
    """Give every committed entry without a leaf its place; returns how many. One at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_WITHOUT_LEAF)
        rows = cursor.fetchall()
        if not rows:
            return 0
        frontier = _frontier()
        leaves = []
        for no, *entry in rows:
            leaf = leaf_hash(content_of(tuple(entry)))
            leaves.append(
                AuditLeaf(
                    position=frontier.size, entry_no=no, entry_id=entry[0], entry_at=entry[1],
                    leaf_sha256=leaf,
                )
            )  # fmt: skip
            frontier = frontier.grown(leaf)
        AuditLeaf.objects.bulk_create(leaves, batch_size=1000)
        AuditCheckpoint.objects.create(
            size=frontier.size,
            root_sha256=frontier.root,
            frontier=[one.hex() for one in frontier.roots],
        )
    return len(rows)


def _frontier() -> Frontier:
    last = AuditCheckpoint.objects.order_by("-size").first()
    if last is None:
        return Frontier()
    return Frontier(last.size, tuple(bytes.fromhex(one) for one in last.frontier))


def _rows() -> Iterator[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("declare walked no scroll cursor for " + _WITH_LEAF)
        while True:
            cursor.execute(f"fetch {PORTION} from walked")
            portion = cursor.fetchall()
            if not portion:
                return
            yield from portion


def verify() -> Verdict:
    """Compute every leaf and every checkpoint anew and compare. Memory does not grow with the log."""
    checkpoints = dict(AuditCheckpoint.objects.values_list("size", "root_sha256"))
    frontier = Frontier()
    for position, stored, no, *entry in _rows():
        right = (
            position == frontier.size
            and no is not None
            and leaf_hash(content_of(tuple(entry))) == bytes(stored)
        )
        frontier = frontier.grown(bytes(stored))
        expected = checkpoints.pop(frontier.size, None)
        if not right or (expected is not None and bytes(expected) != frontier.root):
            return Verdict(_entries(), False, position)
    if checkpoints:  # a checkpoint beyond the last leaf: the end was cut off
        return Verdict(_entries(), False, frontier.size)
    return Verdict(frontier.size, True, None)


def _entries() -> int:
    return AuditLeaf.objects.count()
