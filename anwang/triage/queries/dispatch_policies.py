"""The dated data by which reports are dispatched, as the database says they are in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import versions_in_force
from anwang.rulebook.rules.loader import with_dates
from anwang.rulebook.rules.tables import DecisionTable, PolicyGap
from anwang.triage.rules.jurisdiction import jurisdiction_table

WEIGHTS: Final = "triage.dispatch-weights"
DISPUTES: Final = "triage.disputes"
JURISDICTION: Final = "triage.jurisdiction"


def policy_in_force(policy_id: str, county: str | None) -> Mapping[str, Any]:
    """The document in force: the county's own where it has one, else the nation's.

    Raises PolicyGap where none is.
    """
    found = versions_in_force(county, policies=[policy_id])
    if not found:
        raise PolicyGap(f"No version of {policy_id} is in force. Put one in force.")
    return _body(max(found, key=lambda one: one.county is not None).number)


@lru_cache(maxsize=32)
def _body(version: int) -> Mapping[str, Any]:
    body: Mapping[str, Any] = PolicyVersion.objects.values_list("body", flat=True).get(pk=version)
    return body


def dispatch_weights(county: str | None) -> Mapping[str, Any]:
    """The weights by which teams are ranked (triage/policies/dispatch_weights.yaml)."""
    return policy_in_force(WEIGHTS, county)


def dispute_rules(county: str | None) -> Mapping[str, Any]:
    """Who rules disputes, within how many hours (triage/policies/disputes.yaml)."""
    return policy_in_force(DISPUTES, county)


def answer_hours(county: str | None, level: str, grade: str | None) -> float:
    """Hours in which a level rules; without a grade as for the urgent one."""
    levels = {one["id"]: one for one in dispute_rules(county)["levels"]}
    return float(levels[level]["hours"][grade or "1"])


def jurisdiction_in_force() -> DecisionTable:
    """The table that says which county a report belongs to; the nation's alone."""
    return jurisdiction_table(with_dates(policy_in_force(JURISDICTION, None)))
