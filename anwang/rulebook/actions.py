"""Loads policy files as versions and says which is in force; run by the owner (decision 21)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from anwang.rulebook.models import ClockDefinition, PolicyVersion
from anwang.rulebook.rules.loader import read_doc


def _plain(doc: Mapping[str, Any]) -> Any:
    """The document as JSON holds it: dates as ISO text."""
    return json.loads(json.dumps(doc, ensure_ascii=False, default=str, sort_keys=True))


def _rows_of(doc: Mapping[str, Any]) -> int:
    for key in ("rows", "clocks", "inputs", "questions", "cues"):
        if isinstance(doc.get(key), (list, dict)):
            return len(doc[key])
    return 0


@transaction.atomic
def load_policies(files: Iterable[Path], *, county: str | None = None) -> list[PolicyVersion]:
    """Load each file as a version; the first version of a policy is put in force.

    A version that is loaded already is left alone: a deploy never changes what is in force.
    """
    loaded = []
    for path in sorted(files):
        body = _plain(read_doc(path))
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        policy_id, version = str(body.get("id", path.stem)), str(body.get("version", digest[:8]))
        known = PolicyVersion.objects.filter(policy_id=policy_id, county=county)
        if known.filter(version=version).exists():
            continue
        first = not known.filter(state=PolicyVersion.State.IN_FORCE).exists()
        loaded.append(
            PolicyVersion.objects.create(
                policy_id=policy_id,
                version=version,
                county=county,
                layer="county" if county else "national",
                state=PolicyVersion.State.IN_FORCE if first else PolicyVersion.State.DRAFT,
                valid_from=dt.date.fromisoformat(str(body.get("valid_from", "2026-01-01"))[:10]),
                rows=_rows_of(body),
                body=body,
                sha256=digest,
            )
        )
    return loaded


@transaction.atomic
def load_first_clock(clock_id: str, hours: int, citation: str) -> None:
    """The clock that the database starts with each report."""
    ClockDefinition.objects.update_or_create(
        id=clock_id,
        defaults={"hours": hours, "citation": citation, "starts_with_report": True},
    )
