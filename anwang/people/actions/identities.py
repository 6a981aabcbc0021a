"""Says whose the records of a published delivery are.

A record keeps the person of its earlier version; one in the words of another is whose that is
(alike.py); else an equal, valid number decides; a record without one is asked of the scorer; who is
found nowhere becomes a new person. Each batch is committed on its own, so an interrupted run goes on
where it stopped.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

import psycopg

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting, tell
from anwang.access.sealing import token, unseal
from anwang.access.vocabulary import Act
from anwang.common.copying import Behind, raw_connection, second_connection
from anwang.common.values.roc_dates import TAIPEI
from anwang.common.working import Workers, workers_for
from anwang.people.actions.alike import READ, alike_line, reading_place
from anwang.people.actions.consistency import ask_to_compare
from anwang.people.actions.lines import (
    IdentityLines,
    end_identities,
    head_of_link_ids,
    identity_line,
    person_ids,
    write_identities,
)
from anwang.people.actions.searching import Search
from anwang.people.models import Identity
from anwang.people.queries import model_in_force
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import blocking_keys
from anwang.registries.models import Delivery

ROWS_A_BATCH: Final = 4000
PURPOSE: Final = "linking"
# One identification at a time: two sources naming one new person at once would make two of them.
IDENTIFY_LOCK: Final = 815_030
# Who judges holds it alone (`cases.judge_identity`): a record like one that is just becoming somebody
# else's would be seen by neither.
JUDGE_LOCK: Final = 815_050
_IDS_OF_A_DELIVERY: Final = (1 << 48) - 1


class Taken(NamedTuple):
    """A stored record about to be identified (values as JSON), and its identity's number. A tuple,
    since it travels to another process.

    `told`: digest of its words; `again`: an earlier version of it is identified; `first`: the
    identity in the same words, whose values need not be read again.
    """

    number: int
    record_id: str
    record_key: str
    values: str
    id_cipher: bytes | None
    withdrawn: bool
    told: int | None
    again: bool
    first: int | None


def identify(
    delivery_id: uuid.UUID, *, actor: Actor, progress: Callable[[int], None] | None = None
) -> int:
    """Give each new record of a published delivery its identity and person; returns how many.

    Run again it only does what is left. Records written for absence have no forms and end the
    identity of their key.
    """
    delivery = Delivery.objects.get(pk=delivery_id, state=Delivery.State.PUBLISHED)
    maker = IdentityMaker(delivery.delivered_at.astimezone(TAIPEI).date())
    processes = workers_for(delivery.accepted)
    done = 0
    with (
        Workers(maker, processes) as workers,
        second_connection() if processes else nullcontext() as reading,
        Behind() as behind,
    ):
        run = _Run(delivery, actor, maker, reading)
        for made in workers.each(run.batches(behind)):
            behind.write(run.writing(made))
            done += made.count
            if progress:
                progress(done)
    run.finish(done)
    return done


class IdentityMaker:
    """Turns stored records into lines with forms and keys. Pure; may be copied into a process."""

    def __init__(self, told_on: dt.date) -> None:
        self._told_on = told_on
        self._links = head_of_link_ids()

    def __call__(self, rows: list[Taken]) -> IdentityLines:
        """The lines of one batch. Withdrawn records have none."""
        made = IdentityLines()
        standing = [row for row in rows if not row.withdrawn]
        firsts: dict[int, int] = {}
        for row, person in zip(standing, person_ids(len(standing)), strict=True):
            link = f"{self._links}{row.number:012x}"
            first = row.first or (None if row.again or row.told is None else firsts.get(row.told))
            if first is not None:
                made.alike.append(
                    alike_line(row.number, row.record_id, row.record_key, link, first)
                )
                continue
            values = json.loads(row.values)
            known = values.pop("national_id", None)
            forms = forms_of(
                values,
                token=token,
                told_on=self._told_on,
                known_token=bytes.fromhex(known) if known else None,
            )
            keys = blocking_keys(forms)
            line = identity_line(
                row.number, row.record_id, row.record_key, forms, person, link, row.told
            )
            if known:
                made.add_by_number(line, row.number, keys, forms)
                if row.told is not None and not row.again:
                    firsts[row.told] = row.number
            else:
                asking = self._asking(row, values, forms)
                told = None if row.again else row.told
                made.asked.append((row.number, line, keys, forms, asking, told))
        made.count = len(standing)
        made.holders.clear()
        return made

    def _asking(self, row: Taken, values: dict[str, Any], forms: Forms) -> Forms:
        """The forms to ask with: a wrong number's valid neighbours are asked too, never stored."""
        if row.id_cipher is None:
            return forms
        plain = unseal(
            row.id_cipher, table="registries_record", column="id_cipher", row=row.record_id
        ).decode()
        raw = values | {"national_id": plain}
        return forms_of(raw, token=token, query=True, told_on=self._told_on)


class _Run:
    """One identification: what it has read, and what writes each batch.

    `reading`: a connection on which batches are read ahead, while others are written. Records in the
    words of one that is just being written are then looked at by themselves and become the same person's.
    """

    def __init__(
        self,
        delivery: Delivery,
        actor: Actor,
        maker: IdentityMaker,
        reading: psycopg.Connection[Any] | None,
    ) -> None:
        self._delivery = delivery
        self._actor = actor
        self._maker = maker
        self._reading = reading
        # Records lie right behind their delivery's own id.
        self._end = str(uuid.UUID(int=delivery.pk.int | _IDS_OF_A_DELIVERY))
        identities = Identity.objects.filter(source_id=delivery.source_id)
        self._seen_before = identities.exists()
        last = Identity.objects.filter(record_id__gt=delivery.pk, record_id__lte=self._end)
        done = last.order_by("-record_id").values_list("record_id", flat=True).first()
        self._last = str(done or delivery.pk)

    def batches(self, behind: Behind) -> Iterator[list[Taken]]:
        """What is not yet identified, by id; on a single connection only while nothing is being written."""
        while True:
            if self._reading is None:
                behind.settle()
            if not (rows := self._read()):
                return
            yield rows

    def _read(self) -> list[Taken]:
        with (self._reading or raw_connection()).cursor() as cursor:
            cursor.execute(READ, reading_place() | {
                "source": self._delivery.source_id, "delivery": self._delivery.pk,
                "last": self._last, "end": self._end, "limit": ROWS_A_BATCH,
                "seen_before": self._seen_before,
            })  # fmt: skip
            rows = _numbered(cursor, cursor.fetchall())
        if rows:
            self._last = rows[-1].record_id
        return rows

    def writing(self, made: IdentityLines) -> Callable[[], None]:
        """What writes one batch and commits it, for the thread behind."""
        raw = raw_connection()

        def write() -> None:
            with raw.transaction(), raw.cursor() as cursor:
                tell(cursor, self._actor, PURPOSE)
                cursor.execute("select pg_advisory_xact_lock(%s)", [IDENTIFY_LOCK])
                cursor.execute("select pg_advisory_xact_lock_shared(%s)", [JUDGE_LOCK])
                if left := self._write(raw, made):
                    # Their first was superseded or judged since they were read.
                    cursor.execute(_READ_LEFT, [left])
                    self._write(raw, self._maker(_numbered(cursor, cursor.fetchall())))

        return write

    def _write(self, raw: psycopg.Connection[Any], made: IdentityLines) -> list[str]:
        return write_identities(
            raw, self._delivery.source_id, str(self._delivery.pk), made, Search(raw, model_in_force()),
            seen_before=self._seen_before,
        )  # fmt: skip

    def finish(self, done: int) -> None:
        """Supersede what the delivery withdrew, and put the run on record."""
        if not done and not self._seen_before:
            return
        with acting(self._actor, PURPOSE):
            place = {
                "source": self._delivery.source_id, "delivery": self._delivery.pk,
                "known_at": self._delivery.known_at, "end": self._end,
            }  # fmt: skip
            ended = end_identities(raw_connection(), place)
            if done or ended:
                ask_to_compare(self._delivery.pk)
                record_event(
                    Act.RECORDS_LINKED,
                    actor=self._actor,
                    object_kind="delivery",
                    object_ids=[self._delivery.pk],
                    purpose=PURPOSE,
                    detail={"records": done, "ended": ended, "model": model_in_force().version},
                )


def _numbered(cursor: psycopg.Cursor[Any], found: list[tuple[Any, ...]]) -> list[Taken]:
    """Records as read, each with the number that its identity will have."""
    cursor.execute(_NUMBERS, [len(found)])
    return [Taken(number, *read) for (number,), read in zip(cursor.fetchall(), found, strict=True)]


# Each by itself: without a digest nothing is like another.
_READ_LEFT: Final = """
select id::text, record_key, values::text, id_cipher, withdrawn, null::bigint, false, null::bigint
from registries_record where id = any(%s::uuid[]) order by id
"""
# The name of the sequence is looked up once, not for every number.
_NUMBERS: Final = """
with numbers as materialized (
    select pg_get_serial_sequence('people_identity', 'no')::regclass as drawn_from)
select nextval(drawn_from) from numbers cross join generate_series(1, %s)
"""
