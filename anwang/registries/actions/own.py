"""Our own system as a source: what we know is written downward as records (decision 15)."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.actions.entries import Event, record_events
from anwang.access.context import Actor
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.registries.actions.batches import new_delivery_id, protect
from anwang.registries.actions.batches import record_id as id_of
from anwang.registries.rules.facts import FactDraft
from anwang.registries.rules.manifests import Manifest, shipped_manifests

OWN_SOURCE: Final = "anwang"
_TOKEN: Final = re.compile(r"[0-9a-f]{64}")


def own_manifest() -> Manifest:
    """The manifest of our own source."""
    return shipped_manifests()[OWN_SOURCE]


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A record of our own source as it is to be written; `key` again is a new version."""

    key: str
    values: Mapping[str, Any]
    facts: Sequence[FactDraft] = ()


# One statement, since screenings wait for it: deliveries, their records, the facts of these.
_WRITE: Final = """
with delivered as (
    insert into registries_delivery (id, source_id, mode, file_sha256, manifest_version,
        delivered_at, began_at, known_at, state, accepted, quarantined, reasons)
    select d.id, %(source)s, 'incremental', d.sha256, %(version)s, %(now)s, %(now)s, %(now)s,
        'published', d.accepted, 0, '{}'
    from jsonb_to_recordset(%(deliveries)s::jsonb) d (id uuid, sha256 text, accepted int)
), written as (
    insert into registries_record
        (id, source_id, record_key, delivery_id, values, id_cipher, withdrawn)
    select r.id, %(source)s, r.key, r.delivery, r.values, decode(r.cipher, 'hex'), false
    from jsonb_to_recordset(%(records)s::jsonb)
        r (id uuid, delivery uuid, key text, values jsonb, cipher text)
)
insert into registries_fact
    (source_id, record_id, delivery_id, kind, key, value, valid_from, valid_to)
select %(source)s, f.record, f.delivery, f.kind, f.key, f.value, f.begins, f.ends
from jsonb_to_recordset(%(facts)s::jsonb)
    f (record uuid, delivery uuid, kind text, key text, value jsonb, begins date, ends date)
"""


def write_own_record(
    record_key: str, values: Mapping[str, Any], facts: Iterable[FactDraft], *, actor: Actor
) -> uuid.UUID:
    """`write_own_records` for one record; returns its id."""
    [[made]] = write_own_records([[OwnRecord(record_key, values, tuple(facts))]], actor=actor)
    return made


@transaction.atomic(savepoint=False)
def write_own_records(
    deliveries: Sequence[Sequence[OwnRecord]], *, actor: Actor
) -> list[list[uuid.UUID]]:
    """Write records of our own source with their facts, known at once; the ids, a list a delivery.

    A number in `values` may be plain or already a token in hex; stored are the token and, of a
    plain one, the cipher. Each delivery is put on record; one without records is none. The caller's
    transaction should be short: what it writes is known from now, and seen once it commits.
    """
    if not any(deliveries):
        return [[] for _ in deliveries]
    now = clock_now()
    written: list[list[uuid.UUID]] = []
    made: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    for records in deliveries:
        delivery = new_delivery_id(now)
        ids = [uuid.UUID(id_of(delivery, place)) for place, _ in enumerate(records, start=1)]
        written.append(ids)
        if ids:
            sha256 = hashlib.sha256(delivery.bytes).hexdigest()
            made.append({"id": delivery, "sha256": sha256, "accepted": len(ids)})
        for record_id, record in zip(ids, records, strict=True):
            own = {"delivery": delivery}
            rows.append(own | _record_row(record_id, record))
            facts += [own | _fact_row(record_id, fact) for fact in record.facts]
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "source": OWN_SOURCE,
                "version": str(own_manifest().version),
                "now": now,
                "deliveries": _packed(made),
                "records": _packed(rows),
                "facts": _packed(facts),
            },
        )
    record_events(
        [
            Event(
                Act.RECORDS_LOADED, actor, "record", ids, "loading",
                detail={"source": OWN_SOURCE, "accepted": len(ids)},
            )
            for ids in written if ids
        ]
    )  # fmt: skip
    return written


def _packed(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=str)


def _record_row(record_id: uuid.UUID, record: OwnRecord) -> dict[str, Any]:
    kept, cipher = _sealed(record_id, record.values)
    return {
        "id": record_id,
        "key": record.key,
        "values": kept,
        "cipher": cipher.hex() if cipher is not None else None,
    }


def _fact_row(record_id: uuid.UUID, fact: FactDraft) -> dict[str, Any]:
    return {
        "record": record_id,
        "kind": fact.kind,
        "key": fact.key,
        "value": fact.value,
        "begins": fact.valid_from,
        "ends": fact.valid_to,
    }


def _sealed(record_id: uuid.UUID, values: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """Tokens stay as they are; plain numbers are protected as those of any source."""
    protected = own_manifest().protected_columns
    tokens = {
        name: text
        for name, text in values.items()
        if name in protected and _TOKEN.fullmatch(str(text))
    }
    plain = {name: value for name, value in values.items() if name not in tokens}
    kept, cipher = protect(protected, record_id.hex, json.loads(json.dumps(plain, default=str)))
    return kept | tokens, cipher
