"""The audit against everybody who would change it, its administrator and its own key included.

Figure: change, delete, insert, swap, cut or restore any audit row, forged proofs and split views:
all found, the first bad entry named, no forged proof accepted. Proves D3 and S13.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from anwang.access.audit_verify import verify
from tests.access.test_audit_export import second
from tests.conftest import clone_of, template_database
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import Fault, faults_of, planted_in_code
from tests.trust.tampering import Log, attempt_on, make_log

FIGURE = Figure(
    name="audit-log",
    what="change, delete, insert, swap, cut or restore any audit row; forged proofs and split views",
    goal="all found, the first bad entry named; 0 of 1,000,000 forgeries accepted",
    share=2_000,
    whole=1_000_000,
    portion=10_000,
)
# Faults of the walk through the log need more real manipulations than the share has.
ENOUGH = range(0, 20_000, 100)


@pytest.fixture(scope="module")
def log(postgres_server, django_db_blocker, tmp_path_factory) -> Iterator[Log]:
    """A log whose every row the database's superuser may change: that is who we speak of."""
    name = "anwang_tampered"
    clone_of(postgres_server, template_database(postgres_server), name)
    kept = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict |= {
            "NAME": name, "HOST": str(postgres_server.sockets), "USER": "postgres", "OPTIONS": {},
        }  # fmt: skip
        try:
            made = make_log(tmp_path_factory.mktemp("witness") / "x", second())
            assert verify(made.held).ok
            yield made
        finally:
            connection.close()
            connection.settings_dict |= kept
            with psycopg.connect(
                postgres_server.address("postgres", "postgres"), autocommit=True
            ) as admin:
                admin.execute(f'drop database if exists "{name}" with (force)')


def test_nothing_that_is_done_to_the_log_stays_unseen(log):
    hold(FIGURE, attempt_on(log))


@pytest.mark.parametrize("fault", rotating(faults_of("audit_log")), ids=lambda one: one["fault"])
def test_a_planted_fault_is_found(fault: Fault, log):
    attempt = attempt_on(log)
    with planted_in_code(fault):
        found = attempt(range(1_000), 1) or attempt(ENOUGH, 1)
    assert found, f"nobody noticed: {fault['fault']}"
