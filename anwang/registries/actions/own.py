"""Our own system as a source: what we know is written downward as records (decision 15)."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from django.db import transaction

from anwang.access.actions import record_event
from anwang.access.context import Actor
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.registries.actions.batches import protect
from anwang.registries.models import Delivery, Fact, Record
from anwang.registries.rules.facts import FactDraft
from anwang.registries.rules.manifests import SOURCES, Manifest, load_manifests

OWN_SOURCE: Final = "anwang"
_TOKEN: Final = re.compile(r"[0-9a-f]{64}")


@cache
def _manifest() -> Manifest:
    return load_manifests(SOURCES)[OWN_SOURCE]


@transaction.atomic
def write_own_record(
    record_key: str, values: Mapping[str, Any], facts: Iterable[FactDraft], *, actor: Actor
) -> uuid.UUID:
    """Write a record of our own source with its facts; known at once. Returns its id.

    The same `record_key` again is a new version. A number in `values` may be plain or already a
    token in hex; stored are the token and, of a plain one, the cipher. The caller's transaction
    should be short: what it writes is known from now, and seen once it commits.
    """
    now = clock_now()
    record_id = uuid.uuid4()
    kept, cipher = _sealed(record_id, values)
    delivery = Delivery.objects.create(
        source_id=OWN_SOURCE,
        file_sha256=hashlib.sha256(record_id.bytes).hexdigest(),
        manifest_version=str(_manifest().version),
        delivered_at=now,
        began_at=now,
        known_at=now,
        state=Delivery.State.PUBLISHED,
        accepted=1,
    )
    place = {"source_id": OWN_SOURCE, "delivery": delivery}
    record = Record.objects.create(
        id=record_id, record_key=record_key, values=kept, id_cipher=cipher, **place
    )
    Fact.objects.bulk_create(
        [
            Fact(
                record=record,
                kind=fact.kind,
                key=fact.key,
                value=fact.value,
                valid_from=fact.valid_from,
                valid_to=fact.valid_to,
                **place,
            )
            for fact in facts
        ]
    )
    record_event(
        Act.RECORDS_LOADED,
        actor=actor,
        object_kind="record",
        object_ids=[record_id],
        purpose="loading",
        detail={"source": OWN_SOURCE, "accepted": 1},
    )
    return record_id


def _sealed(record_id: uuid.UUID, values: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """Tokens stay as they are; plain numbers are protected as those of any source."""
    protected = _manifest().protected_columns
    tokens = {
        name: text
        for name, text in values.items()
        if name in protected and _TOKEN.fullmatch(str(text))
    }
    plain = {name: value for name, value in values.items() if name not in tokens}
    kept, cipher = protect(protected, record_id.hex, json.loads(json.dumps(plain, default=str)))
    return kept | tokens, cipher
