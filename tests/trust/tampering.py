"""What a dishonest administrator does to the audit, and what a dishonest log shows to its readers.

Trials with a number divisible by 50 change a real log in the database, inside a transaction that is
taken back; all others forge proofs against both verifiers of proofs.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.audit_export import log_lines
from anwang.access.audit_key import signer
from anwang.access.audit_tree import COLUMNS, content_of, give_places
from anwang.access.audit_verify import verify
from anwang.access.context import Actor
from anwang.access.models import AuditCheckpoint, AuditLeaf
from anwang.access.rules.notes import Checkpoint, Signer
from anwang.access.rules.proofs import (
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from anwang.access.rules.tree import Frontier, leaf_hash, root_of
from anwang.access.vocabulary import Act
from witness.extending import extends
from witness.keeping import Answer, Witness

PORTIONS = (5, 1, 7, 4, 9, 3, 6)
TREES = 130
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(TREES)]
ROOTS = [root_of(LEAVES[:size]) for size in range(TREES + 1)]


def _frontiers() -> list[Frontier]:
    found = [Frontier()]
    for leaf in LEAVES:
        found.append(found[-1].grown(leaf))
    return found


FRONTIERS = _frontiers()


# Forged proofs: no database.


def _bent(chance: random.Random, proof: list[bytes]) -> list[bytes]:
    """A proof that differs from the right one in one way."""
    bent = list(proof)
    way = chance.randrange(5) if len(bent) > 1 else chance.choice([0, 2, 3])
    if not bent:
        way = 3
    place = chance.randrange(len(bent)) if bent else 0
    if way == 0:
        raw = bytearray(bent[place])
        raw[chance.randrange(32)] ^= 1 << chance.randrange(8)
        bent[place] = bytes(raw)
    elif way == 1:
        other = (place + 1 + chance.randrange(len(bent) - 1)) % len(bent)
        bent[place], bent[other] = bent[other], bent[place]
    elif way == 2:
        del bent[place]
    elif way == 3:
        bent.insert(chance.randrange(len(bent) + 1), chance.choice(LEAVES))
    else:
        bent[place] = bent[place][:31] + b"\x00" + b"\x00" * chance.randrange(2)
    return bent


def _passes(check: Callable[..., None], *values: Any) -> bool:
    try:
        check(*values)
    except ProofRefused:
        return False
    return True


def forged_inclusion(chance: random.Random) -> str:
    """A finding, or nothing: an entry that is not there, or not at that place."""
    size = chance.randrange(1, TREES + 1)
    index = size - 1 - int(chance.random() ** 2 * size)
    proof = inclusion_proof(LEAVES[:size], index)
    leaf, root = LEAVES[index], ROOTS[size]
    if not _passes(check_inclusion, leaf, index, size, root, proof):
        return f"a right proof was refused: entry {index} of {size}"
    way = chance.randrange(4)
    if way == 0:
        leaf = LEAVES[(index + 1 + chance.randrange(TREES - 1)) % TREES]
    elif way == 1:
        index = chance.choice([index + size, index - size, -1, size])
    elif way == 2:
        root = ROOTS[size - 1]
    else:
        right, proof = proof, _bent(chance, proof)
        if proof == right:
            return ""
    if _passes(check_inclusion, leaf, index, size, root, proof):
        return f"accepted: entry {index} of {size}, forged in way {way}"
    return ""


def forged_consistency(chance: random.Random) -> str:
    """A finding, or nothing: a tree that does not extend the earlier one, or a proof that is none."""
    second = chance.randrange(2, TREES + 1)
    first = chance.randrange(1, second)
    proof = consistency_proof(FRONTIERS[first], LEAVES[first:second])
    earlier, later = ROOTS[first], ROOTS[second]
    right = (first, earlier, second, later, proof)
    if not _passes(check_consistency, *right) or not extends(*right):
        return f"a right proof was refused: {second} extends {first}"
    way = chance.randrange(4)
    if way == 0:  # another history of the same length
        later = root_of([*LEAVES[: first - 1], b"x" * 32, *LEAVES[first:second]])
        if chance.random() < 0.5:
            leaves = [*LEAVES[: first - 1], b"x" * 32]
            other = Frontier()
            for leaf in leaves:
                other = other.grown(leaf)
            proof = consistency_proof(other, LEAVES[first:second])
    elif way == 1:
        earlier = ROOTS[first - 1]
    elif way == 2:
        first = chance.choice([one for one in range(1, second + 1) if one != first])
    else:
        proof = _bent(chance, proof)
        if proof == right[4]:
            return ""
    forged = (first, earlier, second, later, proof)
    if _passes(check_consistency, *forged):
        return f"accepted: {second} extends {first}, forged in way {way}"
    if extends(*forged):
        return f"accepted by the witness: {second} extends {first}, forged in way {way}"
    return ""


# A real log, and what is done to it.


@dataclass
class Log:
    """A log in the database, and a witness that has seen most of its checkpoints."""

    witness: Witness
    second: Any
    sizes: list[int]
    notes: list[str]

    @property
    def key(self) -> str:
        return str(signer().public)

    @property
    def held(self) -> dict[int, set[bytes]]:
        found = [Checkpoint.of(note) for note in self.notes]
        return {one.size: {one.root} for one in found}


def make_log(home: Path, second: Any) -> Log:
    """Write a log in portions and show every portion but two to a witness."""
    public = signer().public
    witness = Witness(home, "witness-x", {public.name: public.public})
    held = 0
    for number, portion in enumerate(PORTIONS):
        for _ in range(portion):
            record_event(
                Act.READ, actor=Actor(uuid.uuid4(), role="desk"), object_kind="report",
                object_ids=[uuid.uuid4()], purpose="duty-desk", detail={"n": number},
            )  # fmt: skip
        give_places()
        if number not in (1, 4):
            last = AuditCheckpoint.objects.order_by("-size")[0]
            leaves = [bytes(one.leaf_sha256) for one in AuditLeaf.objects.order_by("position")]
            frontier = Frontier()
            for leaf in leaves[:held]:
                frontier = frontier.grown(leaf)
            witness.add(held, consistency_proof(frontier, leaves[held:]), last.signed)
            held = last.size
    kept = (home / "checkpoints.jsonl").read_text(encoding="utf-8").splitlines()
    sizes = list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True))
    return Log(witness, second, sizes, [json.loads(line)["note"] for line in kept])


def _sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


AT = "no = (select entry_no from access_auditleaf where position = %s)"
CHANGES = {
    "act": "act = 'x' || act",
    "actor": "actor = gen_random_uuid()",
    "at": "at = at + interval '1 us'",
    "role": "role = 'lead'",
    "team_id": "team_id = 'x'",
    "object_ids": "object_ids = array[gen_random_uuid()::text]",
    "purpose": "purpose = ''",
    "fields": "fields = array['name']",
    "result": "result = 'refused'",
    "request_id": "request_id = gen_random_uuid()",
    "detail": "detail = '{\"n\": 99}'",
}
Expected = tuple[int, bool]  # the first bad entry; whether it can be told from its neighbours


def changed(chance: random.Random, log: Log, place: int) -> Expected:
    """A column of one entry."""
    what = chance.choice(list(CHANGES.values()))
    _sql(f"update access_auditentry set {what} where {AT}", place)
    return place, True


def deleted(chance: random.Random, log: Log, place: int) -> Expected:
    """One entry, or two; with a forged tombstone now and then."""
    _sql(f"delete from access_auditentry where {AT}", place)
    if chance.random() < 0.4:
        note = Signer(signer().name, chance.randbytes(32)).signed("anwang tombstone\n")
        _sql(
            "insert into access_tombstone (position, leaf_sha256, ground, request, signed)"
            " select position, leaf_sha256, 'court-order', gen_random_uuid(), %s"
            " from access_auditleaf where position = %s", note, place,
        )  # fmt: skip
    return place, True


def cut_out(chance: random.Random, log: Log, place: int) -> Expected:
    """An entry and its leaf, the later ones moved up or not."""
    _sql(f"delete from access_auditentry where {AT}", place)
    _sql("delete from access_auditleaf where position = %s", place)
    if chance.random() < 0.5:
        _sql("update access_auditleaf set position = position - 1000 where position > %s", place)
        _sql("update access_auditleaf set position = position + 999 where position < 0")
        return place, False
    return place, place + 1 < log.sizes[-1]  # behind the last entry nothing shows the gap


def swapped(chance: random.Random, log: Log, place: int) -> Expected:
    """Two entries change their places."""
    other = chance.choice([one for one in range(log.sizes[-1]) if one != place])
    pair = _sql(
        "select position, entry_no, entry_id, entry_at from access_auditleaf"
        " where position in (%s, %s) order by 1", place, other,
    )  # fmt: skip
    _sql("update access_auditleaf set entry_no = -1 where position = %s", pair[0][0])
    for position, row in ((pair[1][0], pair[0]), (pair[0][0], pair[1])):
        _sql(
            "update access_auditleaf set entry_no = %s, entry_id = %s, entry_at = %s"
            " where position = %s", *row[1:], position,
        )  # fmt: skip
    first = min(place, other)
    return first, True


def inserted(chance: random.Random, log: Log, place: int) -> Expected:
    """An entry that nobody wrote then: beside another of its number, or in the middle of the tree."""
    columns = COLUMNS.replace("e.", "")
    values = columns.replace("id,", "gen_random_uuid(),", 1)
    ((no,),) = _sql(
        f"insert into access_auditentry (no, {columns}) select no, {values}"
        f" from access_auditentry where {AT} returning no", place,
    )  # fmt: skip
    if chance.random() < 0.5:
        return no, True
    ((new, at),) = _sql(
        "update access_auditentry e set no = nextval('access_auditentry_no') where no = %s and not"
        " exists (select from access_auditleaf l where l.entry_id = e.id) returning id, at", no,
    )  # fmt: skip
    ((number, *row),) = _sql(f"select no, {COLUMNS} from access_auditentry e where id = %s", new)
    _sql("update access_auditleaf set position = -position - 1 where position >= %s", place)
    _sql("update access_auditleaf set position = -position where position < 0")
    AuditLeaf.objects.create(
        position=place, entry_no=number, entry_id=new, entry_at=at,
        leaf_sha256=leaf_hash(content_of(tuple(row))),
    )  # fmt: skip
    return place, False


def cut_off(chance: random.Random, log: Log, place: int) -> Expected:
    """The end of the log; with its checkpoints, as a restored backup has it, or without."""
    _sql(
        "delete from access_auditentry where no in"
        " (select entry_no from access_auditleaf where position >= %s)", place,
    )  # fmt: skip
    _sql("delete from access_auditleaf where position >= %s", place)
    if chance.random() < 0.6:
        _sql("delete from access_auditcheckpoint where size > %s", place)
    return place, False


def made_anew(chance: random.Random, log: Log, place: int) -> Expected:
    """An entry changed and the tree made anew over it: unsigned, signed by another, or by our key."""
    changed(chance, log, place)
    by = chance.choice([None, Signer(signer().name, chance.randbytes(32)), signer()])
    frontier, leaves = Frontier(), []
    for position, *row in _sql(
        f"select l.position, {COLUMNS} from access_auditleaf l join access_auditentry e"
        " on e.no = l.entry_no and e.id = l.entry_id order by 1"
    ):
        leaf = leaf_hash(content_of(tuple(row)))
        leaves.append((position, leaf, row[1]))
        frontier = frontier.grown(leaf)
        if frontier.size in log.sizes and position >= place:
            note = (
                AuditCheckpoint.objects.get(size=frontier.size).signed if by is None
                else by.signed(Checkpoint(by.name, frontier.size, frontier.root).text)
            )  # fmt: skip
            AuditCheckpoint.objects.filter(size=frontier.size).update(
                root_sha256=frontier.root, signed=note,
                frontier=[one.hex() for one in frontier.roots],
            )  # fmt: skip
    for position, leaf, at in leaves[place : place + 1]:
        AuditLeaf.objects.filter(position=position).update(leaf_sha256=leaf, entry_at=at)
    return place, False


def put_back(chance: random.Random, log: Log, place: int) -> Expected:
    """An older state, and then life goes on: our own key signs another future."""
    size = chance.choice(log.sizes[:-1])
    _sql(
        "delete from access_auditentry where no in"
        " (select entry_no from access_auditleaf where position >= %s)", size,
    )  # fmt: skip
    _sql("delete from access_auditleaf where position >= %s", size)
    _sql("delete from access_auditcheckpoint where size > %s", size)
    for _ in range(chance.randrange(1, 50)):
        record_event(Act.READ, actor=Actor(uuid.uuid4()), object_ids=[uuid.uuid4()])
    give_places()
    return size, False


TAMPERINGS = (changed, deleted, cut_out, swapped, inserted, cut_off, made_anew, put_back)


def tampered(chance: random.Random, log: Log) -> str:
    """A finding, or nothing: a manipulation that a verifier did not see or placed wrongly."""
    way, place = chance.choice(TAMPERINGS), chance.randrange(log.sizes[-1])
    with transaction.atomic():
        truth, exact = way(chance, log, place)
        first = verify(log.held)
        lines = json.loads(json.dumps(list(log_lines())))
        transaction.set_rollback(True)
    what = f"{way.__name__} at {place}"
    if first.ok or first.first_bad is None or first.last_bad is None:
        return f"not found: {what}"
    if not first.first_bad <= truth <= first.last_bad or (exact and first.last_bad > truth) \
            or (exact and first.first_bad < truth):  # fmt: skip
        return f"named wrongly: {what}, said {first}, was {truth}"
    _, other_first, _, words, _ = log.second.verify(lines, log.key, log.notes)
    if other_first != first.first_bad:
        return f"the verifiers differ on {what}: {first} / {words} {other_first}"
    return ""


def split_view(chance: random.Random, log: Log) -> str:
    """A finding, or nothing: the log shows a witness another future, signed by our own key."""
    held = log.sizes[-1]
    leaves = [bytes(one.leaf_sha256) for one in AuditLeaf.objects.order_by("position")]
    leaves[chance.randrange(held)] = chance.randbytes(32)
    other = Frontier()
    for leaf in leaves:
        other = other.grown(leaf)
    later = [chance.randbytes(32) for _ in range(chance.randrange(0, 9))]
    future = other
    for leaf in later:
        future = future.grown(leaf)
    note = signer().signed(Checkpoint(signer().name, future.size, future.root).text)
    proof = consistency_proof(other, later)
    before = dict(log.witness._held)
    try:
        log.witness.add(held, proof if chance.random() < 0.7 else _bent(chance, proof), note)
    except Answer:
        return ""
    log.witness._held = before  # who holds another history refuses whatever comes next
    return f"the witness signed another history of {future.size} entries"


def attempt_on(log: Log) -> Callable[[range, int], list[str]]:
    """The attempt of the figure: one trial a number, the same for the same seed."""

    def attempt(numbers: range, seed: int) -> list[str]:
        found = []
        for number in numbers:
            chance = random.Random(f"{seed}-{number}")
            if number % 100 == 0:
                said = tampered(chance, log)
            elif number % 100 == 50:
                said = split_view(chance, log)
            elif number % 2:
                said = forged_inclusion(chance)
            else:
                said = forged_consistency(chance)
            if said:
                found.append(f"trial {number}: {said}")
        return found

    return attempt
