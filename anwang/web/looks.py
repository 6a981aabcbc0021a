"""The page *who looked at me*: for oneself, and for a child whose safe adult one is."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from anwang.access.actions.look_rules import read_look_rules
from anwang.access.middleware import actor_of
from anwang.access.tokens import id_token
from anwang.web.permissions import check_can_see_looks
from anwang.web.queries import MOST_LOOKS, looks_at

# What an office was doing, in words for the one it was about.
PURPOSES = {
    "duty-desk": _("處理通報"),
    "task": _("處理通報"),
    "find-report": _("查找通報"),
    "team-inbox": _("決定由哪個單位協助"),
    "case-work": _("協助這個家庭"),
    "family-work": _("協助這個家庭"),
    "family-addresses": _("協助這個家庭"),
    "open-attachment": _("查看附件"),
    "break-glass": _("緊急開啟"),
}


@login_required
def looked_at_me(request: HttpRequest) -> HttpResponse:
    """Who looked at the reader; with a posted number, who looked at that child instead.

    A number stands in the body alone, never in an address. The answer to a number has one shape for
    a child nobody looked at, a child we do not know, and one that is not the reader's to ask about.
    """
    number = request.POST.get("number", "") if request.method == "POST" else None
    # A number that is none is asked about all the same: the same work, the same answer.
    about = None if number is None else id_token(number) or bytes(32)
    permit = check_can_see_looks(actor_of(request), about)
    looks = [
        {"look": look, "purpose": PURPOSES.get(look.purpose, _("公務查看"))}
        for look in looks_at(permit, about)
    ]
    rules = [row["text"] for row in read_look_rules() if "text" in row]
    return render(
        request, "web/looked_at_me.html",
        {"looks": looks, "most": MOST_LOOKS, "rules": rules, "for_child": about},
    )  # fmt: skip
