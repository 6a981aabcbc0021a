"""Invented accounts and reports for the tests of intake."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection
from django.test import Client

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING
from anwang.access.models import Account
from tests.conftest import as_role

SEATS = {
    "mandated-reporter": ("", "68000"),
    "hotline": ("national-desk", None),
    "desk": ("68000-desk", "68000"),
    "statistician": ("", None),
    "operator": ("", None),
}


def account(role: str) -> Account:
    """An account with one seat in its usual team."""
    team, county = SEATS[role]
    with as_role("worker"):
        return add_account(
            f"{role}-{uuid.uuid4().hex[:8]}",
            display_name="示範帳號",
            display_name_en="Demo account",
            password="an invented pass phrase",
            county=county,
            memberships=[(team, county, role)],
            actor=LOADING,
            trained="tests",
        )


def signed_in(role: str) -> tuple[Client, Account]:
    """A browser in which an account of this role is signed in."""
    someone = account(role)
    client = Client()
    client.force_login(someone)
    return client, someone


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database holds, read with the worker's rights."""
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
