"""What sources answered about persons becomes records and facts: a delivery of mode `look-up`.

Short and apart from the feeds: a nation's file that is being loaded does not hold an answer up.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from anwang.access.actions.audit_alarms import raise_alarm
from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.tokens import id_token
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.clock import clock_now
from anwang.registries.actions.batches import new_delivery_id
from anwang.registries.actions.deliveries import manifest_in_force, publish
from anwang.registries.actions.loading import PURPOSE, load_rows
from anwang.registries.actions.repeats import Repeats
from anwang.registries.models import Delivery
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.registries.rules.facts import facts_of
from anwang.registries.rules.files import FileRow
from anwang.registries.rules.rows import RowOk, row_check
from anwang.registries.rules.words import Words
from anwang.registries.transports.questions import Row

MODE: Final = "look-up"
Value = Mapping[str, Any]
MOST_TOLD: Final = 12


def take_answers(source_id: str, rows: Sequence[Row], *, actor: Actor) -> uuid.UUID | None:
    """Write rows that a source answered with, known at once; its delivery, None for no rows.

    A key that comes twice counts once, as its last row says. Faulty rows go to quarantine like those
    of any delivery.
    """
    last = {row.get("record_key", f"#{place}"): row for place, row in enumerate(rows)}
    if not last:
        return None
    manifest = manifest_in_force(source_id)
    told = [FileRow(place, "", dict(row)) for place, row in enumerate(last.values(), start=1)]
    with acting(actor, PURPOSE):
        now = clock_now()
        delivery_id = new_delivery_id(now)
        delivery = Delivery.objects.create(
            id=delivery_id,
            source_id=source_id,
            mode=MODE,
            file_sha256=hashlib.sha256(delivery_id.bytes).hexdigest(),
            manifest_version=str(manifest.version),
            delivered_at=now,
            began_at=now,
        )
        load_rows(manifest, delivery, told, Repeats(len(told), {}))
        publish(delivery, actor=actor)
    return delivery_id


def told_in(
    source_id: str, rows: Sequence[Row], on: date, sentence: Callable[[FactKind, Value], Words]
) -> list[dict[str, str]]:
    """What the rows of an answer say that holds on `on`, as sentences {zh, en}, each once.

    `sentence`: the words for a fact of a kind, by those who know what must not be told.
    """
    if not rows:
        return []
    manifest, kinds = manifest_in_force(source_id), _kinds()
    check = row_check(manifest)
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        checked = check(row, 1, on.isoformat())
        if not isinstance(checked, RowOk):
            continue
        for fact in facts_of(manifest, checked.values, _hex_token):
            kind = kinds.get(fact.kind)
            begun = fact.valid_from is None or fact.valid_from <= on
            over = fact.valid_to is not None and fact.valid_to <= on
            if kind is None or kind.households == "kin" or not begun or over:
                continue
            text = sentence(kind, fact.value).as_dict()
            found.setdefault(text["zh"], text)
    return list(found.values())[:MOST_TOLD]


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()


def _hex_token(number: str) -> bytes:
    return id_token(number) or b""


def tell_of_other_person(source_id: str, matter: uuid.UUID, *, actor: Actor) -> None:
    """Put on record that a source answered about somebody else, and alarm whom it concerns (S16)."""
    with acting(actor, PURPOSE):
        record_event(
            Act.SOURCE_ANSWERED, actor=actor, object_kind="report", object_ids=[matter],
            purpose=PURPOSE, result="refused", detail={"source": source_id, "why": "other-person"},
        )  # fmt: skip
        raise_alarm(NoticeKind.OTHER_PERSON_ANSWERED, {"source": source_id})
