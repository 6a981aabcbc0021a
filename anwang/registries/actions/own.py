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

from anwang.access.actions.entries import record_event
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


# One statement, since a report's screening waits for it: a delivery, its records, their facts.
_WRITE: Final = """
with delivered as (
    insert into registries_delivery (id, source_id, mode, file_sha256, manifest_version,
        delivered_at, began_at, known_at, state, accepted, quarantined, reasons)
    values (%(delivery)s, %(source)s, 'incremental', %(sha256)s, %(version)s, %(now)s, %(now)s,
        %(now)s, 'published', jsonb_array_length(%(records)s::jsonb), 0, '{}')
), written as (
    insert into registries_record
        (id, source_id, record_key, delivery_id, values, id_cipher, withdrawn)
    select r.id, %(source)s, r.key, %(delivery)s, r.values, decode(r.cipher, 'hex'), false
    from jsonb_to_recordset(%(records)s::jsonb) r (id uuid, key text, values jsonb, cipher text)
)
insert into registries_fact
    (source_id, record_id, delivery_id, kind, key, value, valid_from, valid_to)
select %(source)s, f.record, %(delivery)s, f.kind, f.key, f.value, f.begins, f.ends
from jsonb_to_recordset(%(facts)s::jsonb)
    f (record uuid, kind text, key text, value jsonb, begins date, ends date)
"""


def write_own_record(
    record_key: str, values: Mapping[str, Any], facts: Iterable[FactDraft], *, actor: Actor
) -> uuid.UUID:
    """`write_own_records` for one record; returns its id."""
    return write_own_records([OwnRecord(record_key, values, tuple(facts))], actor=actor)[0]


@transaction.atomic(savepoint=False)
def write_own_records(records: Sequence[OwnRecord], *, actor: Actor) -> list[uuid.UUID]:
    """Write records of our own source with their facts as one delivery, known at once; their ids.

    A number in `values` may be plain or already a token in hex; stored are the token and, of a
    plain one, the cipher. The caller's transaction should be short: what it writes is known from
    now, and seen once it commits.
    """
    if not records:
        return []
    now = clock_now()
    delivery = new_delivery_id(now)
    ids = [uuid.UUID(id_of(delivery, place)) for place, _ in enumerate(records, start=1)]
    rows, facts = [], []
    for record_id, record in zip(ids, records, strict=True):
        kept, cipher = _sealed(record_id, record.values)
        rows.append(
            {
                "id": record_id,
                "key": record.key,
                "values": kept,
                "cipher": cipher.hex() if cipher is not None else None,
            }
        )
        facts += [_fact_row(record_id, fact) for fact in record.facts]
    values: dict[str, Any] = {
        "delivery": delivery,
        "source": OWN_SOURCE,
        "sha256": hashlib.sha256(delivery.bytes).hexdigest(),
        "version": str(own_manifest().version),
        "now": now,
        "records": json.dumps(rows, ensure_ascii=False, default=str),
        "facts": json.dumps(facts, ensure_ascii=False, default=str),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
    record_event(
        Act.RECORDS_LOADED,
        actor=actor,
        object_kind="record",
        object_ids=ids,
        purpose="loading",
        detail={"source": OWN_SOURCE, "accepted": len(ids)},
    )
    return ids


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
