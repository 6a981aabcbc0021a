"""Past reports and drafts for trials."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from anwang.rulebook.models import PolicyVersion
from anwang.triage.actions.screening import screen_waiting
from anwang.triage.trials.queries.versions import Version
from tests.conftest import as_role


@pytest.fixture
def past(delivered) -> Callable[..., list[Any]]:
    """Deliver and screen so many reports, each with what `more` says of it."""

    def made(number: int = 1, **more: Any) -> list[Any]:
        receipts = [delivered(**more) for _ in range(number)]
        with as_role("worker"):
            screen_waiting()
        return receipts

    return made


def body_in_force(policy_id: str) -> dict[str, Any]:
    """The body of the national version in force."""
    return copy.deepcopy(
        PolicyVersion.objects.get(policy_id=policy_id, county=None, state="in force").body
    )


def draft_of(policy_id: str, row: str, then: dict[str, Any], version: str = "trial") -> Version:
    """The version in force with another outcome in one row."""
    body = body_in_force(policy_id) | {"version": version}
    for one in body["rows"]:
        if one["id"] == row:
            one["then"] = then
    return Version(policy_id, None, version, body)
