"""What intake writes: reports through the door, their attachments, drafts.

Nothing in a report's content is refused; the receipt is given only when the report is stored.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connections, transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, Actor, acting, through_door
from anwang.access.permissions import Permit
from anwang.access.sealing import (
    NO_COUNTY,
    DataKey,
    Place,
    Wrapped,
    new_data_key,
    open_data_key,
    seal,
)
from anwang.access.tokens import open_id
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.intake.models import Draft
from anwang.intake.rules.bodies import Delivered, canonical, clean, digest_of, shallow
from anwang.intake.rules.open_copy import OpenCopy, read_report
from anwang.intake.rules.pictures import LARGEST_FILE_BYTES, look_at
from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from

RAW: Final[Place] = {"table": "vault.raw_body", "column": "sealed"}
REPORTER: Final[Place] = {"table": "vault.reporter", "column": "sealed"}
SAFE: Final[Place] = {"table": "vault.safe_address", "column": "sealed"}
ORIGINAL: Final[Place] = {"table": "intake_attachment", "column": "sealed_original"}
COPY: Final[Place] = {"table": "intake_attachment", "column": "sealed_copy"}
DRAFT: Final[Place] = {"table": "intake_draft", "column": "sealed_body"}
OWN_FORMS: Final = "anwang-web"
DRAFT_KEPT: Final = timedelta(days=7)
_LONGEST_KEY: Final = 64
_DELIVER: Final = """
select receipt, report, outcome from intake.deliver(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    %s::jsonb, %s::jsonb, %s, %s, %s, %s, %s, %s)
"""
_RETIRED: Final = "retired-key"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a delivery; `outcome` is new, repeated (same content) or addition (other)."""

    receipt: str
    report: uuid.UUID
    outcome: str


def deliver(
    body: Mapping[str, Any] | Delivered,
    *,
    sender: str,
    sender_said: str = "",
    author: uuid.UUID | None = None,
    historic: bool = False,
    actor: Actor,
) -> Receipt:
    """Store a report and give its receipt; the same (`sender`, `report_id`) again is the same one.

    `sender` is the authenticated one; what the body says differently is kept and marked. Writes no
    audit entry: the report's row is the record, and a sweeper adds the entry, so that reporting
    stays open when the audit is down (decision 7). `actor` is who delivered.
    """
    given = body if isinstance(body, Delivered) else _as_delivered(body)
    receipt = _delivered(given, sender, sender_said, author, historic)
    while receipt.outcome == _RETIRED:  # the vault's key was rotated in this very moment
        receipt = _delivered(given, sender, sender_said, author, historic)
    return receipt


def _delivered(
    given: Delivered, sender: str, sender_said: str, author: uuid.UUID | None, historic: bool
) -> Receipt:
    with through_door() as door:
        now = clock_now(using=door)
        said_when = {} if author is None else {"received_at": now.isoformat()}
        copy = read_report(said_when | given.body, now=now, open_id=open_id)
        if given.too_deep:
            copy.marks.append("too-deep")
        said = sender_said or copy.sender_said
        if said and said != sender:
            copy.marks.append("sender-differs")
        return _through_the_door(
            given, copy, clean(sender)[:_LONGEST_KEY], said, author, historic, now
        )


def _as_delivered(body: Mapping[str, Any]) -> Delivered:
    try:
        return Delivered(dict(body), canonical(body))
    except RecursionError:
        plain = shallow(body)
        return Delivered(plain, canonical(plain), too_deep=True)


def _through_the_door(
    given: Delivered,
    copy: OpenCopy,
    sender: str,
    said: str,
    author: uuid.UUID | None,
    historic: bool,
    now: datetime,
) -> Receipt:
    report, digest = uuid.uuid4(), digest_of(given)
    opened, wrapped = new_data_key(report, copy.county)
    values: list[Any] = [
        report, _new_receipt(), sender, said[:_LONGEST_KEY], _report_key(given.body, digest),
        digest, copy.county, copy.channel, copy.received_at or now, historic,
        json.dumps(copy.body, ensure_ascii=False), json.dumps(copy.marks), author,
        seal(given.raw, **RAW, row=str(report), data_key=opened),
        _sealed_json(copy.reporter, REPORTER, opened), _sealed_json(copy.safe, SAFE, opened),
        wrapped.wrap, wrapped.kek_version,
    ]  # fmt: skip
    with connections[settings.DOOR_ALIAS].cursor() as cursor:
        cursor.execute(_DELIVER, values)
        return Receipt(*cursor.fetchone())


def _sealed_json(what: Any, place: Place, opened: DataKey) -> bytes | None:
    """What belongs into the vault, sealed under its report's key; None where there is nothing."""
    if not what:
        return None
    plain = json.dumps(what, ensure_ascii=False).encode("utf-8", "replace")
    return seal(plain, **place, row=str(opened.scope), data_key=opened)


def _new_receipt() -> str:
    return receipt_from([secrets.randbelow(32) for _ in range(RANDOM_SIGNS)])


def _report_key(body: Mapping[str, Any], digest: bytes) -> str:
    """The sender's own key, as the database can hold it; without one, the digest of the body."""
    said = body.get("report_id")
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    if not isinstance(said, str) or not said.strip():
        return digest.hex()
    if len(said) <= _LONGEST_KEY and clean(said) == said:
        return said
    return "key-" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:60]


def attach(receipt: str, content: bytes) -> bool:
    """Keep a picture or document of a report; whether its kind is taken.

    The original is sealed, and beside it a copy without the camera's notes where one can be made.
    """
    looked = look_at(content)
    if looked is None or len(content) > LARGEST_FILE_BYTES:
        return False
    made = uuid.uuid4()
    with through_door() as door, connections[door].cursor() as cursor:
        cursor.execute("select * from intake.key_by_receipt(%s)", [receipt])
        found = cursor.fetchone()
        opened = opened_key(*found) if found else None
        row, copy = str(made), None
        if looked.copy is not None:
            copy = seal(looked.copy, **COPY, row=row, data_key=opened)
        values: list[Any] = [
            made, receipt, looked.media_type, len(content), hashlib.sha256(content).digest(),
            copy, seal(content, **ORIGINAL, row=row, data_key=opened), looked.state,
        ]  # fmt: skip
        cursor.execute("select intake.attach(%s, %s, %s, %s, %s, %s, %s, %s)", values)
    return True


def opened_key(
    scope: uuid.UUID, county: str | None, kek_version: int | None, wrap: bytes | None
) -> DataKey | None:
    """A report's open data key; None for one that was taken before there were any."""
    if kek_version is None or wrap is None:
        return None
    return open_data_key(Wrapped(scope, county or NO_COUNTY, kek_version, bytes(wrap)))


@transaction.atomic
def save_draft(form: str, fields: Mapping[str, list[str]], *, permit: Permit) -> datetime:
    """Keep what was typed so far, sealed and the author's alone; the instant it was saved."""
    now = clock_now()
    author = permit.actor.id
    plain = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
    # A row of its own each time: what was sealed for an older one opens nowhere.
    Draft.objects.filter(author=author, form=form).delete()
    made = uuid.uuid4()
    Draft.objects.create(
        id=made, author=author, form=form, saved_at=now, ends_at=now + DRAFT_KEPT,
        sealed_body=seal(plain, **DRAFT, row=f"{author}/{form}/{made}"),
    )  # fmt: skip
    record_event(Act.DRAFT_SAVED, actor=permit.actor, object_kind="draft", detail={"form": form})
    return now


@transaction.atomic
def discard_draft(form: str, *, permit: Permit) -> bool:
    """Forget what was typed; whether there was anything."""
    gone, _ = Draft.objects.filter(author=permit.actor.id, form=form).delete()
    if gone:
        record_event(
            Act.DRAFT_DISCARDED, actor=permit.actor, object_kind="draft", detail={"form": form}
        )
    return bool(gone)


def sweep_drafts() -> int:
    """Forget the drafts whose seven days are over; their number. Runs with the worker's rights."""
    with acting(SWEEPING, "sweep-drafts"):
        gone, _ = Draft.objects.filter(ends_at__lt=clock_now()).delete()
        if gone:
            record_event(
                Act.DRAFT_DISCARDED, actor=SWEEPING, object_kind="draft", detail={"drafts": gone}
            )
    return gone


_UNRECORDED: Final = """
with until as (
    select coalesce(max((detail ->> 'until')::timestamptz), '-infinity') as at
    from access_auditentry where act = 'report-received'
)
select r.id, r.accepted_at from intake_report r, until
where r.accepted_at > until.at and r.accepted_at < clock.now() - interval '10 s'
order by r.accepted_at limit 500
"""


def record_receipts() -> int:
    """Add the audit's entry for reports taken since the last one; their number (decision 7).

    A report counts from ten seconds after it came, when its short transaction is surely over.
    """
    with acting(SWEEPING, "record-receipts"):
        with connections["default"].cursor() as cursor:
            cursor.execute(_UNRECORDED)
            rows = cursor.fetchall()
        if rows:
            record_event(
                Act.REPORT_RECEIVED,
                actor=SWEEPING,
                object_kind="report",
                object_ids=[row[0] for row in rows],
                detail={"until": rows[-1][1].isoformat()},
            )
    return len(rows)
