"""The short way between the password and the second factor, and what signing in ends with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from anwang.access.actions.guesses import remember_place
from anwang.access.before_sign_in import as_claimed
from anwang.access.context import Actor
from anwang.access.known_devices import remember_device, source_of
from anwang.access.models import Account
from anwang.access.queries.factors import has_factors
from anwang.access.sessions import UNRECORDED, put_sign_in_on_record, sign_in
from anwang.access.sign_in import ByNameAndPassword
from anwang.common.clock import clock_now

_KEY: Final = "half_way"
_SECONDS: Final = 300
VISITOR: Final = Actor(uuid.UUID("00000000-0000-4000-8000-00000000000f"), "visitor")


@dataclass(frozen=True, slots=True)
class HalfWay:
    """An account whose first proof is given, `how`, and where its sign-in is to lead."""

    account: Account
    how: str
    lead_to: str


def safe_next(request: HttpRequest, wanted: str) -> str:
    """Where to go after signing in: an address of our own, else the first page."""
    ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and ours else reverse(settings.LOGIN_REDIRECT_URL)


def first_proof_given(
    request: HttpRequest, account: Account, *, how: str, lead_to: str, strong: bool = False
) -> HttpResponse:
    """Go on to the second factor where the account has one, else finish."""
    if not strong:
        with as_claimed(account.pk):
            second = has_factors(account.pk)
        if second:
            request.session.flush()
            request.session[_KEY] = {
                "account": str(account.pk), "how": how, "next": lead_to,
                "at": clock_now().timestamp(),
            }  # fmt: skip
            return redirect("access:second")
    return finish(request, account, how=how, strong=strong, lead_to=lead_to)


def half_way(request: HttpRequest) -> HalfWay | None:
    """Who stands between password and second factor in this session; nobody after five minutes."""
    kept = request.session.get(_KEY)
    if not kept or clock_now().timestamp() - kept["at"] > _SECONDS:
        return None
    account = ByNameAndPassword().get_user(uuid.UUID(kept["account"]))
    return HalfWay(account, kept["how"], kept["next"]) if account else None


def finish(
    request: HttpRequest, account: Account, *, how: str, strong: bool, lead_to: str
) -> HttpResponse:
    """Begin the session: on record first (D2), then under a new key, then known on this device.

    While the audit takes no entry nobody reads anything, but whoever reports by signing in must get
    in: the session begins without its entry, which is made up for before anything else is recorded.
    """
    recorded = put_sign_in_on_record(account, how)
    sign_in(request, account, how=how, strong=strong)
    if not recorded:
        request.session[UNRECORDED] = how
        messages.warning(request, _("查看紀錄現在寫不進去：可以照常通報，其他資料先不顯示。"))
    remember_place(account.username, source_of(request, account.username))
    response = redirect(lead_to)
    remember_device(request, response, account.username)
    return response
