"""Tables as files on screen: taken out by whoever reads them, brought in as drafts by who writes them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.rulebook.actions.files import (
    DraftOfFile,
    FileRefused,
    draft_of_file,
    write_draft_of_file,
)
from anwang.rulebook.actions.force import PolicyRefused
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.permissions import (
    can_write,
    check_can_write,
    check_can_write_policies,
)
from anwang.rulebook.queries import exported, table_doc
from anwang.rulebook.rules.cells import CellError
from anwang.rulebook.rules.exchange.carried import FileFault, FileUnreadable, Place
from anwang.rulebook.rules.exchange.files import FORMATS, MOST_BYTES
from anwang.rulebook.studio import open_to_writing
from anwang.rulebook.views import shown


@login_required
@require_safe
def export_file(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """One version as a workbook or as DMN."""
    version = get_object_or_404(PolicyVersion, pk=number)
    if kind not in FORMATS or table_doc(version) is None:
        raise Http404
    try:
        content = exported(version, kind)
    except CellError:
        refusal = _("草案裡有讀不懂的格，改好才能存成 DMN；ODS 隨時可以。")
        return shown(request, version, refusal, 409)
    name = "-".join(filter(None, (version.policy_id, version.county, version.version)))
    kept = content_disposition_header(True, f"{name}.{kind}") or "attachment"
    return HttpResponse(content, content_type=FORMATS[kind], headers={"Content-Disposition": kept})


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """A new draft from a file, or what is to be mended in it."""
    openly(check_can_write_policies, request)
    return _imported(request, None)


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def import_into(request: HttpRequest, number: int) -> HttpResponse:
    """A file in the place of what an open draft holds."""
    openly(check_can_write_policies, request)
    version = get_object_or_404(PolicyVersion, pk=number)
    check_can_write(actor_of(request), version.county)
    if not open_to_writing(version):
        return redirect("rulebook:policy", version.pk)
    return _imported(request, version)


def _imported(request: HttpRequest, into: PolicyVersion | None) -> HttpResponse:
    if request.method != "POST":
        return _form(request, into)
    try:
        read = draft_of_file(_content(request), into)
    except FileRefused as refused:
        return _form(request, into, refused.faults, str(refused), 422)
    actor = actor_of(request)
    if not can_write(actor, read.county):
        return _form(request, into, refusal=str(PolicyRefused("may-not")), status=403)
    permit = check_can_write(actor, read.county)
    try:
        number = write_draft_of_file(read, permit=permit, seen=request.POST.get("seen", ""))
    except PolicyRefused as refusal:
        return _form(request, into, refusal=str(refusal), status=409)
    _say_done(request, read)
    return redirect("rulebook:edit", number)


def _content(request: HttpRequest) -> bytes:
    """The file's bytes. Raises FileRefused where none was chosen."""
    file = request.FILES.get("file")
    if file is None:
        words = FileUnreadable("請選一個檔案。", "Choose a file.").words
        raise FileRefused([FileFault(Place(), words)])
    return bytes(file.read(MOST_BYTES + 1))


def _say_done(request: HttpRequest, read: DraftOfFile) -> None:
    messages.success(request, _("已由檔案存成草案，還沒有生效。"))
    if read.older:
        said = _("這個檔案由 {older} 版匯出，那一版已不是現在的內容；請看清楚下面的逐列比較。")
        messages.warning(request, said.format(older=read.older))


def _form(
    request: HttpRequest, into: PolicyVersion | None, faults: list[FileFault] | None = None,
    refusal: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {"into": into, "faults": faults or [], "refusal": refusal}
    return render(request, "rulebook/import.html", context, status=status)
