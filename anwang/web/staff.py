"""The county's people and rights: who is there, what each may work as, and changing it with a ground."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.people import (
    RightsNotChanged,
    end_account_of,
    end_sessions_of,
    give_place,
    grounds_for,
    note_training,
    reopen_account,
    take_place,
    withdraw_training,
)
from anwang.access.middleware import actor_of
from anwang.access.models import Account, Membership, Rank, Requirement
from anwang.access.permissions import Permit, check_can_administer
from anwang.access.queries.people import (
    ACCOUNTS_A_PAGE,
    STATES,
    Listed,
    PeopleSearch,
    factors_seen,
    fulfilments_of,
    last_sign_in,
    one_account,
    open_places,
    people,
    permit_counties,
    places_of,
    sessions_seen,
)
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.access.rules.sign_in import sign_in_policy
from anwang.access.vocabulary import Role
from anwang.cases.queries.duties import open_duties
from anwang.common.clock import clock_now
from anwang.directory.models import Team

STATE_WORDS: Final[dict[str, Any]] = {
    "active": gettext_lazy("使用中"),
    "lapsed": gettext_lazy("訓練或規範過期"),
    "ends-soon": gettext_lazy("快到期"),
    "placeless": gettext_lazy("沒有職務"),
    "ended": gettext_lazy("已結束"),
}
FACTOR_WORDS: Final[dict[str, Any]] = {
    "totp": gettext_lazy("驗證碼"),
    "webauthn": gettext_lazy("通行金鑰"),
    "recovery_codes": gettext_lazy("備用碼"),
}
MOST_SUCCESSORS: Final = 200
LONGEST_SEARCH: Final = 60


def teams_of_mine(permit: Permit) -> dict[str, dict[str, str]]:
    """Id -> names, of the teams in the administrator's county."""
    counties = permit_counties(permit)
    found = Team.objects.filter(county_id__in=[one for one in counties if one])
    if None in counties:
        found = found | Team.objects.filter(county=None)
    return {
        one.pk: {"zh": one.name_zh, "en": one.name_en} for one in found.order_by("-is_desk", "pk")
    }


def roles_to_give() -> list[str]:
    """Roles that an administrator may give, from the lowest rank."""
    given = Rank.objects.filter(given="administrator")
    return list(given.order_by("rank", "role").values_list("role", flat=True))


def _search(request: HttpRequest) -> PeopleSearch:
    asked = request.GET
    state = asked.get("state", "")
    return PeopleSearch(
        asked.get("q", "").strip()[:LONGEST_SEARCH], asked.get("team", "")[:64],
        asked.get("role", "")[:40], state if state in STATES else "",
    )  # fmt: skip


@refused_is_absent
@require_GET
def staff(request: HttpRequest) -> HttpResponse:
    """A page of the county's accounts that fit; each with its places and what is wrong with them."""
    permit = openly(check_can_administer, request)
    search, now = _search(request), clock_now()
    found = people(search, permit, now, request.GET.get("after", "")[:64])
    shown, more = found[:ACCOUNTS_A_PAGE], found[ACCOUNTS_A_PAGE:]
    following = request.GET.copy()
    if more:
        following["after"] = shown[-1].account.username
    teams = teams_of_mine(permit)
    context = {
        "search": search,
        "lines": [_line(one, teams, now) for one in shown],
        "more": following.urlencode() if more else "",
        "later": "after" in request.GET,
        "asked": any((search.text, search.team, search.role, search.state)),
        "teams": teams,
        "roles": roles_to_give(),
        "states": STATE_WORDS,
    }
    return render(request, "web/staff.html", context)


def _line(one: Listed, teams: dict[str, dict[str, str]], now: dt.datetime) -> dict[str, Any]:
    return {
        "account": one.account,
        "places": [{"role": place.role, "team": teams.get(place.team_id)} for place in one.places],
        "lapsed": one.account.is_active and one.lapsed(now),
    }


def account_of_mine(request: HttpRequest, account_id: uuid.UUID) -> tuple[Permit, Account]:
    """The permit and the account; Http404 for what is not the administrator's, as for nothing."""
    permit = check_can_administer(actor_of(request), [account_id])
    found = one_account(account_id, permit)
    if found is None:
        raise Http404
    return permit, found


@refused_is_absent
@require_GET
def staff_account(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """One account: what it may work as and why, how it signs in, and what can be done about it."""
    permit, account = account_of_mine(request, account_id)
    now, teams = clock_now(), teams_of_mine(permit)
    places = places_of(account_id)
    is_open = {one.pk for one in places if one.until is None or one.until > now}
    context = {
        "account": account,
        "oneself": account_id == permit.actor.id,
        "now": now,
        "places": [_place(one, teams, one.pk in is_open, now) for one in places],
        "open_places": len(is_open),
        "fulfilments": _fulfilled(account_id, now),
        "trainings": Requirement.objects.filter(kind="training").order_by("pk"),
        "factors": [
            {"row": one, "word": FACTOR_WORDS.get(one.kind, one.kind)}
            for one in factors_seen(account_id)
        ],
        "sessions": sessions_seen(account_id),
        "last_sign_in": last_sign_in(account_id),
        "duties": sum(open_duties(account_id, permit).values()),
        "successors": _successors(account_id, places),
        "teams": teams,
        "roles": roles_to_give(),
        "grounds": {act: grounds_for(act) for act in ("give", "take", "end", "reopen", "sessions")},
        "again_url": prove_again_url(request),
        "proofs": sign_in_policy().reset_proofs,
    }
    return render(request, "web/staff_account.html", context)


def _place(
    place: Membership, teams: dict[str, dict[str, str]], is_open: bool, now: dt.datetime
) -> dict[str, Any]:
    words: dict[str, dict[str, str]] = {}
    for act in ("give", "take", "end"):
        words |= grounds_for(act)
    return {
        "row": place,
        "team": teams.get(place.team_id),
        "open": is_open,
        "lapsed": is_open and place.holds_until is not None and place.holds_until <= now,
        "ground": words.get(place.ground),
        "ended_ground": words.get(place.ended_ground),
        "given_again": not is_open and place.role in roles_to_give(),
    }


def _fulfilled(account_id: uuid.UUID, now: dt.datetime) -> list[dict[str, Any]]:
    needs = {one.pk: one for one in Requirement.objects.all()}
    return [
        {
            "row": one,
            "text": needs[one.requirement_id].text["title"],
            "training": needs[one.requirement_id].kind == "training",
            "holds": one.withdrawn_at is None
            and one.until > now
            and one.version == needs[one.requirement_id].version,
        }
        for one in fulfilments_of(account_id)
        if one.requirement_id in needs
    ]


def _successors(account_id: uuid.UUID, places: list[Membership]) -> list[Account]:
    """Who works in the same teams and could take over."""
    teams = {one.team_id for one in places if one.until is None and one.team_id}
    working = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
    colleagues = open_places(clock_now()).filter(team_id__in=teams, role__in=working)
    found = Account.objects.only("username", "display_name", "display_name_en")
    return list(
        found.filter(pk__in=colleagues.values("account_id"), is_active=True)
        .exclude(pk=account_id)
        .order_by("username")[:MOST_SUCCESSORS]
    )


def _changed(
    request: HttpRequest, account_id: uuid.UUID, act: Callable[[], object], done: str
) -> HttpResponse:
    """Do it, or say what stands against it; back to the account's page."""
    try:
        act()
    except RightsNotChanged as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("web:staff-account", account_id)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@refused_is_absent
@require_POST
@freshly_signed_in
def give(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Give a role, in a team where it has one."""
    permit = account_of_mine(request, account_id)[0]
    said = request.POST
    return _changed(
        request, account_id,
        lambda: give_place(
            account_id, said.get("team", "")[:64], said.get("role", "")[:40],
            said.get("ground", ""), permit=permit,
        ),
        _("已給予職務，馬上生效，也通知了本人與團隊。"),
    )  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def take(request: HttpRequest, account_id: uuid.UUID, place_id: uuid.UUID) -> HttpResponse:
    """End one role of an account."""
    permit = account_of_mine(request, account_id)[0]
    said = request.POST
    successor = _uuid(said.get("successor", ""))
    return _changed(
        request, account_id,
        lambda: take_place(place_id, said.get("ground", ""), successor, permit=permit),
        _("已收回職務，馬上生效，也通知了本人。"),
    )  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def end(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """End an account: everything at once, its open cases to a named person first."""
    permit = account_of_mine(request, account_id)[0]
    successor = _uuid(request.POST.get("successor", ""))
    ground = request.POST.get("ground", "")
    return _changed(
        request, account_id,
        lambda: end_account_of(account_id, ground, successor, permit=permit),
        _("帳號已結束：職務、登入與權限都已失效，主責的案件已交給接手的人。"),
    )  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def reopen(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Open an ended account again, without places."""
    permit = account_of_mine(request, account_id)[0]
    ground = request.POST.get("ground", "")
    return _changed(
        request, account_id, lambda: reopen_account(account_id, ground, permit=permit),
        _("帳號已重新開啟，還沒有任何職務。"),
    )  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def sign_out(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """End all sessions of an account."""
    permit = account_of_mine(request, account_id)[0]
    ground = request.POST.get("ground", "")
    return _changed(
        request, account_id, lambda: end_sessions_of(account_id, ground, permit=permit),
        _("所有裝置都已登出。"),
    )  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def train(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Note that somebody passed a training."""
    permit = account_of_mine(request, account_id)[0]
    said = request.POST
    day = _day(said.get("passed_on", ""))
    return _changed(
        request, account_id,
        lambda: note_training(
            account_id, said.get("training", "")[:40], day, said.get("proof", ""), permit=permit
        ),
        _("已登記訓練，也通知了本人。"),
    )  # fmt: skip


def _day(text: str) -> dt.date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@refused_is_absent
@require_POST
@freshly_signed_in
def untrain(request: HttpRequest, account_id: uuid.UUID, noted: uuid.UUID) -> HttpResponse:
    """Withdraw a training that was noted wrongly."""
    permit = account_of_mine(request, account_id)[0]
    return _changed(
        request, account_id, lambda: withdraw_training(noted, permit=permit),
        _("已撤回訓練登記，也通知了本人。"),
    )  # fmt: skip
