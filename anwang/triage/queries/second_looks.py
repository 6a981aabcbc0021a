"""Second looks: which one policy wants for a decision, which ones wait at a desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.triage.instruments.queries import accounts_by
from anwang.triage.models import Matter, Screening, SecondLook, State
from anwang.triage.queries.policies import policies_in_force
from anwang.triage.rules.second_looks import Kind, WantedLook, look_reasons, wanted_look

MOST_SHOWN = 200
# Of a dispatch that has gone, as long as it stands.
STANDING = Q(kind=Kind.AFTERWARDS, matter__state__in=[State.OFFERED, State.ACCEPTED]) | ~Q(
    kind=Kind.AFTERWARDS
)


def look_wanted_by(
    matter: Matter, screening: Screening | None, outcome: Mapping[str, Any], *, closing: bool
) -> WantedLook | None:
    """The second look that policy wants for a decision, None where it wants none.

    Asked of the tables in force, of what was proposed and of what is decided.
    """
    proposed = screening.proposal if screening else {}
    day = clock_now().astimezone(TAIPEI).date()
    policies = policies_in_force(matter.county, day)[0]
    inputs = screening.inputs if screening else {}
    found = look_reasons(inputs, [proposed, outcome] if proposed else [outcome], policies)
    tasks = {task for task, _ in found.values()} | set(proposed.get("tasks") or ())
    kind = wanted_look(tasks, closing=closing)
    return WantedLook(kind, tuple(reason for _, reason in found.values())) if kind else None


def last_look(matter: Matter) -> SecondLook | None:
    """The open second look, else the last one that somebody gave; what lapsed is not told."""
    found = SecondLook.objects.filter(STANDING, matter=matter).exclude(verdict="lapsed")
    return found.order_by("-asked_at").first()


def may_look(look: SecondLook) -> bool:
    """Whether who asks may give this look: at the desk, and no account of the human who asked for it."""
    with connection.cursor() as cursor:
        cursor.execute("select triage.may_look_again(%s)", [look.pk])
        return bool(cursor.fetchone()[0])


def open_looks() -> Exists:
    """Whether a matter waits for a second look; for the queue."""
    return Exists(SecondLook.objects.filter(matter=OuterRef("pk"), verdict=""))


@dataclass(frozen=True, slots=True)
class LookLine:
    """One open look with the report and the names of who asked."""

    look: SecondLook
    matter: Matter
    receipt: str
    asker: Account | None


def looks_waiting(permit: Permit) -> list[LookLine]:
    """Second looks that wait at the permit's desks, the longest waiting first, at most 200."""
    found = list(
        SecondLook.objects.filter(STANDING, verdict="", matter__desk_team__in=permit.team_ids)
        .select_related("matter__report")
        .order_by("asked_at")[:MOST_SHOWN]
    )
    askers = accounts_by({one.asked_by for one in found})
    return [
        LookLine(one, one.matter, one.matter.report.receipt, askers.get(one.asked_by))
        for one in found
    ]
