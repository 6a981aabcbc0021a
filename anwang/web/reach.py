"""What can this account see, and why? For its owner, and for who administers it: numbers, no names."""

from __future__ import annotations

import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from anwang.access.absent import refused_is_absent
from anwang.access.actions.access_table import access_table
from anwang.access.actions.entries import record_apart
from anwang.access.middleware import actor_of
from anwang.access.models import Account
from anwang.access.permissions import PEOPLE_PURPOSE, Permit, check_can_administer
from anwang.access.queries.people import one_account, open_places
from anwang.access.queries.reach import Reached, Why, reach_of, why
from anwang.access.queries.seats import seats_of
from anwang.access.rules.reach import fields_of, withheld
from anwang.access.sessions import account_of
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.yaml_files import read_yaml
from anwang.directory.models import Team

WORDS: Final = Path(__file__).resolve().parents[1] / "access" / "policies" / "reach_words.yaml"
KINDS: Final[dict[str, Any]] = {
    "report": gettext_lazy("通報（收件編號）"),
    "family": gettext_lazy("家庭檔（編號）"),
    "case": gettext_lazy("個案（編號）"),
}
_LONGEST_NUMBER: Final = 40


@cache
def words() -> dict[str, dict[str, dict[str, str]]]:
    """objects, relations, fields and screens of the access table in words of both languages."""
    found: dict[str, dict[str, dict[str, str]]] = read_yaml(WORDS)
    return found


@login_required
@require_GET
def my_reach(request: HttpRequest) -> HttpResponse:
    """What one's own account sees, and why."""
    actor = actor_of(request)
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="account", object_ids=[actor.id], purpose="own-reach"
    )
    permit = Permit(actor, "own", "own-reach", seats_of(actor.id), audit_id=audit_id)
    return _page(request, account_of(request), permit)


@refused_is_absent
@require_GET
def staff_reach(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """What an account of the county sees, and why: numbers and relations only."""
    permit = check_can_administer(actor_of(request), [account_id])
    account = one_account(account_id, permit)
    if account is None:
        raise Http404
    return _page(request, account, permit)


def _page(request: HttpRequest, account: Account, permit: Permit) -> HttpResponse:
    now = clock_now()
    places = list(open_places(now).filter(account_id=account.pk).order_by("since"))
    holding = [one for one in places if one.holds_until is None or one.holds_until > now]
    reached = reach_of(account.pk, permit)
    context = {
        "account": account,
        "own": permit.purpose != PEOPLE_PURPOSE,
        "places": _places(places, {one.pk for one in holding}),
        "rows": [_row(one) for one in reached if one.ways.counted and one.number != 0],
        "none": _kinds(one for one in reached if one.ways.counted and one.number == 0),
        "parts": _kinds(one for one in reached if one.ways.part),
        "own_rows": _kinds(one for one in reached if one.ways.only_own),
        "withheld": [words()["objects"][kind] for kind in withheld(access_table())],
        "screens": _screens([one.role for one in holding]),
        "kinds": KINDS,
        **_answer(request, account, permit),
    }
    return render(request, "web/reach.html", context)


def _places(places: list[Any], holding: set[Any]) -> list[dict[str, Any]]:
    names = {
        pk: {"zh": zh, "en": en}
        for pk, zh, en in Team.objects.filter(
            pk__in={one.team_id for one in places}
        ).values_list("pk", "name_zh", "name_en")
    }  # fmt: skip
    return [
        {"row": one, "team": names.get(one.team_id), "holds": one.pk in holding} for one in places
    ]


def _row(one: Reached) -> dict[str, Any]:
    return {
        "word": words()["objects"][one.ways.table.object],
        "table": one.ways.table.name,
        "number": one.number,
        "by": [(words()["relations"][name], number) for name, number in one.by],
        "could": [words()["relations"][use.relation.name] for use in one.ways.uses],
    }


def _kinds(found: Any) -> list[dict[str, str]]:
    kinds = dict.fromkeys(one.ways.table.object for one in found)
    return [words()["objects"][kind] for kind in kinds]


def _screens(roles: list[str]) -> list[dict[str, Any]]:
    fields = words()["fields"]
    return [
        {
            "word": words()["screens"][one["object"]],
            "shown": [fields[name] for name in one["shown"]],
            "hidden": [fields[name] for name in one["hidden"]],
        }
        for one in fields_of(access_table(), roles)
    ]


def _answer(request: HttpRequest, account: Account, permit: Permit) -> dict[str, Any]:
    """Why or why not one object, where one is asked for; on record with its number."""
    kind = request.GET.get("kind", "")
    number = request.GET.get("number", "").strip()[:_LONGEST_NUMBER]
    if kind not in KINDS or not number:
        return {"asked_kind": kind, "asked_number": "", "why": None}
    found: Why = why(account.pk, kind, number, permit)
    record_apart(
        Act.SEARCHED, actor=permit.actor, object_kind="account", object_ids=[account.pk],
        purpose=permit.purpose, detail={"kind": kind, "results": len(found.hold)},
    )  # fmt: skip
    relations = words()["relations"]
    return {
        "asked_kind": kind,
        "asked_number": number,
        "why": {
            "hold": [relations[name] for name in found.hold],
            "would": [relations[name] for name in found.would],
        },
    }
