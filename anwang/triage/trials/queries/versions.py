"""The tables a trial compares: those in force, and the same with the versions tried in their place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import versions_standing
from anwang.rulebook.rules.tables import PolicyGap
from anwang.triage.queries.policies import CLOCKS, TABLES, tables_from
from anwang.triage.rules.policies import TriagePolicies

CAN_BE_TRIED: Final = (*TABLES, CLOCKS)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one policy by its content. `county` is None for the national layer."""

    policy_id: str
    county: str | None
    version: str
    body: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As kept with a run."""
        return {"policy_id": self.policy_id, "county": self.county, "version": self.version,
                "body": dict(self.body)}  # fmt: skip

    @property
    def name(self) -> str:
        """`triage.grade@2026.2`, with the county of an overlay between them."""
        return "@".join(filter(None, (self.policy_id, self.county, self.version)))


@dataclass
class PolicySet:
    """The versions that hold together, and the tables they make for a county, built once each."""

    versions: Sequence[Version]
    day: dt.date
    _built: dict[str | None, TriagePolicies] = field(default_factory=dict)

    @property
    def counties(self) -> frozenset[str]:
        """Counties that vary something; all others have the nation's tables."""
        return frozenset(one.county for one in self.versions if one.county)

    def of(self, county: str | None) -> TriagePolicies:
        """The tables and clocks for a county. Raises PolicyGap, PolicyFault, CellError."""
        key = county if county in self.counties else None
        if key not in self._built:
            self._built[key] = tables_from(self._laid(key), self.day)
        return self._built[key]

    def _laid(self, county: str | None) -> list[Version]:
        return [one for one in self.versions if one.county in (None, county)]


def versions_in_force() -> list[Version]:
    """Every version in force that triage decides by, the counties' own included."""
    return [version_of(one) for one in versions_standing(CAN_BE_TRIED)]


def versions_in_shadow() -> list[Version]:
    """Versions that run beside those in force; of several of one policy the one loaded last."""
    found = PolicyVersion.objects.filter(
        policy_id__in=CAN_BE_TRIED, state=PolicyVersion.State.SHADOW
    )
    latest = {(one.policy_id, one.county): one for one in found.order_by("pk")}
    return [version_of(one) for one in latest.values()]


def versions_named(named: Mapping[str, str]) -> list[Version]:
    """The versions that a screening kept: `{"triage.grade": "2026.1", "triage.grade@68000": ...}`.

    Raises PolicyGap where one of them is not in the database any more.
    """
    wanted = [(*_policy_and_county(name), version) for name, version in named.items()]
    any_of = Q(pk=None)
    for policy_id, county, version in wanted:
        any_of |= Q(policy_id=policy_id, county=county, version=version)
    found = {
        (one.policy_id, one.county, one.version): version_of(one)
        for one in PolicyVersion.objects.filter(any_of)
    }
    if missing := [name for name in wanted if name not in found]:
        raise PolicyGap(f"Versions {missing} are not in the database. Load them again.")
    return [found[name] for name in wanted]


def versions_called(name: str) -> list[Version]:
    """Versions of that number, of every policy that has it; or of one policy: `triage.grade@2026.2`."""
    policy_id, _, version = name.rpartition("@")
    found = PolicyVersion.objects.filter(policy_id__in=CAN_BE_TRIED, version=version)
    if policy_id:
        of, county = _policy_and_county(policy_id)
        found = found.filter(policy_id=of, county=county)
    return [version_of(one) for one in found.order_by("pk")]


def _policy_and_county(name: str) -> tuple[str, str | None]:
    policy_id, _, county = name.partition("@")
    return policy_id, county or None


def version_of(one: PolicyVersion) -> Version:
    """A stored version by its content."""
    return Version(one.policy_id, one.county, one.version, one.body)


def with_tried(held: Iterable[Version], tried: Iterable[Version]) -> list[Version]:
    """`held` with each of `tried` in the place of the version of its policy and county, or added."""
    places = {(one.policy_id, one.county): one for one in held}
    return list((places | {(one.policy_id, one.county): one for one in tried}).values())
