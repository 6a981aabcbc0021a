"""What the frame of every screen shows: the menu of an account's roles, its office, the instance."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anwang.access import leaving
from anwang.access.permissions import AUDIT_ROLES
from anwang.access.queries.seats import Seat, seats_of
from anwang.access.vocabulary import Role
from anwang.cases.oversight.queries import number_of_unseen, open_glass
from anwang.common.clock import clock_now
from anwang.directory.models import County, Team

TEAM_ROLES = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
MENU: tuple[tuple[str, Any, tuple[Role, ...]], ...] = (
    ("triage:desk", gettext_lazy("值班台"), (Role.DESK,)),
    ("triage:overdue", gettext_lazy("逾時未接"), (
        Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY,
    )),
    ("cases:people", gettext_lazy("誰是誰"), (Role.DESK, Role.LEAD)),
    ("intake:mandated", gettext_lazy("寫通報"), (Role.MANDATED_REPORTER,)),
    ("intake:consult", gettext_lazy("諮詢紀錄"), (Role.HOTLINE,)),
    ("intake:mine", gettext_lazy("我的通報"), (Role.MANDATED_REPORTER, Role.HOTLINE)),
    ("cases:inbox", gettext_lazy("待接案件"), TEAM_ROLES),
    ("cases:families", gettext_lazy("我的家庭"), TEAM_ROLES),
    ("cases:joint", gettext_lazy("共同服務"), TEAM_ROLES),
    ("cases:load", gettext_lazy("小組負荷"), (
        Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY,
    )),
    ("triage:disputes", gettext_lazy("派案爭議"), (
        Role.DESK, *TEAM_ROLES, Role.COUNTY_MANAGER, Role.MINISTRY,
    )),
    ("cases:seals", gettext_lazy("封存"), (Role.DESK, Role.LEAD, Role.SUPERVISOR)),
    ("web:looked-at-me", gettext_lazy("誰看過我"), (Role.CITIZEN,)),
    ("registries:feeds", gettext_lazy("資料來源"), (Role.DESK, Role.OPERATOR, *TEAM_ROLES)),
    ("web:consistency", gettext_lazy("資料不一致"), (Role.DESK, Role.OPERATOR, *TEAM_ROLES)),
    ("rulebook:policies", gettext_lazy("規則"), (
        Role.DESK, Role.OPERATOR, *TEAM_ROLES, Role.COUNTY_MANAGER, Role.MINISTRY,
    )),
    ("triage:trials", gettext_lazy("規則試算"), (
        Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY,
    )),
    ("access:two-persons", gettext_lazy("兩人核准"), (
        Role.LEAD, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.PRIVACY_OFFICER,
        Role.REPORTER_PROTECTION_OFFICER, Role.SECURITY_OFFICER, Role.OPERATOR, Role.AUDITOR,
        Role.MINISTRY,
    )),
    ("web:staff", gettext_lazy("人員與權限"), (Role.ADMINISTRATOR,)),
    ("web:audit", gettext_lazy("稽核紀錄"), AUDIT_ROLES),
    ("web:glass", gettext_lazy("緊急開啟"), (Role.DESK, Role.HOTLINE, *TEAM_ROLES)),
    ("web:conflicts", gettext_lazy("利益迴避"), (
        Role.DESK, *TEAM_ROLES, Role.COUNTY_MANAGER, Role.MINISTRY, Role.PRIVACY_OFFICER,
    )),
    ("web:reviews", gettext_lazy("查閱審查"), (Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER,
                                             Role.MINISTRY, Role.PRIVACY_OFFICER)),
)  # fmt: skip


def menu_for(roles: Iterable[str], path: str = "") -> list[dict[str, Any]]:
    """The entries of the main menu for an account with `roles`, in their fixed order."""
    held = set(roles)
    entries = []
    for name, label, wanted in MENU:
        if held.isdisjoint(wanted):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:  # a room that is not built yet has no door
            continue
        entries.append({"url": url, "label": label, "current": path.startswith(url)})
    return entries


def _office(seats: tuple[Seat, ...]) -> tuple[Team | None, County | None]:
    first = seats[0] if seats else None
    if first is None:
        return None, None
    team = Team.objects.filter(pk=first.team_id).select_related("county").first()
    return team, team.county if team else None


def filling_note() -> str:
    """How far the demo year is filled, while it is being filled."""
    try:
        state = json.loads((settings.HOME / "filling.json").read_text())
    except (FileNotFoundError, ValueError):
        return ""
    if state.get("done"):
        return ""
    return _("示範年度載入中：%(step)s %(percent)s%%") % {
        "step": _(state["step"]),
        "percent": state["percent"],
    }


def _glass(account: uuid.UUID) -> dict[str, Any] | None:
    """The banner of the account's open glass."""
    glass = open_glass(account)
    if glass is None:
        return None
    return {
        "url": reverse("web:through-glass", args=[glass.pk]),
        "end_url": reverse("web:end-glass", args=[glass.pk]),
        "minutes": max(1, int((glass.ends_at - clock_now()).total_seconds()) // 60),
    }


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of common/base.html."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"quick_exit_url": leaving.PATH}  # who is not known yet may be a victim
    seats = seats_of(user.pk)
    team, county = _office(seats)
    office = {"zh": team.name_zh, "en": team.name_en} if team else None
    return {
        "nav": menu_for((seat.role for seat in seats), request.path),
        "county_name": {"zh": county.name_zh, "en": county.name_en} if county else None,
        "who": {"name": user.display_name, "office": office},
        "instance_note": filling_note(),
        "unseen_notices": number_of_unseen() if seats else None,
        "glass_open": _glass(user.pk),
        "quick_exit_url": leaving.PATH if {seat.role for seat in seats} == {Role.CITIZEN} else "",
    }
