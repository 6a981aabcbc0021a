"""The forms of people who report, their receipts, and the pictures that they handed in."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly
from anwang.access.actions.entries import AuditDown
from anwang.access.context import Actor
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.errors import Refused
from anwang.intake import permissions, queries
from anwang.intake.actions import OWN_FORMS, Receipt, attach, deliver, discard_draft, save_draft
from anwang.intake.forms import (
    HOTLINES,
    MOST_SUBJECTS,
    issue_token,
    kept_fields,
    key_in,
    report_of,
    says_nothing,
    tells_county,
)
from anwang.intake.rules.pictures import LARGEST_FILE_BYTES, MOST_FILES
from anwang.intake.rules.receipts import read_receipt
from anwang.rulebook.rules.instruments import read_instrument

MANDATED, CONSULT = "mandated", "consult"
CHECKS: Final = {
    MANDATED: permissions.check_can_report,
    CONSULT: permissions.check_can_take_call,
}
Questions = dict[str, Any] | None  # the consult form's; the report form has none
LARGEST_DRAFT: Final = 1_048_576


def _permit_for(check: Callable[[Actor, Any], Permit], request: HttpRequest, what: Any) -> Permit:
    """The same answer whether a thing does not exist or is not the asker's (R1)."""
    try:
        return check(actor_of(request), what)
    except Refused:
        raise Http404 from None


@login_required
def mandated(request: HttpRequest) -> HttpResponse:
    """The report form of those who must report."""
    return _form(request, MANDATED)


@login_required
def consult(request: HttpRequest) -> HttpResponse:
    """The consult form, for a call that cannot be told yet."""
    return _form(request, CONSULT)


def _form(request: HttpRequest, form: str) -> HttpResponse:
    permit = openly(CHECKS[form], request)
    questions = queries.consult_form() if form == CONSULT else None
    if request.method != "POST":
        return _show(request, form, permit, questions)
    posted = dict(request.POST.lists())
    report = _told(posted, form, questions)
    files = request.FILES.getlist("photos")
    if says_nothing(report) and not files and "looked_again" not in posted:
        asks = {"narrative": _("還沒有寫任何內容。寫一兩句就好；要空白送出，請再按一次。")}
        return _show(request, form, permit, questions, posted=posted, asks=asks)
    receipt = _take(request, form, permit, report, files)
    outcome = "" if receipt.outcome == "new" else "?repeated=1"
    return redirect(reverse("intake:receipt", args=[receipt.receipt]) + outcome)


def _told(posted: dict[str, list[str]], form: str, questions: Questions) -> dict[str, Any]:
    if questions is None:
        return report_of(posted, channel="mandated-web", mandated=True)
    line = (posted.get("channel") or [""])[-1]
    channel = line if line in HOTLINES else HOTLINES[0]
    return report_of(posted, channel=channel, mandated=False, instrument=read_instrument(questions))


def _take(
    request: HttpRequest,
    form: str,
    permit: Permit,
    report: dict[str, Any],
    files: list[UploadedFile[Any]],
) -> Receipt:
    author = permit.actor.id
    if not tells_county(report) and request.user.county:  # type: ignore[union-attr]
        report["county"] = request.user.county  # type: ignore[union-attr]
    # A foreign or broken token must not lose a report: it is taken under a key of its own.
    key = key_in(request.POST.get("form_token", ""), author) or str(uuid.uuid4())
    receipt = deliver(
        {"report_id": key} | report, sender=OWN_FORMS, author=author, actor=permit.actor
    )
    _attach(request, receipt.receipt, files)
    with contextlib.suppress(AuditDown):  # reporting stays open; the draft ends by itself
        discard_draft(form, permit=permit)
    return receipt


def _attach(request: HttpRequest, receipt: str, files: list[UploadedFile[Any]]) -> None:
    left_out = len(files[MOST_FILES:])
    for file in files[:MOST_FILES]:
        if (file.size or 0) > LARGEST_FILE_BYTES or not attach(receipt, file.read()):
            left_out += 1
    if left_out:
        text = _(
            "通報已收下，但有 %(n)s 個檔案收不下。請用 JPEG、PNG、HEIC 或 PDF，每個 20 MB 以內，再補充一次。"
        )
        messages.warning(request, text % {"n": left_out})


def _show(
    request: HttpRequest,
    form: str,
    permit: Permit,
    questions: Questions,
    *,
    posted: dict[str, list[str]] | None = None,
    asks: dict[str, str] | None = None,
) -> HttpResponse:
    draft = queries.draft_of(form, permit=permit) if posted is None else None
    fields = posted if posted is not None else draft[0] if draft else {}
    report = _told(fields, form, questions)
    report["subjects"] = report["subjects"] or [{}]
    if form == MANDATED and not fields:
        report["reporter"]["name"] = request.user.display_name  # type: ignore[union-attr]
    token = (fields.get("form_token") or [""])[-1]
    if key_in(token, permit.actor.id) is None:
        token = issue_token(permit.actor.id)
    context: dict[str, Any] = {
        "report": report,
        "asks": asks or {},
        "form_token": token,
        "submit_url": reverse(f"intake:{form}"),
        "draft_url": reverse("intake:draft", args=[form]),
        "discard_url": reverse("intake:discard", args=[form]) if draft else None,
        "draft_saved_at": draft[1] if draft else None,
        "most_subjects": MOST_SUBJECTS,
        "largest_file_mb": LARGEST_FILE_BYTES // 1_048_576,
    }
    if questions is not None:
        context |= {
            "instrument": questions,
            "answers": report.get("answers", {}).get(questions["id"], {}),
            "channels": HOTLINES,
        }
    return render(request, f"intake/{form}_form.html", context)


@login_required
@require_POST
def draft(request: HttpRequest, form: str) -> HttpResponse:
    """Keep what is typed so far; asked by the page itself every few seconds."""
    permit = openly(CHECKS[form], request)
    fields = kept_fields(dict(request.POST.lists()))
    if sum(len(value) for values in fields.values() for value in values) > LARGEST_DRAFT:
        return JsonResponse({"saved_at": None}, status=413)
    saved_at = save_draft(form, fields, permit=permit)
    return JsonResponse({"saved_at": saved_at.isoformat()})


@login_required
@require_POST
def discard(request: HttpRequest, form: str) -> HttpResponse:
    """Forget what was typed."""
    discard_draft(form, permit=openly(CHECKS[form], request))
    return redirect(f"intake:{form}")


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """One's own reports, by receipt."""
    permit = openly(permissions.check_can_report, request)
    reports, page = queries.own_reports(request.GET.get("page"), permit=permit)
    return render(request, "intake/mine.html", {"reports": reports, "page": page})


def _receipt_typed(typed: str) -> str:
    receipt = read_receipt(typed)
    if receipt is None:
        raise Http404
    return receipt


@login_required
@require_GET
def receipt(request: HttpRequest, typed: str) -> HttpResponse:
    """The receipt of one's own report."""
    number = _receipt_typed(typed)
    permit = _permit_for(permissions.check_can_see_receipt, request, number)
    shown = queries.shown_receipt(number, permit=permit, repeated="repeated" in request.GET)
    context = {
        "receipt": shown,
        "add_url": reverse("intake:add", args=[number]),
        "reporter_url": reverse("intake:reporter", args=[number]),
        "another_url": reverse("intake:mandated"),
    }
    return render(request, "intake/receipt.html", context)


@login_required
def add(request: HttpRequest, typed: str) -> HttpResponse:
    """Add something to one's own report: text and pictures, under the same receipt."""
    number = _receipt_typed(typed)
    permit = _permit_for(permissions.check_can_add, request, number)
    if request.method == "POST":
        text = request.POST.get("narrative", "").strip()
        if text:
            sender, key, channel = queries.key_of_own_report(number, permit=permit)
            body = {"report_id": key, "channel": channel, "subjects": [], "narrative": text}
            deliver(body, sender=sender, author=permit.actor.id, actor=permit.actor)
        _attach(request, number, request.FILES.getlist("photos"))
        return redirect("intake:receipt", number)
    context = {"number": number, "largest_file_mb": LARGEST_FILE_BYTES // 1_048_576}
    return render(request, "intake/add.html", context)


@login_required
@require_GET
def reporter(request: HttpRequest, typed: str) -> HttpResponse:
    """The reporter's identity, for the taker alone and on the same day; every look is recorded."""
    number = _receipt_typed(typed)
    permit = _permit_for(permissions.check_can_see_reporter, request, number)
    shown = queries.reporter_for_taker(number, permit=permit)
    return render(request, "intake/reporter.html", {"number": number, "reporter": shown})


@login_required
@require_GET
def attachment(request: HttpRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """A picture's cleaned copy, to be saved; never shown as a page of ours (I5)."""
    permit = _permit_for(permissions.check_can_open_attachment, request, attachment_id)
    opened = queries.opened_attachment(attachment_id, permit=permit)
    if opened is None:
        raise Http404
    ending = opened.media_type.rpartition("/")[2]
    return HttpResponse(
        opened.content,
        content_type=opened.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{attachment_id}.{ending}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
