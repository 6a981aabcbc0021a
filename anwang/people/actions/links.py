"""Links of our own records: by machine when probable, by a person when confirmed.

Undone by a new row, never by taking one away.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.actions.entries import Event, record_event, record_events
from anwang.access.context import Actor
from anwang.access.sealing import token
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.people.actions.lines import drop_keys
from anwang.people.models import Identity, Key, Link, Person
from anwang.people.queries import model_in_force
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import blocking_keys
from anwang.people.rules.scoring import Scored
from anwang.registries.models import Record

OWN_SOURCE: Final = "anwang"


class NotLinked(AnwangError):
    """This record is linked to nobody, so there is nothing to undo."""


class LinkedByPerson(AnwangError):
    """A person has judged this link; a machine does not change it. Undo it first."""


@transaction.atomic
def link_own_record(
    record_id: uuid.UUID,
    person_id: uuid.UUID | None,
    scored: Scored | None,
    *,
    actor: Actor,
    by_person: bool = False,
    forms: Forms | None = None,
) -> uuid.UUID:
    """Link a record of our own source to a person and return the person's id.

    Without `by_person` the link is probable (decision 16): shown as such, never a ground for
    rights. `person_id` None: nobody known, a new person. `forms`: what the record was matched by;
    without it they are read from the record's values. Raises LinkedByPerson where a machine would
    change a person's judgement, Record.DoesNotExist.
    """
    identity = Identity.objects.filter(record_id=record_id).first()
    if identity and identity.person_id and not by_person and _judged_by_person(record_id):
        raise LinkedByPerson(str(LinkedByPerson.__doc__))
    if person_id is None:
        person_id = Person.objects.create().pk
    if identity is None:
        _add_identity(record_id, person_id, forms)
    elif identity.person_id != person_id:
        if identity.person_id is None:  # kept for people to look at, found by nobody so far
            assert identity.forms is not None  # no record of ours is like another
            _add_keys(identity.no, Forms.unpack(identity.forms))
        identity.person_id = person_id
        identity.save(update_fields=["person"])
    Link.objects.create(
        record_id=record_id,
        person_id=person_id,
        author=str(actor.id) if by_person else model_in_force().version,
        by_person=by_person,
        probability=1.0 if scored is None else scored.probability,
        weight=0.0 if scored is None else scored.weight,
        reasons=_reasons(scored),
    )
    _note(Act.LINK_JUDGED, actor, record_id, person_id, "same", by_person=by_person)
    return person_id


@dataclass(frozen=True, slots=True)
class ProbableLink:
    """A record of our own source that was just written, and whom the model takes it for."""

    record_id: uuid.UUID
    person_id: uuid.UUID
    scored: Scored
    forms: Forms


# One statement, since screenings wait for it: identities, links and keys.
_LINK_NEW: Final = """
with asked as materialized (
    select * from jsonb_to_recordset(%s::jsonb) a (link uuid, record uuid, person uuid, forms jsonb,
        packed text, token text, full_key bigint, keys bigint[], probability float8, weight float8,
        reasons jsonb)
), known as (
    insert into people_identity (record_id, source_id, record_key, delivery_id, person_id, forms,
        packed, id_token, full_key, superseded)
    select r.id, r.source_id, r.record_key, r.delivery_id, a.person, a.forms, decode(a.packed, 'hex'),
        decode(a.token, 'hex'), a.full_key, false
    from asked a join registries_record r on r.id = a.record and r.source_id = %s
    returning no, record_id
), judged as (
    insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
        weight, reasons)
    select a.link, a.record, a.person, 'same', %s, false, a.probability, a.weight, a.reasons
    from asked a
)
insert into people_key (key, identity_no)
select distinct key, known.no
from asked a join known on known.record_id = a.record cross join unnest(a.keys) key
"""


@transaction.atomic(savepoint=False)
def link_new_records(groups: Sequence[Sequence[ProbableLink]], *, actor: Actor) -> None:
    """Link records that were written in this transaction, each the first of its key, as probable.

    What `link_own_record` does for one that may stand since long, for several in one statement;
    each group is put on record by itself.
    """
    groups = [links for links in groups if links]
    if not groups:
        return
    asked = [
        {
            "link": uuid.uuid4(),
            "record": one.record_id,
            "person": one.person_id,
            "keys": blocking_keys(one.forms),
            "probability": one.scored.probability,
            "weight": one.scored.weight,
            "reasons": _reasons(one.scored),
        }
        | _stored(one.forms)
        for links in groups
        for one in links
    ]
    packed = json.dumps(asked, ensure_ascii=False, default=str)
    with connection.cursor() as cursor:
        cursor.execute(_LINK_NEW, [packed, OWN_SOURCE, model_in_force().version])
    record_events(
        [
            Event(
                Act.LINK_JUDGED, actor, "record",
                [each for one in links for each in (one.record_id, one.person_id)], "linking",
                detail={"judgement": "same", "by_person": False},
            )
            for links in groups
        ]
    )  # fmt: skip


_HOLD: Final = """
insert into people_identity (record_id, source_id, record_key, delivery_id, person_id, forms, packed,
    id_token, full_key, superseded)
select r.id, r.source_id, r.record_key, r.delivery_id, null, a.forms, decode(a.packed, 'hex'),
    decode(a.token, 'hex'), a.full_key, false
from jsonb_to_recordset(%s::jsonb) a (record uuid, forms jsonb, packed text, token text,
    full_key bigint)
join registries_record r on r.id = a.record and r.source_id = %s
"""


def hold_records(held: Sequence[tuple[uuid.UUID, Forms]]) -> None:
    """Keep the forms of new records that were taken for nobody, so that people can compare them.

    They have no person and no keys: the search does not find them. One statement, or none.
    """
    if not held:
        return
    rows = [{"record": record} | _stored(forms) for record, forms in held]
    packed = json.dumps(rows, ensure_ascii=False, default=str)
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [packed, OWN_SOURCE])


def _stored(forms: Forms) -> dict[str, Any]:
    """The columns of an identity, as the statements above read them."""
    return {
        "forms": forms.pack(),
        "packed": pack(forms).hex(),
        "token": forms.id_token.hex() if forms.id_token is not None else None,
        "full_key": forms.address.full_key or None,
    }


@transaction.atomic
def unlink(record_id: uuid.UUID, *, actor: Actor, not_same: bool = False) -> None:
    """Withdraw the link of a record by a new judgement; the earlier ones stay.

    `not_same`: the author says that it is somebody else, which keeps a machine from linking the
    two again. Raises NotLinked.
    """
    identity = Identity.objects.filter(record_id=record_id).select_for_update().first()
    if identity is None or identity.person_id is None:
        raise NotLinked(str(NotLinked.__doc__))
    person_id = identity.person_id
    identity.person_id = None
    identity.save(update_fields=["person"])
    judgement = Link.Judgement.NOT_SAME if not_same else Link.Judgement.WITHDRAWN
    Link.objects.create(
        record_id=record_id,
        person_id=person_id,
        judgement=judgement,
        author=str(actor.id),
        by_person=actor.kind == "account",
        probability=0.0,
        weight=0.0,
    )
    by_person = actor.kind == "account"
    _note(Act.LINK_JUDGED, actor, record_id, person_id, str(judgement), by_person=by_person)


def _judged_by_person(record_id: uuid.UUID) -> bool:
    last = Link.objects.filter(record_id=record_id).order_by("-judged_at").first()
    return last is not None and last.by_person


def _add_identity(record_id: uuid.UUID, person_id: uuid.UUID, forms: Forms | None) -> None:
    """The record's identity and keys; earlier versions of it leave the live search."""
    record = Record.objects.get(pk=record_id, source_id=OWN_SOURCE)
    if forms is None:
        forms = forms_of_values(record.values)
    earlier = Identity.objects.filter(
        source_id=OWN_SOURCE, record_key=record.record_key, superseded=False
    )
    gone = list(earlier.values_list("no", "forms"))
    if gone:
        earlier.update(superseded=True)
        with connection.cursor() as cursor:
            drop_keys(cursor.cursor, [(no, kept) for no, kept in gone if kept is not None])
    identity = Identity.objects.create(
        record_id=record_id,
        source_id=OWN_SOURCE,
        record_key=record.record_key,
        delivery_id=record.delivery_id,
        person_id=person_id,
        forms=forms.pack(),
        packed=pack(forms),
        id_token=forms.id_token,
        full_key=forms.address.full_key or None,
    )
    _add_keys(identity.no, forms)


def _add_keys(number: int, forms: Forms) -> None:
    keys = [Key(key=key, identity_no=number) for key in blocking_keys(forms)]
    Key.objects.bulk_create(keys, ignore_conflicts=True)


def forms_of_values(values: dict[str, Any]) -> Forms:
    """Forms of a stored record's values, in which a number is its token in hex."""
    known = values.get("national_id")
    raw = {name: value for name, value in values.items() if name != "national_id"}
    return forms_of(raw, token=token, known_token=bytes.fromhex(known) if known else None)


def _reasons(scored: Scored | None) -> list[dict[str, Any]]:
    if scored is None:
        return []
    return [
        {"comparison": one.comparison, "level": one.level, "weight": one.weight}
        for one in scored.reasons
    ]


def _note(
    act: Act,
    actor: Actor,
    record_id: uuid.UUID,
    person_id: uuid.UUID,
    judgement: str,
    *,
    by_person: bool,
) -> None:
    record_event(
        act,
        actor=actor,
        object_kind="record",
        object_ids=[record_id, person_id],
        purpose="linking",
        detail={"judgement": judgement, "by_person": by_person},
    )
