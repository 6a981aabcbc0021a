"""Gives committed audit entries their place in the hash tree, and signs the tree's root.

What comes out is checked by audit_verify; who outside sees it stands in audit_witnesses.
"""

from __future__ import annotations

import json
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.audit_key import signer
from anwang.access.models import AuditCheckpoint, AuditLeaf
from anwang.access.rules.notes import Checkpoint, NotSigned
from anwang.access.rules.tree import Frontier, leaf_hash
from anwang.common.errors import AnwangError

_LOCK: Final = 815_030
# A transaction may commit after a later one: what has no leaf is looked for this far back.
LOOKED_BACK: Final = 20_000
PORTION: Final = 5_000
FIELDS: Final = (
    "id", "at", "actor", "actor_kind", "role", "team_id", "act", "object_kind", "object_ids",
    "purpose", "fields", "result", "request_id", "detail",
)  # fmt: skip
COLUMNS: Final = ", ".join(f"e.{name}" for name in FIELDS)
_WITHOUT_LEAF: Final = f"""
select e.no, {COLUMNS} from access_auditentry e
where e.no > coalesce((select max(entry_no) from access_auditleaf), 0) - {LOOKED_BACK}
  and not exists (select from access_auditleaf l where l.entry_no = e.no)
order by e.no limit {PORTION}
"""  # noqa: S608 - constants only
_UNPLACED: Final = f"""
select e.no from access_auditentry e
where e.no > coalesce((select max(entry_no) from access_auditleaf), 0) - {LOOKED_BACK}
  and not exists (select from access_auditleaf l where l.entry_no = e.no)
order by e.no limit {PORTION}
"""  # noqa: S608 - constants only


class TreeBroken(AnwangError):
    """The last checkpoint is not as we signed it: entries get no place. Run: anwang verify-audit"""


def content_of(row: tuple[Any, ...]) -> bytes:
    """The bytes that stand for an entry in the tree: its fields in fixed order, as JSON."""
    plain = [value.isoformat() if hasattr(value, "isoformat") else value for value in row]
    plain[-1] = json.loads(plain[-1]) if isinstance(plain[-1], str) else plain[-1]
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str).encode()


def give_places() -> int:
    """Give every committed entry without a leaf its place; returns how many. One at a time.

    Ends with a signed checkpoint of the grown tree. Raises TreeBroken rather than to build on a
    root that somebody changed.
    """
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
            signed=signer().signed(Checkpoint(signer().name, frontier.size, frontier.root).text),
        )
    return len(rows)


def frontier_of(checkpoint: AuditCheckpoint) -> Frontier:
    """The tree at a checkpoint, to grow from. Raises TreeBroken if its parts do not agree."""
    frontier = Frontier(checkpoint.size, tuple(bytes.fromhex(one) for one in checkpoint.frontier))
    right = (
        frontier.root == bytes(checkpoint.root_sha256)
        and len(frontier.roots) == frontier.size.bit_count()
    )
    if right and checkpoint.signed:
        said = Checkpoint(signer().name, frontier.size, frontier.root).text
        try:
            right = signer().public.opened(checkpoint.signed) == said
        except NotSigned:
            right = False
    if not right:
        raise TreeBroken(str(TreeBroken.__doc__))
    return frontier


def _frontier() -> Frontier:
    last = AuditCheckpoint.objects.order_by("-size").first()
    return Frontier() if last is None else frontier_of(last)


def unplaced() -> list[int]:
    """Numbers of committed entries that have no place yet, oldest first, at most a portion."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPLACED)
        return [no for (no,) in cursor.fetchall()]
