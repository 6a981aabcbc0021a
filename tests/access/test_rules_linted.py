"""`pgrls lint` on the migrated database, with dated waivers: a gate beside the matrix, never the proof."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import clone_of, template_database
from tests.trust.waivers import in_force

WAIVERS = Path(__file__).with_name("pgrls_waivers.yaml")
PGRLS = Path(sys.executable).with_name("pgrls")
OPEN_TABLES = "open tables"
ABOUT = r"""
select array(select nspname::text from pg_namespace where nspname !~ '^(pg_|information_schema$)'),
    array(select n.nspname || '.' || c.relname from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
          where obj_description(c.oid, 'pg_class') like 'open: %')
"""

Finding = dict[str, Any]


def linted(address: str) -> tuple[list[Finding], set[str]]:
    """Findings on security (speed is the benchmarks' business), and the tables that are open."""
    with psycopg.connect(address) as database:
        schemas, open_tables = database.execute(ABOUT).fetchone() or ([], [])
    done = subprocess.run(
        [PGRLS, "lint", "--database-url", address, "--schemas", ",".join(schemas), "--format", "json"],
        capture_output=True, text=True, check=False, cwd=WAIVERS.parent,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    found = [one for one in json.loads(done.stdout)["violations"]
             if not one["rule_id"].startswith("PERF")]  # fmt: skip
    return found, set(open_tables)


def waives(waiver: dict[str, Any], finding: Finding, open_tables: set[str]) -> bool:
    if not re.fullmatch(waiver["rule"], finding["rule_id"]):
        return False
    if waiver["object"] == OPEN_TABLES:
        return finding["location"] in open_tables
    return re.fullmatch(waiver["object"], finding["location"]) is not None


def unwaived(found: list[Finding], open_tables: set[str]) -> list[str]:
    waivers = in_force(WAIVERS)
    return [f"{one['rule_id']} {one['location']}: {one['title']}" for one in found
            if not any(waives(waiver, one, open_tables) for waiver in waivers)]  # fmt: skip


def test_pgrls_finds_nothing_that_no_waiver_names(postgres_server: Any) -> None:
    address = postgres_server.address("postgres", template_database(postgres_server))
    found, open_tables = linted(address)
    assert unwaived(found, open_tables) == []
    needless = [one["object"] for one in in_force(WAIVERS)
                if not any(waives(one, finding, open_tables) for finding in found)]  # fmt: skip
    assert needless == [], "take these waivers out"


@pytest.mark.parametrize(
    "fault",
    [
        "create policy everything on intake_report for select to anwang_app using (true)",
        "create table public.more (id uuid, county text)",
    ],
)
def test_what_pgrls_must_find_it_finds(postgres_server: Any, fault: str) -> None:
    name = f"anwang_linted_{uuid.uuid4().hex[:8]}"
    clone_of(postgres_server, template_database(postgres_server), name)
    address = postgres_server.address("postgres", name)
    try:
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute(fault)
        assert unwaived(*linted(address)) != []
    finally:
        with psycopg.connect(
            postgres_server.address("postgres", "postgres"), autocommit=True
        ) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')
