"""Puts persons and the forms of their records into the database, as identification would."""

import uuid
from collections.abc import Iterable, Mapping

from anwang.people.models import Identity, Key, Person
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import blocking_keys
from tests.people.invented_persons import token

REGISTRY = "household-registration"


def store(raws: Iterable[Mapping[str, str]], *, source: str = REGISTRY, persons=None):
    """One record a row, each for a new person unless `persons` says whose; gives the person ids."""
    raws = list(raws)
    ids = list(persons or (uuid.uuid4() for _ in raws))
    if persons is None:
        Person.objects.bulk_create([Person(id=one) for one in ids])
    delivery = uuid.uuid4()
    made = []
    for place, (raw, person) in enumerate(zip(raws, ids, strict=True)):
        forms = forms_of(raw, token=token)
        made.append(
            Identity(
                record_id=uuid.uuid4(), source_id=source, delivery_id=delivery, person_id=person,
                record_key=raw.get("record_key", f"{delivery.hex[:8]}-{place}"),
                forms=forms.pack(), packed=pack(forms), id_token=forms.id_token,
                full_key=forms.address.full_key or None,
            )
        )  # fmt: skip
    Identity.objects.bulk_create(made, batch_size=2000)
    Key.objects.bulk_create(
        [
            Key(key=key, identity_no=one.no)
            for one, raw in zip(made, raws, strict=True)
            for key in blocking_keys(forms_of(raw, token=token))
        ],
        batch_size=5000,
    )
    return ids
