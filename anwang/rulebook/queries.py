"""Which policies there are, and which is in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from anwang.rulebook.models import PolicyVersion


def policy_versions() -> QuerySet[PolicyVersion]:
    """All versions, by policy, county and age; bodies left out."""
    return PolicyVersion.objects.defer("body").order_by("policy_id", "county", "-loaded_at")


def policy_fields() -> Iterator[dict[str, Any]]:
    """One dict a version, with the fields of `anwang policies` (docs/formats/README.md)."""
    for version in policy_versions():
        yield {
            "id": version.policy_id,
            "layer": version.layer,
            "county": version.county,
            "version": version.version,
            "state": version.state,
            "valid_from": version.valid_from.isoformat(),
            "rows": version.rows,
        }


def bodies_in_force() -> dict[str, dict[str, Any]]:
    """Policy id -> body of the national version in force."""
    found = PolicyVersion.objects.filter(state=PolicyVersion.State.IN_FORCE, county=None)
    return {version.policy_id: version.body for version in found}
