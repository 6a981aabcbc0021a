"""`POST /api/v1/reports`: other systems' door, described by OpenAPI 3.1 at /api/v1/openapi.json.

Nothing in a report is refused for its content. What is refused says what to do next and a number
to call, and never repeats what was sent (P10).
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema, Status
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor, enter
from anwang.access.queries.senders import sender_of
from anwang.access.vocabulary import Act
from anwang.intake.actions import deliver
from anwang.intake.actions.relay import relay, relayed
from anwang.intake.rules.bodies import LARGEST_BYTES, BrokenReport, ReportTooLarge, read_body
from anwang.intake.rules.receipts import read_receipt
from anwang.intake.rules.schema import schema

logger = logging.getLogger(__name__)
NOBODY: Final = uuid.UUID(int=0)
PHONE: Final = {
    "zh": "情況緊急請撥 110；保護通報可撥 113。",
    "en": "In danger call 110; to report by telephone call 113.",
}
MESSAGES: Final = {
    "broken": {
        "zh": "內容不是完整的 JSON 物件（UTF-8）。請更正後以同一個 report_id 再送；欄位不必齊全。",
        "en": "This is not one JSON object in UTF-8. Correct it and send it again with the same"
        " report_id; no field need be complete.",
    },
    "too-large": {
        "zh": "通報超過 1 MiB（1,048,576 位元組）。請縮短或拆開再送；照片與文件請用網頁通報。",
        "en": "The report has more than 1 MiB (1,048,576 bytes). Shorten or split it and send it"
        " again; hand in photos and papers through the web form.",
    },
    "no-credential": {
        "zh": "沒有有效的來源憑證。請放入 Authorization 標頭（Bearer）；沒有憑證請洽管理員。",
        "en": "There is no valid sender's credential. Put it into the Authorization header as"
        " Bearer; ask the operator for one.",
    },
    "not-stored": {
        "zh": "系統暫時存不了，這件通報還沒有收下。請保留內容，一分鐘後以同一個 report_id 再送。",
        "en": "It could not be stored and is not taken. Keep it and send it again in a minute with"
        " the same report_id.",
    },
}


class Taken(Schema):
    """The answer once the report is stored. `outcome`: new, repeated or addition."""

    receipt: str
    outcome: str


class Said(Schema):
    """A text in both languages."""

    zh: str
    en: str


class NotTaken(Schema):
    """Why nothing was stored, what to do next, and whom to call meanwhile."""

    error: str
    message: Said
    phone: Said


class SenderCredential(HttpBearer):
    """The credential of `anwang sender add`."""

    def authenticate(self, request: HttpRequest, token: str) -> tuple[Actor, str] | None:
        known = sender_of(token) if token and "\0" not in token else None
        if known is None:
            return None
        return Actor(known[0], "sender", request_id=uuid.uuid4()), known[1]


api = NinjaAPI(
    title="安網 Anwang",
    version="1",
    description="通報介接。 Delivering reports.",
    docs_url=None,  # the documentation page would fetch from a third party
    urls_namespace="api-v1",
)


def _refusal(request: HttpRequest, error: str, status: int) -> HttpResponse:
    body = {"error": error, "message": MESSAGES[error], "phone": PHONE}
    return api.create_response(request, body, status=status)


@api.exception_handler(AuthenticationError)
def _without_credential(request: HttpRequest, error: object) -> HttpResponse:
    record_apart(
        Act.SIGN_IN_FAILED, actor=Actor(NOBODY, "sender"), purpose="deliver", result="refused"
    )
    answer = _refusal(request, "no-credential", 401)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(BrokenReport)
def _broken(request: HttpRequest, error: object) -> HttpResponse:
    return _refusal(request, "broken", 400)


@api.exception_handler(ReportTooLarge)
def _too_large(request: HttpRequest, error: object) -> HttpResponse:
    return _refusal(request, "too-large", 413)


@api.exception_handler(DatabaseError)
def _not_stored(request: HttpRequest, error: object) -> HttpResponse:
    # The class of the error only: its text may quote what the report says (D6).
    logger.error("A delivery was not stored: %s", type(error).__name__)
    answer = _refusal(request, "not-stored", 503)
    answer.headers["Retry-After"] = "60"
    return answer


def _report_format() -> dict[str, Any]:
    return {name: said for name, said in schema().items() if not name.startswith("$")}


@api.post(
    "/reports",
    auth=SenderCredential(),
    response={201: Taken, 200: Taken, 400: NotTaken, 401: NotTaken, 413: NotTaken, 503: NotTaken},
    operation_id="deliver_report",
    summary="送出一件通報 Deliver one report",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The format asks, it does not refuse: any JSON object is taken.",
            "content": {"application/json": {"schema": _report_format()}},
        }
    },
)
def deliver_report(request: HttpRequest) -> Status[dict[str, str]]:
    """Same sender and `report_id` with the same content: 200 and the first receipt. With other
    content: 200, kept as an addition to the first. Else 201.
    """
    # Asked before the body is read: what is too large is not taken into memory.
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BYTES:
        raise ReportTooLarge(str(ReportTooLarge.__doc__))
    actor, sender = request.auth  # type: ignore[attr-defined]
    receipt = deliver(read_body(request.body), sender=sender, actor=actor)
    status = 201 if receipt.outcome == "new" else 200
    return Status(status, {"receipt": receipt.receipt, "outcome": receipt.outcome})


class Told(Schema):
    """One message of the relay. `from_office`: from the office that works on the report."""

    from_office: bool
    text: str
    sent_at: datetime


class Answer(Schema):
    """What the reporter answers; kept without saying who wrote it."""

    text: str


def _own_report(request: HttpRequest, receipt: str) -> tuple[Actor, uuid.UUID]:
    """The sender and its own report; another sender's is as absent as none."""
    actor, _ = request.auth  # type: ignore[attr-defined]
    enter(actor, "relay")
    number = read_receipt(receipt)
    with connection.cursor() as cursor:
        cursor.execute("select intake.report_of_sender(%s)", [number or ""])
        (report,) = cursor.fetchone()
    if report is None:
        raise Http404
    return actor, report


@api.get(
    "/reports/{receipt}/messages", auth=SenderCredential(), response=list[Told],
    operation_id="messages_of_report", summary="取回給通報人的訊息 Messages for the reporter",
)  # fmt: skip
def messages_of_report(request: HttpRequest, receipt: str) -> list[dict[str, Any]]:
    """What the office asked the reporter, and what was answered, the oldest first."""
    actor, report = _own_report(request, receipt)
    return [
        {"from_office": one.to_reporter, "text": one.text, "sent_at": one.sent_at}
        for one in relayed(report, actor=actor)
    ]


@api.post(
    "/reports/{receipt}/messages", auth=SenderCredential(), response={201: None},
    operation_id="answer_to_office", summary="通報人回覆 Answer to the office",
)  # fmt: skip
def answer_to_office(request: HttpRequest, receipt: str, answer: Answer) -> Status[None]:
    """Pass on what the reporter answers."""
    actor, report = _own_report(request, receipt)
    if answer.text.strip():
        relay(report, answer.text, actor=actor)
    return Status(201, None)
