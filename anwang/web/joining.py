"""How somebody new comes in, and how one who lost password or second factor does again (I8, R2)."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.invitations import (
    Invited,
    NameTaken,
    NotYourAccount,
    give_code,
    invite,
    reset_second_factor,
)
from anwang.access.actions.people import RightsNotChanged, give_place
from anwang.access.permissions import Permit, check_can_administer
from anwang.access.queries.people import permit_counties
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.access.tokens import id_token
from anwang.common.errors import AnwangError
from anwang.web.staff import account_of_mine, roles_to_give, teams_of_mine

FORMS = require_http_methods(["GET", "HEAD", "POST"])
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_WHY: Final[dict[str, Any]] = {
    "another-administrator": gettext_lazy(
        "30 天內您已替這個帳號做過另一項。發代碼與移除第二道驗證，要由兩位管理人員分別處理。"
    ),
    "text-too-short": gettext_lazy("請寫下情形，至少 5 個字。"),
    "not-yours": gettext_lazy("這個帳號的職級與您相同或更高，請由中央的管理人員處理。"),
}


class NotInvitedWell(AnwangError):
    """The form lacks something; the text says what."""


@refused_is_absent
@never_cache
@sensitive_post_parameters("national_id")
@FORMS
def staff_invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody with a first place; the code is shown once."""
    permit = openly(check_can_administer, request)
    return _invite(request, permit) if request.method == "POST" else _form(request, permit)


@freshly_signed_in
def _invite(request: HttpRequest, permit: Permit) -> HttpResponse:
    said = request.POST
    try:
        made = _invited(said, permit)
    except NameTaken:
        return _form(request, permit, _("這個帳號名稱已經有人用了，請換一個。"))
    except (RightsNotChanged, NotInvitedWell) as refusal:
        return _form(request, permit, str(refusal))
    return _shown(request, made, said.get("display_name", ""))


def _form(request: HttpRequest, permit: Permit, error: str = "") -> HttpResponse:
    context = {
        "values": request.POST, "error": error, "teams": teams_of_mine(permit),
        "roles": roles_to_give(), "again_url": prove_again_url(request),
    }  # fmt: skip
    return render(request, "web/staff_invite.html", context)


def _invited(said: Any, permit: Permit) -> Invited:
    """The account with its first place, both or neither. Raises NotInvitedWell and what they raise."""
    username, name = said.get("username", "").strip(), said.get("display_name", "").strip()
    if not _USERNAME.fullmatch(username):
        raise NotInvitedWell(_("帳號名稱用小寫英文、數字、點或連字號，至少 3 個字。"))
    if not name or len(name) > 100:
        raise NotInvitedWell(_("請寫下姓名，最多 100 個字。"))
    human = id_token(said.get("national_id", "").strip())
    if human is None:
        raise NotInvitedWell(
            _("身分證字號或居留證號不正確。有了它，系統才能讓這個人迴避自己的親屬。")
        )
    [county] = sorted(permit_counties(permit), key=str)[:1]
    with transaction.atomic():
        made = invite(
            username, display_name=name, display_name_en=said.get("display_name_en", "").strip()[:100],
            county=county, human=human, actor=permit.actor,
        )  # fmt: skip
        give_place(
            made.account_id, said.get("team", "")[:64], said.get("role", "")[:40], "joined",
            permit=permit,
        )  # fmt: skip
    return made


def _shown(request: HttpRequest, made: Invited, name: str) -> HttpResponse:
    return render(request, "web/staff_code.html", {"made": made, "name": name})


@refused_is_absent
@never_cache
@require_POST
@freshly_signed_in
def new_code(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """A new code for who lost the first or forgot the password; shown once."""
    permit, account = account_of_mine(request, account_id)
    try:
        made = give_code(account_id, actor=permit.actor)
    except NotYourAccount as refusal:
        return _not(request, account_id, refusal)
    return _shown(request, made, account.display_name)


@refused_is_absent
@require_POST
@freshly_signed_in
def reset_factors(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Take away lost second factors, after seeing who it is."""
    permit = account_of_mine(request, account_id)[0]
    proof, why = request.POST.get("proof", ""), request.POST.get("why", "")[:500]
    try:
        reset_second_factor(account_id, proof=proof, why=why, actor=permit.actor)
    except NotYourAccount as refusal:
        return _not(request, account_id, refusal)
    except ValueError:
        raise Http404 from None
    messages.success(request, _("已移除第二道驗證並登出所有裝置，也通知了本人。"))
    return redirect("web:staff-account", account_id)


def _not(request: HttpRequest, account_id: uuid.UUID, refusal: NotYourAccount) -> HttpResponse:
    messages.error(request, str(_WHY[refusal.reason]))
    return redirect("web:staff-account", account_id)
