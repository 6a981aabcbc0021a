"""The tests' own PostgreSQL: one server a run, a migrated template, a database a test process.

The connection takes on the application's role, so row rules hold in every test as they do in use;
`as_role` lends another unprivileged role for a block. Only migrations act as owner.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import translation
from hypothesis import HealthCheck, settings

from anwang.common.memory import gather_memory, settle_memory
from tests import places
from tests.sharing import ByFile

ROOT = Path(__file__).resolve().parent.parent
TEST_HOME = Path(
    os.environ.get("ANWANG_TEST_HOME", places.place() / f"anwang-tests-{os.geteuid()}")
)
os.environ["ANWANG_HOME"] = str(TEST_HOME)
TEST_HOME.mkdir(parents=True, exist_ok=True)
# Property tests: no time limit an example (the machine is shared), the same examples in CI.
settings.register_profile(
    "here", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
         "max_wal_size": "1GB", "shared_buffers": "512MB", "shared_preload_libraries": ""}  # fmt: skip
gather_memory()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How tests are shared out to the processes of `-n`."""
    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """What was read and collected stays until the end, and is not looked through again."""
    settle_memory()


def pytest_unconfigure() -> None:
    """When all fixtures are gone, the data of instances that nobody will start again."""
    from tests.instance import remove_data

    remove_data()
    places.remove_homes()


def _fingerprint() -> str:
    """Changes when what makes a database does (migrations, access, data): a template is built anew."""
    digest = hashlib.sha256()
    folders = [*ROOT.glob("anwang/*/migrations/*.py"), *ROOT.glob("anwang/*/policies/**/*.yaml"),
               *ROOT.glob("anwang/*/data/*"), *ROOT.glob("anwang/*/actions*/*.py"),
               *ROOT.glob("anwang/*/actions.py"), *ROOT.glob("anwang/access/rules/*.py"),
               *ROOT.glob("anwang/web/management/commands/prepare.py"),
               ROOT / "config" / "roles.sql", ROOT / "anwang" / "common" / "row_rules.py"]  # fmt: skip
    for path in sorted(folders):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


TESTER = """
do $$ begin
  perform pg_advisory_xact_lock(815002);
  if not exists (select from pg_roles where rolname = 'anwang_tester') then
    create role anwang_tester login noinherit nobypassrls;
    grant anwang_app, anwang_worker, anwang_door, anwang_auditor to anwang_tester;
  end if;
end $$;
"""


def template_database(server) -> str:
    """Name of a migrated database with the reference data, built once for this state of the tree."""
    name = f"anwang_template_{_fingerprint()}"
    with (TEST_HOME / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(TESTER)
            if admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return name
            for (old,) in admin.execute(
                "select datname from pg_database where datname like 'anwang_template_%%'"
            ).fetchall():
                with contextlib.suppress(psycopg.Error):
                    admin.execute(f'drop database "{old}"')
            from config.postgres import ensure_roles

            building = f"building_{uuid.uuid4().hex[:8]}"
            ensure_roles(server.address("postgres", "postgres"), building)
            environment = os.environ | {
                "ANWANG_SOCKETS": str(server.sockets),
                "ANWANG_DATABASE": building,
                "ANWANG_DATABASE_ROLE": "migrator",
                "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            }
            done = subprocess.run(
                [sys.executable, "manage.py", "prepare", "--kind", "test"],
                cwd=ROOT, env=environment, capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)
            admin.execute(f'grant connect on database "{building}" to anwang_tester')
            admin.execute(f'alter database "{building}" rename to "{name}"')
    return name


def clone_of(server, template: str, name: str) -> str:
    """A fresh database called `name`, copied from `template`."""
    with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')
        admin.execute(f'create database "{name}" template "{template}" owner anwang_owner')
        admin.execute(f'revoke all on database "{name}" from public')
        admin.execute(
            f'grant connect on database "{name}" to anwang_migrator, anwang_app, anwang_door,'
            " anwang_worker, anwang_auditor, anwang_tester"
        )
        admin.execute(f'grant temporary on database "{name}" to anwang_worker')
    return name


@pytest.fixture(scope="session")
def postgres_server():
    """The tests' embedded server, shared by all test processes of a run."""
    from config.postgres import embedded

    with embedded(TEST_HOME, QUICK) as server:
        yield server


@pytest.fixture(scope="session")
def django_db_setup(postgres_server) -> Iterator[None]:
    template = template_database(postgres_server)
    name = f"anwang_test_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}_{os.getpid()}"
    clone_of(postgres_server, template, name)
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
        connections[alias].settings_dict["HOST"] = str(postgres_server.sockets)
    yield
    connections.close_all()
    with psycopg.connect(postgres_server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


@contextlib.contextmanager
def as_role(role: str) -> Iterator[None]:
    """Take on another unprivileged role (`app`, `worker`, `door`, `auditor`) for a block."""
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        (before,) = cursor.fetchone()
        cursor.execute(f"set local role anwang_{role}")
        try:
            yield
        finally:
            if not connection.needs_rollback:
                cursor.execute(f"set local role {before}")


@pytest.fixture
def in_role():
    return as_role


@pytest.fixture(autouse=True)
def own_language() -> None:
    """The language that everybody begins with: a request in English leaves its thread in English."""
    translation.activate(django_settings.LANGUAGE_CODE)


@pytest.fixture(scope="session")
def instance():
    """One whole running instance with a small demo county, shared by flow and browser tests.

    ANWANG_TEST_INSTANCE=HOME:PORT names one that runs already, for who writes such tests.
    """
    from tests.instance import Instance, running

    if named := os.environ.get("ANWANG_TEST_INSTANCE"):
        home, _, port = named.rpartition(":")
        yield Instance(Path(home), int(port), None)
        return
    with running(places.fresh_home()) as started:
        started.await_filled()
        yield started


@pytest.fixture
def own_database(postgres_server, django_db_blocker) -> Iterator[str]:
    """A database of this test alone, really committed to, with the worker's rights; its name."""
    name = f"anwang_own_{uuid.uuid4().hex[:10]}"
    clone_of(postgres_server, template_database(postgres_server), name)
    kept = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict |= {
            "NAME": name,
            "HOST": str(postgres_server.sockets),
            "OPTIONS": {"options": "-c role=anwang_worker"},
        }
        try:
            yield name
        finally:
            connection.close()
            connection.settings_dict |= kept
            with psycopg.connect(
                postgres_server.address("postgres", "postgres"), autocommit=True
            ) as admin:
                admin.execute(f'drop database if exists "{name}" with (force)')


SERVICE_TEAMS = [
    ("68000-protection", "68000", "prevention-centre"),
    ("68000-protection-b", "68000", "prevention-centre"),
    ("68000-welfare", "68000", "welfare-centre"),
]
ADD_TEAM = """
insert into directory_team (id, county_id, agency_kind, is_desk, name_zh, name_en, streams, districts,
    reviewing_team_id, workers)
values (%s, %s, %s, false, %s, %s, '[]', '[]', '', 3) on conflict do nothing
"""


def add_service_teams(server, database: str) -> None:
    """Invented teams of one county: the directory is the owner's to write, so it is done apart."""
    with psycopg.connect(server.address("postgres", database), autocommit=True) as admin:
        for team, county, kind in SERVICE_TEAMS:
            admin.execute(ADD_TEAM, [team, county, kind, f"範例{team[6:]}", f"Example {team[6:]}"])


@pytest.fixture(scope="session")
def service_teams(django_db_setup, postgres_server) -> list[str]:
    """Ids of invented service teams, there until the run's database goes."""
    add_service_teams(postgres_server, connection.settings_dict["NAME"])
    return [team for team, _, _ in SERVICE_TEAMS]
