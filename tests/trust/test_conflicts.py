"""Conflicted attempts, break-glass included: none opens anything, and each tells the other office (R5).

The world is committed in a database of its own. Every trial takes one conflicted account, one thing
that is closed to it and one way: SQL as the application with the account's signed context, a route
that names the thing, a search, a list, the glass, an act of two persons.
"""

from __future__ import annotations

import contextlib
import os
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from anwang.access.context import acting
from anwang.access.models import Account, Attempt, Notice
from anwang.cases.oversight.actions.attempts import resolve_attempts
from anwang.cases.oversight.actions.glass import NothingThere, break_glass
from anwang.cases.permissions import check_can_break_glass
from anwang.common.errors import Refused
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.trust.conflicted_world import Closed, World, conflicted_world
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "conflicts", "conflicted attempts, break-glass included",
    "0 opened, each tells the other office", share=2000, whole=100_000, portion=2000,
)  # fmt: skip
FAULTS = faults_of("conflicts")
AT_ONCE = 50
REASON = "有人現在有生命危險，必須立刻知道這一家的情況才能派人"
TABLES = {
    "intake_report": "id", "triage_matter": "report_id", "triage_screening": "matter_id",
    "triage_clock": "matter_id", "triage_duty": "matter_id", "triage_offer": "matter_id",
    "triage_decision": "matter_id", "triage_sameeventjudgement": "matter_id",
    "intake_reportaddition": "report_id", "intake_attachment": "report_id",
    "cases_case": "matter_id", "access_relation": "through", "access_notice": "object_id",
    "access_twofold": "object_id", "triage_dispute": "matter_id",
    "cases_transfer": "matter_id", "cases_waking": "matter_id", "triage_answer": "matter_id",
    "triage_secondlook": "matter_id",
}  # fmt: skip
FAMILY_TABLES = {"cases_familyfile": "id", "cases_familymember": "family_id", "cases_case": "family_id",
                 "access_relation": "object_id", "access_notice": "object_id"}  # fmt: skip


@contextlib.contextmanager
def committed(server: Any, fault: dict[str, str] | None = None) -> Iterator[World]:
    """The world in a database of its own, with a fault planted before anything happens in it."""
    name = f"anwang_conflicts_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    if fault and "in" not in fault:
        with psycopg.connect(server.address("postgres", name), autocommit=True) as admin:
            admin.execute(_patch(fault))
    kept, audit = dict(connection.settings_dict), settings.AUDIT_ALIAS
    connection.close()
    connection.settings_dict |= {"NAME": name, "HOST": str(server.sockets)}
    connections.settings["audit"] = dict(connection.settings_dict)
    settings.AUDIT_ALIAS = "audit"
    try:
        yield conflicted_world()
    finally:
        settings.AUDIT_ALIAS = audit
        connections["audit"].close()
        del connections["audit"]
        del connections.settings["audit"]
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def _patch(fault: dict[str, str]) -> str:
    if "definition" not in fault:
        return fault["sql"]
    return f"""do $do$
    declare
        said text := pg_get_functiondef('{fault["definition"]}'::regprocedure);
        wrong text := replace(said, $x${fault["old"]}$x$, $x${fault["new"]}$x$);
    begin
        if wrong = said then raise exception 'the fault does not fit any more, renew it'; end if;
        execute wrong;
    end $do$"""


@dataclass(frozen=True, slots=True)
class Read:
    """A trial that counts rows `about` what is `wanted`."""

    trial: str
    of: str
    about: str
    wanted: Any


def _counted(actor: Any, reads: list[Read]) -> list[str]:
    """One line for each read that saw rows, or that failed where absence would not."""
    statement = " union all ".join(
        f"select {place}, count(*) {one.about}" for place, one in enumerate(reads)
    )
    try:
        with acting(actor, "test"), connection.cursor() as cursor:
            cursor.execute(statement, [one.wanted for one in reads])
            counted = cursor.fetchall()
    except DatabaseError as error:
        if len(reads) == 1:
            return [f"{reads[0].trial}: raised {type(error).__name__}"]
        half = len(reads) // 2
        return _counted(actor, reads[:half]) + _counted(actor, reads[half:])
    return [
        f"{reads[place].trial}: {seen} rows of {reads[place].of}" for place, seen in counted if seen
    ]


class Trials:
    """Trials by number: the same seed and number make the same one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients: dict[uuid.UUID, Client] = {}
        self.expected: set[tuple[uuid.UUID, str]] = set()
        self.reads: dict[Any, list[Read]] = {}

    def attempt(self, numbers: range, seed: int) -> list[str]:
        """One line for each trial that opened something, and for each that nobody was told of."""
        found = []
        for number in numbers:
            rng = random.Random(f"{seed}:{number}")
            name, actor, closed = rng.choice(self.world.closed)
            self.trial = f"{number} {name}"
            way = rng.choices(WAYS, [weight for weight, _ in WAYS_WEIGHTED])[0]
            try:
                line = way(self, rng, actor, closed)
            except Exception as error:  # an answer that absence would not give
                line = f"raised {type(error).__name__}"
            if line:
                found.append(f"{number} {name}: {way.__name__}: {line}")
        return found + self._read() + self._untold()

    def by_sql(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """Rows as the application's role reads them for this account."""
        if closed.families and rng.random() < 0.4:
            table, column = rng.choice(list(FAMILY_TABLES.items()))
            wanted = rng.choice(closed.families)
        else:
            table, column = rng.choice(list(TABLES.items()))
            wanted = rng.choice(closed.reports)
        return self._later(actor, table, f"from {table} where {column} = %s", wanted)

    def by_audit(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """Entries about it, as an auditor would find them."""
        wanted = str(rng.choice(closed.reports + closed.cases))
        about = "from access_auditentry where object_ids && array[%s::text]"
        return self._later(actor, "the audit", about, wanted)

    def by_glass(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """The glass over a report or family."""
        number = rng.choice(closed.receipts + closed.numbers)
        try:
            with acting(actor, "test"):
                permit = check_can_break_glass(actor)
                break_glass(number, ["people"], REASON, permit=permit)
        except NothingThere:
            self.expected.add((actor.id, number))
            return ""
        except Refused:
            return ""
        return "broke the glass"

    def by_two_persons(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """Asking for an act of two persons on it."""
        try:
            with acting(actor, "test"), connection.cursor() as cursor:
                cursor.execute(
                    "select access.two_ask('reveal-safe-address', 'report', %s, ground ->> 'code', %s,"
                    " '{}') from access_twofoldact a, jsonb_array_elements(a.grounds) ground"
                    " where a.act = 'reveal-safe-address' limit 1",
                    [rng.choice(closed.reports), REASON],
                )
                return "asked for a reveal"
        except DatabaseError:
            return ""

    def by_route(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """Every route that names it."""
        receipt = rng.choice(closed.receipts)
        routes = [
            (f"/desk/{receipt}/", receipt), (f"/desk/{receipt}/change/", receipt),
            (f"/desk/{receipt}/answer/", receipt), (f"/desk/{receipt}/reopen/", receipt),
            (f"/receipts/{receipt}/", receipt),
            *((f"/families/{one}/", one) for one in closed.numbers),
            *((f"/cases/{one}/", str(one)) for one in closed.cases),
        ]  # fmt: skip
        address, named = rng.choice(routes)
        answer = self._client(actor).get(address)
        if answer.status_code == 200:
            return f"{address} opened"
        self.expected.add((actor.id, named))
        return "" if answer.status_code == 404 else f"{address} answered {answer.status_code}"

    def by_list(self, rng: random.Random, actor: Any, closed: Closed) -> str:
        """Lists and searches that might show it."""
        receipt = rng.choice(closed.receipts)
        address = rng.choice(["/desk/", f"/desk/find/?q={receipt}", "/inbox/", "/families/"])
        answer = self._client(actor).get(address)
        if answer.status_code == 302:
            return f"{address} leads to it"
        if "find" in address and answer.status_code == 200:
            self.expected.add((actor.id, receipt))
        body = answer.content.decode().replace(f'value="{receipt}"', "")
        shown = [one for one in closed.receipts + closed.numbers if f"{one}/" in body]
        return f"{address} shows {shown}" if shown else ""

    def _later(self, actor: Any, of: str, about: str, wanted: Any) -> str:
        self.reads.setdefault(actor, []).append(Read(self.trial, of, about, wanted))
        return ""

    def _read(self) -> list[str]:
        """What was put off, many trials of one account in a statement: each counts by itself."""
        found = []
        for actor, reads in self.reads.items():
            for first in range(0, len(reads), AT_ONCE):
                found += _counted(actor, reads[first : first + AT_ONCE])
        self.reads.clear()
        return found

    def _client(self, actor: Any) -> Client:
        if actor.id not in self.clients:
            client = self.clients[actor.id] = Client()
            with transaction.atomic(), as_role("worker"):
                account = Account.objects.get(pk=actor.id)
            client.force_login(account, "anwang.access.sign_in.ByNameAndPassword")
        return self.clients[actor.id]

    def _untold(self) -> list[str]:
        """Attempts of which no other office was told."""
        with transaction.atomic(), as_role("worker"):
            while resolve_attempts():
                pass
            told = {
                (uuid.UUID(one["account"]), one["attempt"])
                for one in Notice.objects.filter(kind="conflict-attempted", to_team__isnull=False)
                .values_list("detail", flat=True)
            }  # fmt: skip
            named = {
                (one.actor, word)
                for one in Attempt.objects.all() if (one.actor, one.pk) in told
                for word in one.named.split()
            }  # fmt: skip
        missing = self.expected - named
        return [f"nobody was told of {actor} on {word}" for actor, word in sorted(missing, key=str)]


WAYS_WEIGHTED = (
    (60, Trials.by_sql), (10, Trials.by_audit), (8, Trials.by_glass), (8, Trials.by_two_persons),
    (10, Trials.by_route), (4, Trials.by_list),
)  # fmt: skip
WAYS = [way for _, way in WAYS_WEIGHTED]


def _opens_for_others(world: World) -> None:
    """The same things do open for somebody who is close to nobody, or the figure says nothing."""
    with acting(world.free, "test"), connection.cursor() as cursor:
        cursor.execute("select count(*) from intake_report where id = any(%s)", [world.all.reports])
        assert cursor.fetchone()[0] > len(world.all.reports) / 2
    with acting(world.free_worker, "test"), connection.cursor() as cursor:
        cursor.execute("select count(*) from cases_case where id = any(%s)", [world.all.cases])
        assert cursor.fetchone()[0] == len(world.all.cases) > 3


def test_no_conflicted_attempt_opens_anything_and_each_tells_the_other_office(
    django_db_setup, postgres_server, django_db_blocker
):
    with django_db_blocker.unblock(), committed(postgres_server) as world:
        _opens_for_others(world)
        hold(FIGURE, Trials(world).attempt)


@pytest.mark.parametrize("fault", rotating(FAULTS), ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault, django_db_setup, postgres_server, django_db_blocker):
    numbers = range(int(os.environ.get("ANWANG_FAULT_TRIALS", "600")))
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        if "in" in fault:
            stack.enter_context(planted_in_code(fault))
        world = stack.enter_context(committed(postgres_server, fault))
        assert Trials(world).attempt(numbers, 1), "the harness does not notice the fault"
