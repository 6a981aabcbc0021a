"""Lets a source tell of persons: deliveries, records, facts and identities straight into tables."""

import uuid
from datetime import UTC, datetime

from anwang.people.models import Identity, Key, Link, Person
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import blocking_keys
from anwang.registries.actions.batches import new_delivery_id
from anwang.registries.actions.batches import record_id as id_of
from anwang.registries.models import Delivery, Fact, Record
from anwang.registries.rules.facts import facts_of
from anwang.registries.rules.manifests import load_manifests
from tests.people.invented_persons import token

MANIFESTS = load_manifests()
REGISTRY = "household-registration"
FIRST = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def day(text: str, hour: int = 2) -> datetime:
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC)


def person() -> uuid.UUID:
    return Person.objects.create().pk


def deliver(source: str, rows, known_at: datetime = FIRST, *, mode: str = "full", held=False):
    """`rows`: (person or None, values); a row with `withdrawn` ends its key."""
    delivery = Delivery.objects.create(
        id=new_delivery_id(known_at), source_id=source, mode=mode, file_sha256="0" * 64, manifest_version="1",
        delivered_at=known_at, began_at=known_at, known_at=None if held else known_at,
        state="held" if held else "published",
    )  # fmt: skip
    for place, (one, values) in enumerate(rows, start=1):
        _record(delivery, place, one, values)
    return delivery


def _record(delivery, place, one, values) -> None:
    source, key = delivery.source_id, values["record_key"]
    earlier = Identity.objects.filter(source_id=source, record_key=key)
    earlier.update(superseded=True)
    record_id = uuid.UUID(id_of(delivery.pk, place))
    Record.objects.create(
        id=record_id, source_id=source, record_key=key, delivery=delivery, values={},
        withdrawn=bool(values.get("withdrawn")),
    )  # fmt: skip
    if values.get("withdrawn"):
        return
    Fact.objects.bulk_create(
        Fact(
            source_id=source, record_id=record_id, delivery=delivery, kind=fact.kind, key=fact.key,
            value=fact.value, valid_from=fact.valid_from, valid_to=fact.valid_to,
        )
        for fact in facts_of(MANIFESTS[source], values, token)
    )  # fmt: skip
    forms = forms_of(values, token=token)
    identity = Identity.objects.create(
        record_id=record_id, source_id=source, record_key=key, delivery_id=delivery.pk,
        person_id=one, forms=forms.pack(), packed=pack(forms), id_token=forms.id_token,
        full_key=forms.address.full_key or None,
    )  # fmt: skip
    Key.objects.bulk_create([Key(key=key, identity_no=identity.no) for key in blocking_keys(forms)])
    if one is not None:
        Link.objects.create(
            record_id=record_id, person_id=one, author="model", probability=1, weight=20,
            judged_at=delivery.known_at,
        )  # fmt: skip
