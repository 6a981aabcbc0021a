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
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connections

from anwang.access.context import Actor, through_door
from anwang.access.sealing import seal
from anwang.access.tokens import open_id
from anwang.common.clock import clock_now
from anwang.intake.rules.bodies import Delivered, canonical, clean, digest_of, shallow
from anwang.intake.rules.open_copy import OpenCopy, read_report
from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from

RAW: Final = {"table": "vault.raw_body", "column": "sealed"}
REPORTER: Final = {"table": "vault.reporter", "column": "sealed"}
_LONGEST_KEY: Final = 64
_DELIVER: Final = """
select receipt, report, outcome from intake.deliver(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    %s::jsonb, %s::jsonb, %s, %s, %s)
"""


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
    with through_door() as door:
        now = clock_now(using=door)
        copy = read_report(given.body, now=now, open_id=open_id)
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
    place = str(report)
    reporter = json.dumps(copy.reporter, ensure_ascii=False).encode() if copy.reporter else None
    values: list[Any] = [
        report, _new_receipt(), sender, said[:_LONGEST_KEY], _report_key(given.body, digest),
        digest, copy.county, copy.channel, copy.received_at or now, historic,
        json.dumps(copy.body, ensure_ascii=False), json.dumps(copy.marks), author,
        seal(given.raw, **RAW, row=place),
        seal(reporter, **REPORTER, row=place) if reporter else None,
    ]  # fmt: skip
    with connections[settings.DOOR_ALIAS].cursor() as cursor:
        cursor.execute(_DELIVER, values)
        return Receipt(*cursor.fetchone())


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
