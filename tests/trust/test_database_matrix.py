"""Every object of the database x role x command x context, against a reviewed file; and attempts.

Proves R1, R2, R3, R5, R8 and B3 to B5 of docs/threat-model.md by raw SQL as each database role.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import transaction

from anwang.common.yaml_files import read_yaml
from tests.trust import probing
from tests.trust.attempts import Attempts, mirrored
from tests.trust.figure import Figure, drilling, hold, rotating
from tests.trust.matrix import CONTEXTS, Matrix, matrix_of
from tests.trust.planting import faults_of, plant_in_database
from tests.trust.probing import TwoCounties, connected
from tests.trust.waivers import in_force

GOLDEN = Path(__file__).with_name("golden") / "database.yaml"
KNOWN = Path(__file__).with_name("golden") / "known_leaks.yaml"
RENEW = "ANWANG_RENEW=1 .venv/bin/python -m pytest tests/trust/test_database_matrix.py -k reviewed"
FIGURE = Figure(
    name="database-matrix",
    what="raw SQL as the application's role, in every context: generated statements",
    goal="no hidden row, value, id or count in any answer, error or notice; none changed",
    share=20_000,
    whole=1_000_000,
    portion=20_000,
)
HEAD = f"""\
# Who may do what to each object of the database, as tried out by raw SQL. REVIEWED BY HAND: whoever
# renews this file answers for every line that changes. Renew it with:
#   {RENEW}
# What is not said is denied. Rows: own (of one's office), county, all, none, or by name (a1: first
# row of the asking office; c: another office of its county; b: another county; `shared`: reference).
# `move` changes rows so that they would belong to another county. A word alone holds in each of the
# contexts {", ".join(CONTEXTS)}.
# Row 1 is in conflict with the account `conflicted`, row 2 sealed from `sealed-out`.
"""


@pytest.fixture(scope="module")
def counties(postgres_server, django_db_blocker) -> Iterator[TwoCounties]:
    """A database of this module alone, with two counties in it."""
    with django_db_blocker.unblock(), probing.two_counties(postgres_server) as made:
        yield made


@pytest.fixture(autouse=True)
def _unblocked(django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def reviewed() -> Matrix:
    return read_yaml(GOLDEN) if GOLDEN.exists() else {}


def told(counties: TwoCounties) -> Matrix:
    with connected(counties, "postgres") as connection:
        return matrix_of(counties, connection)


def flat(matrix: Any, path: str = "") -> dict[str, str]:
    """Path -> word, one for every leaf."""
    if isinstance(matrix, dict):
        return {
            k: v for key, one in matrix.items() for k, v in flat(one, f"{path} > {key}").items()
        }
    return {path: ", ".join(map(str, matrix)) if isinstance(matrix, list) else str(matrix)}


def differences(found: Matrix, golden: Matrix) -> list[str]:
    """One line for every word that is not as reviewed."""
    new, old = flat(found), flat(golden)
    return [
        f"{place.removeprefix(' > ')}: reviewed {old.get(place, 'denied')}, found {new.get(place, 'denied')}"
        for place in sorted(new.keys() | old.keys())
        if new.get(place) != old.get(place)
    ]


def waived() -> list[str]:
    """Patterns of leaks that are known and not overdue."""
    return [one["leak"] for one in in_force(KNOWN)]


def test_every_object_role_command_and_context_is_as_reviewed(counties: TwoCounties) -> None:
    found = told(counties)
    if os.environ.get("ANWANG_RENEW") == "1":
        body = yaml.safe_dump(
            found, allow_unicode=True, sort_keys=False, width=108, default_flow_style=None
        )
        GOLDEN.write_text(HEAD + body, encoding="utf-8")
    differing = differences(found, reviewed())
    assert differing == [], (
        f"{len(differing)} rights are not as reviewed. A new table needs its rules in the room's"
        " policies/access.yaml; a new field is shown to whoever sees its row, unless `columns` there"
        f" leaves it out. If they are meant, renew the file with\n  {RENEW}\nread its difference line"
        " by line, and commit it with the change.\n" + "\n".join(differing[:40])
    )


def test_a_new_object_fails_until_it_is_reviewed(counties: TwoCounties) -> None:
    with connected(counties, "postgres") as connection, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("create table public.more (id uuid primary key)")
        found = differences(matrix_of(counties, connection), reviewed())
        transaction.set_rollback(True)
    assert any("tables > more" in line for line in found)


def test_a_new_field_fails_until_it_is_reviewed(counties: TwoCounties) -> None:
    with connected(counties, "postgres") as connection, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("alter table intake_report add column nickname text;"
                           " grant select (nickname) on intake_report to anwang_app")  # fmt: skip
        found = differences(matrix_of(counties, connection), reviewed())
        transaction.set_rollback(True)
    assert any("columns shown > intake_report" in line and "nickname" in line for line in found)


def test_generated_statements_leak_nothing(counties: TwoCounties) -> None:
    with mirrored(counties) as mirror:
        hold(FIGURE, Attempts(counties, reviewed(), mirror, waived()))


@pytest.mark.parametrize(
    "fault", rotating(faults_of("database_matrix")), ids=lambda fault: fault["fault"]
)
def test_a_planted_fault_is_found(counties: TwoCounties, fault: dict[str, str]) -> None:
    """By the matrix within a transaction that is taken back, else by attempts on a copy."""
    with planted_for_now(counties, fault) as connection:
        found = differences(matrix_of(counties, connection), reviewed())
    if not found:
        with counties.copied() as copy, mirrored(counties) as mirror:
            for place in (copy, mirror):
                plant_in_database(fault, copy.server.address("postgres", place.name))
            attempts = Attempts(copy, reviewed(), mirror, waived())
            found = attempts(range(8_000 if drilling() else 4_000), 1)
    assert found, f"not found: {fault['fault']}"


@contextlib.contextmanager
def planted_for_now(counties: TwoCounties, fault: dict[str, str]) -> Iterator[Any]:
    with connected(counties, "postgres") as connection, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(fault["sql"])
        yield connection
        transaction.set_rollback(True)
