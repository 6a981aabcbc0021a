"""Training and rules: the policy into the database, accepting rules, noting who passed, warning in time."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.timezone import get_current_timezone

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, Actor
from anwang.access.models import Account, Fulfilment, Requirement
from anwang.access.vocabulary import Act, NoticeKind, Role
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError, Refused
from anwang.common.yaml_files import read_yaml

FILE: Final = Path(__file__).resolve().parents[1] / "policies" / "training.yaml"
# Reporting stays open (D2): these need nothing, whatever the file says.
NEED_NOTHING: Final = frozenset({Role.CITIZEN, Role.MANDATED_REPORTER})
_TOLD_AT_ONCE: Final = 500


class RequirementFault(AnwangError):
    """A row of training.yaml is not well formed. The text names it and what to correct."""


def read_requirements() -> list[dict[str, Any]]:
    """The rows of the data file, checked. Raises RequirementFault."""
    rows: list[dict[str, Any]] = list(read_yaml(FILE)["rows"])
    for one in rows:
        if strange := set(one["roles"]) - {str(role) for role in Role}:
            raise RequirementFault(f"{one['id']}: {', '.join(sorted(strange))} is no role.")
        if closed := NEED_NOTHING & set(one["roles"]):
            raise RequirementFault(
                f"{one['id']}: {', '.join(sorted(closed))} reports, and reporting stays open."
            )
        if not 0 < one["warn_days"] < one["valid_days"]:
            raise RequirementFault(f"{one['id']}: warn_days lie between 1 and valid_days.")
        if not one["citation"]:
            raise RequirementFault(f"{one['id']}: name the source.")
    return rows


@transaction.atomic
def load_requirements() -> None:
    """Trainings and rules as the data file has them; repeatable. What is gone there goes here."""
    rows = read_requirements()
    fields = ["kind", "version", "roles", "valid_days", "warn_days", "text", "citation"]
    Requirement.objects.exclude(pk__in=[one["id"] for one in rows]).delete()
    Requirement.objects.bulk_create(
        [Requirement(pk=one["id"], **{name: one[name] for name in fields}) for one in rows],
        update_conflicts=True, unique_fields=["id"], update_fields=fields,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select access.renew_all_holding()")


def end_of(passed_on: dt.date, valid_days: int) -> dt.datetime:
    """The midnight at which what was passed on a day holds no longer."""
    last = passed_on + dt.timedelta(days=valid_days + 1)
    return dt.datetime.combine(last, dt.time(), get_current_timezone())


def note_fulfilled(
    account: Account, proof: str, *, actor: Actor, on: dt.date | None = None
) -> None:
    """Note, as a program, that an account fulfilled all that its roles need on a day, or today."""
    roles = list(account.memberships.values_list("role", flat=True))
    today = on or clock_now().astimezone(get_current_timezone()).date()
    Fulfilment.objects.bulk_create(
        Fulfilment(
            account=account, requirement_id=one.pk, version=one.version, passed_on=today,
            until=end_of(today, one.valid_days), proof=proof, noted_by=actor.id,
        )
        for one in Requirement.objects.filter(roles__overlap=roles)
    )  # fmt: skip


def accept_rules(requirement: str, *, actor: Actor) -> None:
    """Accept rules for oneself; they hold from now on. Raises Refused where one's roles have none such."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select access.accept_rules(%s)", [requirement])
    except DatabaseError as error:
        if "people: no-such-rules" not in str(error):
            raise
        raise Refused("沒有這份規範要您接受。") from None
    record_event(
        Act.RULES_ACCEPTED, actor=actor, object_kind="account", object_ids=[actor.id],
        detail={"requirement": requirement},
    )  # fmt: skip


@transaction.atomic
def warn_of_endings() -> int:
    """Tell every account once whose training or rules end soon; how many were told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select fulfilment, account_id, requirement_id, until from access.ending_soon(%s)",
            [_TOLD_AT_ONCE],
        )
        found: list[tuple[uuid.UUID, uuid.UUID, str, dt.datetime]] = cursor.fetchall()
    for fulfilment, account, requirement, until in found:
        notify(
            NoticeKind.STANDING_ENDS, to_account=account, object_kind="account", object_id=account,
            detail={"requirement": requirement, "until": until.isoformat()},
        )  # fmt: skip
        record_event(
            Act.TRAINING_WARNED, actor=SWEEPING, object_kind="account", object_ids=[account],
            detail={"requirement": requirement, "fulfilment": str(fulfilment)},
        )  # fmt: skip
    return len(found)
