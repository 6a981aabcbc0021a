"""Computes the audit's tree anew and compares: entries, leaves, signed roots, what witnesses hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.audit_key import signer
from anwang.access.audit_tree import COLUMNS, LOOKED_BACK, PORTION, content_of
from anwang.access.models import AuditCheckpoint, AuditLeaf, Tombstone, Verification
from anwang.access.rules.notes import Checkpoint, NotSigned, PublicKey
from anwang.access.rules.tombstones import tombstone_text
from anwang.access.rules.tree import Frontier, leaf_hash

WITH_LEAF: Final = f"""
select l.position, l.leaf_sha256, e.no, {COLUMNS} from access_auditleaf l
left join access_auditentry e on e.no = l.entry_no and e.at = l.entry_at and e.id = l.entry_id
order by l.position
"""  # noqa: S608 - constants only
# What was committed a moment ago only waits for its place; these will never get one.
STRANGE: Final = f"""
select e.no from access_auditentry e
where not exists (select from access_auditleaf l
    where l.entry_no = e.no and l.entry_at = e.at and l.entry_id = e.id)
  and (e.no <= (select max(entry_no) from access_auditleaf) - {LOOKED_BACK}
       or exists (select from access_auditleaf l where l.entry_no = e.no))
order by e.no limit 1
"""  # noqa: S608 - constants only
WORDS: Final = {
    "changed": "Entry {first} was changed after it was written.",
    "removed": "Entry {first} was removed.",
    "moved": "Entry {first} is not at its place: an entry is missing or was added there.",
    "root": "The tree was made anew: the first changed entry is one of {first} to {last}.",
    "signature": "A checkpoint is not signed by us: the first changed entry is one of"
    " {first} to {last}.",
    "witness": "A witness saw another log: the first changed entry is one of {first} to {last}.",
    "unsigned": "Entries from {first} on are covered by no signed checkpoint.",
    "cut": "The log was cut: the first entry that is gone is one of {first} to {last}.",
    "back": "The log was put back to an older state: the first entry that a witness saw and that is"
    " gone is one of {first} to {last}.",
    "strange": "An entry (number {first}) was added that has no place in the tree.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    `first_bad` is the position of the first entry that is not right. Where only a root tells, the
    first bad entry lies between `first_bad` and `last_bad`. `why` is a key of WORDS.
    """

    entries: int
    ok: bool
    first_bad: int | None
    last_bad: int | None = field(default=None, compare=False)
    why: str = field(default="", compare=False)
    tombstones: tuple[int, ...] = field(default=(), compare=False)
    checkpoints: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if self.ok:
            return f"{self.entries} entries, none changed."
        return WORDS[self.why].format(first=self.first_bad, last=self.last_bad)


def _rows() -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("declare walked no scroll cursor for " + WITH_LEAF)
        while True:
            cursor.execute(f"fetch {PORTION} from walked")
            portion = cursor.fetchall()
            if not portion:
                cursor.execute("close walked")
                return
            yield from portion


def _strange() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(STRANGE)
        row = cursor.fetchone()
    return row[0] if row else None


def _stones(key: PublicKey) -> dict[int, bytes]:
    """Position -> leaf of the tombstones that we signed."""
    found = {}
    for stone in Tombstone.objects.order_by("position"):
        leaf = bytes(stone.leaf_sha256)
        try:
            said = key.opened(stone.signed)
        except NotSigned:
            continue
        if said == tombstone_text(key.name, stone.position, leaf, stone.ground, stone.request):
            found[stone.position] = leaf
    return found


def signed_right(key: PublicKey, size: int, root: bytes, note: str) -> bool:
    """Whether `note` is our checkpoint of this size and root."""
    try:
        return key.opened(note) == Checkpoint(key.name, size, root).text
    except NotSigned:
        return False


def verify(held: Mapping[int, set[bytes]] | None = None, key: PublicKey | None = None) -> Verdict:
    """Compute every leaf and every checkpoint anew and compare. Memory does not grow with the log.

    `held` are roots that witnesses signed, by size. Runs in one snapshot.
    """
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
        return _Walk(key or signer().public, dict(held or {})).verdict()


def keep_verification(held: Mapping[int, set[bytes]] | None = None) -> Verdict:
    """Verify, and keep what was found where the auditors' screen shows it."""
    verdict = verify(held)
    Verification.objects.create(
        entries=verdict.entries, ok=verdict.ok, first_bad=verdict.first_bad, why=verdict.why,
        last_bad=verdict.last_bad, tombstones=len(verdict.tombstones),
    )  # fmt: skip
    return verdict


def last_verification() -> Verification | None:
    """What the last verification of the whole log found."""
    return Verification.objects.order_by("-id").first()


class _Walk:
    def __init__(self, key: PublicKey, held: dict[int, set[bytes]]) -> None:
        self.key, self.held = key, held
        self.checkpoints = {
            size: (bytes(root), note)
            for size, root, note in AuditCheckpoint.objects.values_list(
                "size", "root_sha256", "signed"
            )
        }
        self.number = len(self.checkpoints)
        # Those made before checkpoints were signed are covered by the next signed one.
        self.signed_from = min((s for s, (_, note) in self.checkpoints.items() if note), default=-1)
        self.stones = _stones(key)
        self.buried: list[int] = []
        self.frontier = Frontier()
        # The sizes up to which roots agree: signed by us, and seen by a witness. Against somebody
        # who has our key only the second says anything.
        self.agreed = self.witnessed = 0

    def verdict(self) -> Verdict:
        for position, stored, no, *entry in _rows():
            if position != self.frontier.size:
                return self._bad("moved", self.frontier.size)
            leaf = bytes(stored)
            if no is None:
                if self.stones.get(position) != leaf:
                    return self._bad("removed", position)
                self.buried.append(position)
            elif leaf_hash(content_of(tuple(entry))) != leaf:
                return self._bad("changed", position)
            self.frontier = self.frontier.grown(leaf)
            if why := self._root_is_wrong():
                return self._bad(why, self.witnessed if why == "witness" else self.agreed, position)
        return self._end()

    def _root_is_wrong(self) -> str:
        size, root = self.frontier.size, self.frontier.root
        ours, seen = self.checkpoints.pop(size, None), self.held.pop(size, None)
        if ours is None and seen is None:
            return ""
        if ours is not None and ours[0] != root:
            return "root"
        if ours is not None and size >= self.signed_from and \
                not signed_right(self.key, size, root, ours[1]):  # fmt: skip
            return "signature"
        if seen is not None and seen != {root}:
            return "witness"
        self.agreed = size
        if seen is not None:
            self.witnessed = size
        return ""

    def _end(self) -> Verdict:
        size = self.frontier.size
        if self.checkpoints:  # a checkpoint beyond the last leaf
            return self._bad("cut", self.agreed, size)
        if self.held:
            return self._bad("back", self.witnessed, size)
        if size > self.agreed or (size and self.signed_from < 0):
            return self._bad("unsigned", self.agreed if self.signed_from >= 0 else 0, size)
        strange = _strange()
        if strange is not None:
            return self._bad("strange", strange)
        return Verdict(size, True, None, None, "", tuple(self.buried), self.number)

    def _bad(self, why: str, first: int, last: int | None = None) -> Verdict:
        entries = AuditLeaf.objects.count()
        return Verdict(
            entries, False, first, first if last is None else last, why, tuple(self.buried),
            self.number,
        )  # fmt: skip
