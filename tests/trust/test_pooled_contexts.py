"""Pooled connections under errors, timeouts, cancels and jobs: nobody sees another's context (R3, S12).

Threads share a small pool of the product's own settings. Each trial borrows a connection, which must
know nobody and show nothing, acts as one account, sees exactly that account's rows, and ends in one
of many ways, some of them bad; the connection then goes back.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import Error, connections, transaction

from anwang.access.context import SCREENING, Actor, acting, enter
from config.settings.base import database
from tests.trust import probing
from tests.trust.figure import SEED, Figure, hold, rotating
from tests.trust.planting import faults_of, plant_in_database, planted_in_code
from tests.trust.probing import TwoCounties
from tests.trust.two_counties import ACCOUNTS

FIGURE = Figure(
    name="pooled-contexts",
    what="pooled connections under errors, timeouts, cancels, savepoints and background jobs",
    goal="0 borrowed connections know an actor or show a row; everybody sees exactly his own",
    share=20_000,
    whole=500_000,
    portion=10_000,
)
ALIAS = "pooled"
THREADS, POOL = 4, 3
# Whose rows the account sees, by the first sign of their ids.
SEES = {"own": "a", "other": "b", "peer": "c"}
BEFORE = """
select access.actor()::text, nullif(current_setting('anwang.context', true), ''),
    (select count(*) from intake_draft)
"""
INSIDE = "select access.actor()::text, (select string_agg(left(id::text, 1), '') from intake_draft)"
REPORTS = "select string_agg(distinct left(id::text, 1), '') from intake_report"


class Stopped(Exception):
    """Raised by a trial that ends badly on purpose."""


@pytest.fixture(scope="module")
def counties(postgres_server, django_db_blocker) -> Iterator[TwoCounties]:
    with django_db_blocker.unblock(), probing.two_counties(postgres_server) as made:
        yield made


@pytest.fixture(autouse=True)
def _unblocked(django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@contextlib.contextmanager
def pooled(counties: TwoCounties) -> Iterator[psycopg.Connection[Any]]:
    """The alias `pooled`, with a pool as in production; gives a second connection that can cancel."""
    connections.databases[ALIAS] = connections.configure_settings(
        {ALIAS: database("app", pool=POOL), "default": {}}
    )[ALIAS] | {"NAME": counties.name, "HOST": str(counties.server.sockets)}
    try:
        with counties.admin() as admin:
            yield admin
    finally:
        connections[ALIAS].close()
        connections[ALIAS].close_pool()  # type: ignore[attr-defined]
        del connections[ALIAS]
        del connections.databases[ALIAS]


class Trials:
    """Trials on the pool of one database: `trials(numbers, seed)` says what was seen amiss."""

    def __init__(self, counties: TwoCounties) -> None:
        self.counties = counties
        self.cancelling = threading.Lock()
        self.endings: list[tuple[int, Callable[[Any, random.Random, str], None]]] = [
            (40, self._ends_well), (10, self._raises), (10, self._fails), (8, self._savepoint),
            (8, self._taken_back), (6, self._acts_within), (6, self._times_out), (1, self._cancelled),
            (6, self._job), (3, self._half_read), (2, self._sees_reports),
        ]  # fmt: skip

    def __call__(self, numbers: range, seed: int) -> list[str]:
        self.seed = seed
        with pooled(self.counties) as self.admin, ThreadPoolExecutor(THREADS) as threads:
            shares = [numbers[first::THREADS] for first in range(THREADS)]
            return [line for lines in threads.map(self._several, shares) for line in lines]

    def _several(self, numbers: range) -> list[str]:
        found = []
        for number in numbers:
            try:
                self._trial(number)
            except AssertionError as amiss:
                found.append(f"{number}: {amiss}")
            except Exception as error:
                found.append(f"{number}: {type(error).__name__}: {str(error)[:200]}")
            finally:
                # Now and then the next trial finds the connection that this one leaves.
                if number % 3 == 0 or connections[ALIAS].errors_occurred:
                    connections[ALIAS].close()
        connections[ALIAS].close()
        return found

    def _trial(self, number: int) -> None:
        chance = random.Random(f"{self.seed}:{number}")
        connection = connections[ALIAS]
        assert self._asked(connection, BEFORE) == (None, None, 0), (
            "a borrowed connection knows somebody"
        )
        name = chance.choice(sorted(SEES))
        ending = chance.choices([one for _, one in self.endings], [w for w, _ in self.endings])[0]
        if chance.random() < 0.03:
            self._outside(name)
        known = False
        with contextlib.suppress(Stopped, Error), acting(actor(name), "test", using=ALIAS):
            self._is(connection, name)
            known = True
            ending(connection, chance, name)
        assert known, f"{name} could not act"
        if chance.random() < 0.2 and not connection.needs_rollback and connection.is_usable():
            assert self._asked(connection, BEFORE) == (None, None, 0), (
                f"{ending.__name__} left somebody"
            )

    def _asked(self, connection: Any, statement: str) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row: tuple[Any, ...] = cursor.fetchone()
        return row

    def _is(self, connection: Any, name: str) -> None:
        seen = self._asked(connection, INSIDE)
        assert seen == (str(ACCOUNTS[name]), SEES[name]), f"{name} is {seen}"

    # The ways to end

    def _ends_well(self, connection: Any, chance: random.Random, name: str) -> None:
        pass

    def _raises(self, connection: Any, chance: random.Random, name: str) -> None:
        raise Stopped

    def _fails(self, connection: Any, chance: random.Random, name: str) -> None:
        self._asked(
            connection, chance.choice(["select 1 / 0", "select nothing", "select 'x'::int"])
        )

    def _taken_back(self, connection: Any, chance: random.Random, name: str) -> None:
        transaction.set_rollback(True, using=ALIAS)

    def _savepoint(self, connection: Any, chance: random.Random, name: str) -> None:
        with contextlib.suppress(Error), transaction.atomic(using=ALIAS):
            self._asked(connection, "select 1 / 0")
        self._is(connection, name)

    def _acts_within(self, connection: Any, chance: random.Random, name: str) -> None:
        """Another acts in a savepoint that is taken back: the first one is there again."""
        inner = chance.choice(sorted(SEES.keys() - {name}))
        with contextlib.suppress(Stopped), acting(actor(inner), "test", using=ALIAS):
            self._is(connection, inner)
            raise Stopped
        self._is(connection, name)

    def _times_out(self, connection: Any, chance: random.Random, name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 1")
            cursor.execute("select pg_sleep(1)")

    def _cancelled(self, connection: Any, chance: random.Random, name: str) -> None:
        backend = connection.connection.info.backend_pid
        with self.cancelling:
            timer = threading.Timer(0.004, self._cancel, [backend])
            timer.start()
            try:
                self._asked(connection, "select pg_sleep(2)")
            finally:
                timer.join()

    def _cancel(self, backend: int) -> None:
        self.admin.execute("select pg_cancel_backend(%s)", [backend])

    def _job(self, connection: Any, chance: random.Random, name: str) -> None:
        """A job of another account follows on the same connection before it goes back."""
        transaction.on_commit(lambda: self._run_job(chance.choice(sorted(SEES))), using=ALIAS)

    def _run_job(self, name: str) -> None:
        connection = connections[ALIAS]
        with acting(SCREENING, "job", using=ALIAS):
            seen = self._asked(connection, INSIDE)
            assert seen == (str(SCREENING.id), None), f"a program is {seen}"
        with acting(actor(name), "job", using=ALIAS):
            self._is(connection, name)

    def _half_read(self, connection: Any, chance: random.Random, name: str) -> None:
        """A streamed answer whose reader goes away."""
        with connection.chunked_cursor() as cursor:
            cursor.execute("select id::text from intake_draft, generate_series(1, 400)")
            assert cursor.fetchone()[0][0] == SEES[name]
            raise Stopped

    def _sees_reports(self, connection: Any, chance: random.Random, name: str) -> None:
        seen = self._asked(connection, REPORTS)
        assert seen == (SEES[name],), f"{name} sees the reports of {seen}"

    def _outside(self, name: str) -> None:
        """Without a transaction a context would be lost or stay: it is refused."""
        try:
            enter(actor(name), "test", using=ALIAS)
        except transaction.TransactionManagementError:
            return
        raise AssertionError("a context outside a transaction was taken")


def actor(name: str) -> Actor:
    return Actor(ACCOUNTS[name])


def test_nobody_sees_another_context_on_a_pooled_connection(counties: TwoCounties) -> None:
    hold(FIGURE, Trials(counties))


@pytest.mark.parametrize(
    "fault", rotating(faults_of("pooled_contexts")), ids=lambda fault: fault["fault"]
)
def test_a_planted_fault_is_found(counties: TwoCounties, fault: dict[str, str]) -> None:
    with contextlib.ExitStack() as stack:
        place = counties
        if "sql" in fault:
            place = stack.enter_context(counties.copied())
            plant_in_database(fault, place.server.address("postgres", place.name))
        if "in" in fault:
            stack.enter_context(planted_in_code(fault))
        assert Trials(place)(range(200), SEED), f"not found: {fault['fault']}"
