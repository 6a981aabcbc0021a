"""Says whose the records of a published delivery are.

A record keeps the person of its earlier version; else an equal, valid number decides; a record
without one is asked of the scorer; who is found nowhere becomes a new person. Each batch is
committed on its own, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import psycopg
from django.db import connection

from anwang.access.actions import record_event
from anwang.access.context import Actor, acting
from anwang.access.sealing import token, unseal
from anwang.access.vocabulary import Act
from anwang.common.copying import Behind, raw_connection
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.actions.lines import (
    IdentityLines,
    NewIds,
    end_identities,
    identity_line,
    write_identities,
)
from anwang.people.actions.searching import Search
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import blocking_keys
from anwang.people.rules.scoring import Model, load_model
from anwang.registries.models import Delivery

ROWS_A_BATCH: Final = 4000
PURPOSE: Final = "linking"
# One identification at a time: two sources naming one new person at once would make two of them.
IDENTIFY_LOCK: Final = 815_030
_IDS_OF_A_DELIVERY: Final = (1 << 48) - 1


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored record about to be identified, and the number its identity will have."""

    number: int
    record_id: str
    record_key: str
    values: dict[str, Any]
    id_cipher: bytes | None
    withdrawn: bool


@cache
def model() -> Model:
    """The shipped linkage model."""
    return load_model()


def identify(
    delivery_id: uuid.UUID, *, actor: Actor, progress: Callable[[int], None] | None = None
) -> int:
    """Give each new record of a published delivery its identity and person; returns how many.

    Run again it only does what is left. Records written for absence have no forms and end the
    identity of their key.
    """
    delivery = Delivery.objects.get(pk=delivery_id, state=Delivery.State.PUBLISHED)
    run = _Run(delivery, actor)
    rows, made = run.first(), None
    with Behind() as behind:
        while rows or made is not None:
            with acting(actor, PURPOSE):
                run.lock()
                following = run.read() if rows else []
                if made is not None:
                    behind.write(run.writing(made))
                made = run.lines(rows) if rows else None
                behind.settle()
            rows = following
            if progress:
                progress(run.done)
    run.end_withdrawn()
    if run.done:
        run.record()
    return run.done


class _Run:
    """One identification: what it has read, and the statements it needs."""

    def __init__(self, delivery: Delivery, actor: Actor) -> None:
        self.done = 0
        self._delivery = delivery
        self._actor = actor
        self._told_on: dt.date = delivery.delivered_at.astimezone(TAIPEI).date()
        # Records lie right behind their delivery's own id.
        self._last = str(delivery.pk)
        self._end = str(uuid.UUID(int=delivery.pk.int | _IDS_OF_A_DELIVERY))
        self._ids = NewIds()

    def first(self) -> list[Taken]:
        """The first batch not yet identified."""
        with acting(self._actor, PURPOSE), connection.cursor() as cursor:
            cursor.execute(
                "select max(record_id::text) from people_identity"
                " where record_id between %s and %s",
                [self._last, self._end],
            )
            (known,) = cursor.fetchone()
            self._last = known or self._last
            cursor.execute(
                "select exists (select from people_identity where source_id = %s)",
                [self._delivery.source_id],
            )
            (self._seen_before,) = cursor.fetchone()
            return self.read()

    def lock(self) -> None:
        """Wait for other identifications; ends with the transaction."""
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [IDENTIFY_LOCK])

    def read(self) -> list[Taken]:
        """The next batch, by id."""
        with raw_connection().cursor() as cursor:
            cursor.execute(_READ, {
                "source": self._delivery.source_id, "delivery": self._delivery.pk,
                "last": self._last, "end": self._end, "limit": ROWS_A_BATCH,
            })  # fmt: skip
            found = cursor.fetchall()
            cursor.execute(_NUMBERS, [len(found)])
            rows = [
                Taken(number, record_id, key, json.loads(values), cipher, withdrawn)
                for (number,), (record_id, key, values, cipher, withdrawn) in zip(
                    cursor.fetchall(), found, strict=True
                )
            ]
            if rows:
                self._last = rows[-1].record_id
        return rows

    def lines(self, rows: list[Taken]) -> IdentityLines:
        """Forms, keys and lines of one batch."""
        made = IdentityLines()
        for row in rows:
            if row.withdrawn:
                continue
            known = row.values.get("national_id")
            forms = forms_of(
                _without_numbers(row.values),
                token=token,
                told_on=self._told_on,
                known_token=bytes.fromhex(known) if known else None,
            )
            keys = blocking_keys(forms)
            line = identity_line(row.number, row.record_id, row.record_key, forms, self._ids)
            if known:
                made.add_by_number(line, row.number, keys, forms)
            else:
                made.asked.append((row.number, line, keys, forms, self._asking(row, forms)))
        self.done += len(made.identities) + len(made.asked)
        return made

    def _asking(self, row: Taken, forms: Forms) -> Forms:
        """The forms to ask with: a wrong number's valid neighbours are asked too, never stored."""
        if row.id_cipher is None:
            return forms
        plain = unseal(
            row.id_cipher, table="registries_record", column="id_cipher", row=row.record_id
        ).decode()
        raw = row.values | {"national_id": plain}
        return forms_of(raw, token=token, query=True, told_on=self._told_on)

    def writing(self, made: IdentityLines) -> Callable[[], None]:
        """What writes one batch, for the thread behind."""
        raw: psycopg.Connection[Any] = raw_connection()
        source_id, delivery_id = self._delivery.source_id, str(self._delivery.pk)
        search = Search(raw, model())
        seen_before = self._seen_before
        return lambda: write_identities(
            raw, source_id, delivery_id, made, search, seen_before=seen_before
        )

    def end_withdrawn(self) -> None:
        """Supersede identities whose record this delivery withdrew."""
        if self._seen_before:
            with acting(self._actor, PURPOSE):
                end_identities(
                    raw_connection(),
                    {
                        "source": self._delivery.source_id,
                        "delivery": self._delivery.pk,
                        "known_at": self._delivery.known_at,
                        "end": self._end,
                    },
                )

    def record(self) -> None:
        """Put the run on record."""
        with acting(self._actor, PURPOSE):
            record_event(
                Act.RECORDS_LINKED,
                actor=self._actor,
                object_kind="delivery",
                object_ids=[self._delivery.pk],
                purpose=PURPOSE,
                detail={"records": self.done, "model": model().version},
            )


def _without_numbers(values: dict[str, Any]) -> dict[str, Any]:
    """What identifies a person, but for the number, of which only the token is left."""
    return {name: value for name, value in values.items() if name != "national_id"}


_READ: Final = """
select id::text, record_key, values::text, id_cipher, withdrawn from registries_record
where source_id = %(source)s and delivery_id = %(delivery)s and id > %(last)s and id <= %(end)s
order by id limit %(limit)s
"""
_NUMBERS: Final = (
    "select nextval(pg_get_serial_sequence('people_identity', 'no')) from generate_series(1, %s)"
)
