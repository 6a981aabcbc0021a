"""Reports through the door, the demo operator's account, a worker's rights for a block."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting
from anwang.access.operator import USERNAME
from anwang.intake.actions import Receipt, deliver
from tests.conftest import as_role

SENDER = Actor(uuid.UUID(int=7), "sender")
TAOYUAN = "68000"


def body(**more: Any) -> dict[str, Any]:
    """A report on an invented child, with what the test wants otherwise."""
    return {
        "report_id": uuid.uuid4().hex,
        "channel": "school-safety",
        "received_at": "2026-03-02T09:12:00+08:00",
        "county": "桃園市",
        "reporter": {"mandated": True, "role": "teacher", "name": "範例老師", "phone": "03-3000000"},
        "subjects": [
            {"role": "victim", "name": "陳小安", "birth": "民國107年5月1日", "sex": "M",
             "address": "桃園市中壢區範例路1段2號3樓"},
            {"role": "respondent", "name": "陳大方", "birth": "約40歲", "sex": "M",
             "relation_to_victim": "father", "phone": "0900-000-001"},
        ],
        "concerns": ["child-physical"],
        "immediate_danger": "unknown",
        "incident": {"occurred_at": "昨晚", "injury": "minor"},
        "narrative": "學生手臂有新瘀傷,自述昨晚被父親用衣架打。",
    } | more  # fmt: skip


@pytest.fixture
def delivered() -> Callable[..., Receipt]:
    """Deliver a report through the door and return its receipt."""

    def through(*, historic: bool = False, **more: Any) -> Receipt:
        with as_role("door"):
            return deliver(body(**more), sender="tests", historic=historic, actor=SENDER)

    return through


@pytest.fixture
def operator(db: None) -> Actor:
    """The demo operator with a seat at every desk."""
    from anwang.directory.models import Team

    with as_role("worker"), acting(LOADING, "test"):
        desks = [(team.pk, team.county_id, "desk") for team in Team.objects.filter(is_desk=True)]
        account = add_account(
            USERNAME, display_name="操作員", display_name_en="Operator", password=None, county=None,
            memberships=desks, actor=LOADING, trained="tests",
        )  # fmt: skip
    return Actor(account.pk, role="operator")
