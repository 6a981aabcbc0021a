"""Loads policy files as versions and says which is in force; run by the owner (decision 21)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.models import ClockDefinition, PolicyAct, PolicyTerm, PolicyVersion
from anwang.rulebook.rules.loader import read_doc


def plain_body(doc: Mapping[str, Any]) -> Any:
    """The document as JSON holds it: dates as ISO text."""
    return json.loads(json.dumps(doc, ensure_ascii=False, default=str, sort_keys=True))


def digest_of(body: Any) -> str:
    """SHA-256 of a body's content, the same for every order of its keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def rows_of(doc: Mapping[str, Any]) -> int:
    for key in ("rows", "clocks", "inputs", "questions", "cues", "days"):
        if isinstance(doc.get(key), (list, dict)):
            return len(doc[key])
    return 0


@transaction.atomic
def load_policies(
    files: Iterable[Path], *, county: str | None = None, as_draft: bool = False
) -> list[PolicyVersion]:
    """Load each file as a version; the first version of a policy is put in force.

    A version that is loaded already is left alone: a deploy never changes what is in force. With
    `as_draft` none is put in force (a county's overlays are the county's to begin). `county`: for
    files that do not name theirs.
    """
    loaded = []
    for path in sorted(files):
        body = plain_body(read_doc(path))
        digest = digest_of(body)
        policy_id, version = str(body.get("id", path.stem)), str(body.get("version", digest[:8]))
        where = body.get("county") or county
        known = PolicyVersion.objects.filter(policy_id=policy_id, county=where)
        if known.filter(version=version).exists():
            continue
        terms = PolicyTerm.objects.filter(policy_id=policy_id, county=where)
        made = PolicyVersion.objects.create(
            policy_id=policy_id,
            version=version,
            county=where,
            layer="county" if where else "national",
            state=PolicyVersion.State.DRAFT,
            valid_from=_day(body.get("valid_from")) or dt.date(2026, 1, 1),
            valid_to=_day(body.get("valid_to")),
            rows=rows_of(body),
            body=body,
            sha256=digest,
        )
        PolicyAct.objects.create(version=made, kind=PolicyAct.Kind.SHIPPED, sha256=digest)
        if not as_draft and not terms.exists():
            _begin(made)
        loaded.append(made)
    return loaded


def _begin(version: PolicyVersion) -> None:
    """The first version of a policy is in force from its first day on."""
    since = dt.datetime.combine(version.valid_from, dt.time(), tzinfo=TAIPEI)
    PolicyTerm.objects.create(
        version=version, policy_id=version.policy_id, county=version.county, since=since
    )
    PolicyVersion.objects.filter(pk=version.pk).update(state=PolicyVersion.State.IN_FORCE)
    version.state = PolicyVersion.State.IN_FORCE


def _day(said: object) -> dt.date | None:
    return dt.date.fromisoformat(str(said)[:10]) if said else None


@transaction.atomic
def load_first_clock(clock_id: str, hours: int, citation: str) -> None:
    """The clock that the database starts with each report."""
    ClockDefinition.objects.update_or_create(
        id=clock_id,
        defaults={"hours": hours, "citation": citation, "starts_with_report": True},
    )
