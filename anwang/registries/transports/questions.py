"""A question about one person and its answer: bound to person, purpose and case, signed, checked.

What is kept of both are two signed notes without the person's number: it stands there as our keyed
token. Whoever has our public key can hold them against each other (docs/transports.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anwang.access.audit_key import signer as audit_signer
from anwang.access.rules.notes import BrokenNote, NotSigned, Signer, text_of
from anwang.access.sealing import token
from anwang.access.tokens import id_token
from anwang.registries.transports.troubles import SourceTrouble
from config.home import key

SIGNATURE: Final = "Anwang-Signature"
MOST_ROWS: Final = 200
_KEY: Final = "look-ups"
Row = dict[str, str]
State = Literal["value", "none", "late", "failed"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one source: about whom, for which case and purpose, by which role."""

    id: uuid.UUID
    source: str
    national_id: str = field(repr=False)
    purpose: str
    matter: uuid.UUID
    role: str
    asked_at: datetime
    valid_until: datetime

    @property
    def body(self) -> bytes:
        """What is sent: the only place where the number stands plain."""
        return json.dumps(
            {
                "request": str(self.id), "source": self.source, "purpose": self.purpose,
                "matter": str(self.matter), "role": self.role,
                "asked_at": self.asked_at.isoformat(),
                "valid_until": self.valid_until.isoformat(),
                "by": {"national_id": self.national_id},
            }
        ).encode()  # fmt: skip

    @property
    def note(self) -> str:
        """The signed record of the question."""
        lines = [
            "anwang look-up request", f"request {self.id}", f"source {self.source}",
            f"person {token(self.national_id).hex()}", f"purpose {self.purpose}",
            f"matter {self.matter}", f"role {self.role}", f"asked {self.asked_at.isoformat()}",
            f"until {self.valid_until.isoformat()}", f"sent {_keyed(self.body)}",
        ]  # fmt: skip
        return signer().signed("\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question. `why` is a code of troubles.TEXTS where there is no answer."""

    question: Question
    state: State
    received_at: datetime
    milliseconds: int
    why: str = ""
    rows: tuple[Row, ...] = ()
    digest: str = ""
    signature: str = ""

    def receipt(self, request_note: str) -> str:
        """The signed record of the answer, bound to that of its question."""
        lines = [
            "anwang look-up receipt", f"request {self.question.id}",
            f"source {self.question.source}", f"received {self.received_at.isoformat()}",
            f"state {self.state}", f"why {self.why or '-'}", f"records {len(self.rows)}",
            f"answer {self.digest or '-'}", f"signed {self.signature or '-'}",
            f"question {hashlib.sha256(request_note.encode()).hexdigest()}",
        ]  # fmt: skip
        return signer().signed("\n".join(lines) + "\n")


@cache
def signer() -> Signer:
    """Signs as this instance; the key lies with the others, outside the database."""
    return Signer(f"{audit_signer().name}/{_KEY}", key(_KEY))


def signature_of(body: bytes) -> str:
    """The signature that goes with a question, in base 64."""
    signature = Ed25519PrivateKey.from_private_bytes(signer().secret).sign(body)
    return base64.b64encode(signature).decode()


def rows_in(
    question: Question, body: bytes, headers: Mapping[str, str], answer_key: str,
    columns: frozenset[str],
) -> tuple[Row, ...]:  # fmt: skip
    """The rows of an answer that is signed, belongs to the question, and is about that person.

    Raises SourceTrouble: an answer that is wrong in one row is refused as a whole.
    """
    if answer_key:
        _check_signature(answer_key, body, headers.get(SIGNATURE, ""))
    try:
        said: Any = json.loads(body.decode("utf-8"))
        request, records = said["request"], said["records"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SourceTrouble("broken-answer") from None
    if request != str(question.id):
        raise SourceTrouble("other-request")
    if not isinstance(records, list) or len(records) > MOST_ROWS:
        raise SourceTrouble("broken-answer")
    rows = tuple(_row(record, columns) for record in records)
    asked = id_token(question.national_id)
    if any(asked is None or id_token(row.get("national_id", "")) != asked for row in rows):
        raise SourceTrouble("other-person")
    return rows


def _row(record: Any, columns: frozenset[str]) -> Row:
    """A record as cells of text; a field that no column has is refused (I3)."""
    if not isinstance(record, dict) or not record.keys() <= columns:
        raise SourceTrouble("broken-answer")
    if any(isinstance(cell, dict | list | float) for cell in record.values()):
        raise SourceTrouble("broken-answer")
    return {
        name: str(cell).lower() if isinstance(cell, bool) else str(cell)
        for name, cell in record.items()
        if cell not in (None, "")
    }


def _check_signature(answer_key: str, body: bytes, signature: str) -> None:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(answer_key, validate=True))
        public.verify(base64.b64decode(signature, validate=True), body)
    except (InvalidSignature, ValueError):
        raise SourceTrouble("not-signed") from None


def _keyed(body: bytes) -> str:
    return token(body.decode()).hex()


def digest_of(body: bytes) -> str:
    """What stands for an answer in its receipt; tells nobody what was in it."""
    return token(base64.b64encode(body).decode()).hex()


def notes_agree(request_note: str, receipt_note: str) -> bool:
    """Whether both are signed by this instance and the receipt belongs to the request."""
    public = signer().public
    try:
        public.opened(request_note)
        public.opened(receipt_note)
        said = _fields(text_of(receipt_note))
        asked = _fields(text_of(request_note))
    except (NotSigned, BrokenNote):
        return False
    return (
        said.get("question") == hashlib.sha256(request_note.encode()).hexdigest()
        and said.get("request") == asked.get("request")
        and said.get("source") == asked.get("source")
    )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(" ") for line in text.splitlines()[1:])
    return {name: value for name, _, value in pairs}
