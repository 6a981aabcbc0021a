"""People who read while the audit fails: real requests over the real URL list, really committed.

A *read* is one report's data in one answer. It is unrecorded when the answer holds something of the
report and no committed entry of this request names it. What is committed is looked at from outside.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import re
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections, transaction
from django.test import Client

from tests.conftest import add_service_teams, clone_of, template_database
from tests.factories import PASSWORD, account, desk_worker, report_body, screened_report

FULL, FULL_AT_COMMIT = "full at the insert", "full at the commit"
REVOKED, CUT, KILLED = "revoked", "cut beforehand", "the process killed"
# What happens in the middle of an entry, as it is inserted or only when it is committed.
IN_THE_MIDDLE = tuple(
    f"{what} at the {moment}"
    for what in ("full", "audit killed", "answering killed")
    for moment in ("insert", "commit")
)
FAULTS = (*IN_THE_MIDDLE, REVOKED, CUT, KILLED)
REPORTS = 24
LONGEST_LIFE_SECONDS = 0.08  # of a process that is killed: an answer takes about half
# A full disk as PostgreSQL tells it (53100); an end of the backend that writes the entry, or of the one
# that is to answer with what the entry tells of.
APPARATUS = """
create table trust_fault (how text);
insert into trust_fault values ('');
create function trust_fails() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    wanted text := (select how from trust_fault);
begin
    if wanted = 'full at the ' || tg_argv[0] then
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
    elsif wanted = 'audit killed at the ' || tg_argv[0] then
        perform pg_terminate_backend(pg_backend_pid()), pg_sleep(1);
    elsif wanted = 'answering killed at the ' || tg_argv[0] then
        perform pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'answering' and datname = current_database();
        perform pg_sleep(0.002);
    end if;
    return new;
end $$;
create trigger fails before insert on access_auditentry
    for each row execute function trust_fails('insert');
"""
AT_COMMIT = """
create constraint trigger fails_at_commit after insert on {partition}
    deferrable initially deferred for each row execute function trust_fails('commit');
"""


@dataclass
class World:
    """A database of its own with reports, who reads them, and somebody who looks from outside."""

    outside: psycopg.Connection[Any]
    desk: Client
    teacher: Client
    secret: str
    reports: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> receipt, marker
    own: str = ""
    seen_before_killed: int = 0  # requests of killed processes that had told something

    @property
    def paths(self) -> list[str]:
        receipts = [receipt for receipt, _ in self.reports.values()]
        return ["/desk/", "/desk/queue/", f"/desk/{receipts[0]}/", f"/desk/find/?q={receipts[1]}"]

    def body(self) -> dict[str, Any]:
        return report_body(narrative="甲生今天沒有到校。")

    def form(self, page: str) -> dict[str, str]:
        """What a teacher sends, with the token of the form she has open."""
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        return {
            "form_token": token.group(1) if token else "", "narrative": "學生手臂有瘀傷。",
            "subjects-0-name": "陳小安", "immediate_danger": "no",
        }  # fmt: skip

    def number_of_reports(self) -> int:
        return int(self.outside.execute("select count(*) from intake_report").fetchone()[0])

    def seen_in(self, text: str, path: str) -> set[str]:
        """The reports that an answer tells something of; what the address names does not count."""
        return {
            one
            for one, (receipt, marker) in self.reports.items()
            if marker in text or (receipt not in path and receipt in text)
        }

    def last_no(self) -> int:
        found = self.outside.execute("select coalesce(max(no), 0) from access_auditentry")
        return int(found.fetchone()[0])

    def named_since(self, no: int) -> set[str]:
        """Ids that committed entries name, after entry `no`."""
        rows = self.outside.execute(
            "select object_ids from access_auditentry where no > %s", [no]
        ).fetchall()
        return {one for (ids,) in rows for one in ids}

    @contextlib.contextmanager
    def faulty(self, how: str) -> Iterator[None]:
        """Something fails for a block, in one of FAULTS; nothing for any other word."""
        run = self.outside.execute
        if how == CUT:
            run("select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'audit' and datname = current_database()")  # fmt: skip
        elif how == REVOKED:
            run("revoke insert on access_auditentry from anwang_app")
        elif how in IN_THE_MIDDLE:
            run("update trust_fault set how = %s", [how])
        try:
            yield
        finally:  # only what was done: each of these makes every connection plan anew
            if how == REVOKED:
                run("grant insert on access_auditentry to anwang_app")
            elif how in IN_THE_MIDDLE:
                run("update trust_fault set how = ''")
            if how == CUT or "killed" in how:
                connections["audit"].close()
                connection.close()


def _make(world: World) -> None:
    world.outside.execute(
        "insert into access_sender (id, name, secret_sha256, added_at, added_by) values"
        " (gen_random_uuid(), 'one-sender', sha256(%s), clock.now(), gen_random_uuid())",
        [world.secret.encode()],
    )
    with transaction.atomic():
        desk_worker()
        account("teacher-one", ("", "68000", "mandated-reporter"))
        for number in range(REPORTS):
            marker = f"範例敘述第{number:03}號"
            receipt = screened_report(narrative=f"{marker}，學生手臂有新瘀傷。")
            world.reports[str(receipt.report)] = (receipt.receipt, marker)
    for client, name in ((world.desk, "desk-one"), (world.teacher, "teacher-one")):
        assert client.login(username=name, password=PASSWORD)
    form = world.form(world.teacher.get("/report/").content.decode())
    marker = "範例敘述第999號"
    sent = world.teacher.post("/report/", form | {"narrative": marker})
    world.own = sent["Location"].strip("/").rpartition("/")[2].partition("?")[0]
    row = world.outside.execute("select id from intake_report where receipt = %s", [world.own])
    world.reports[str(row.fetchone()[0])] = (world.own, marker)


@contextlib.contextmanager
def world(server: Any, blocker: Any, name: str) -> Iterator[World]:
    """The world in a database of its own; the audit has its own connection, as in use."""
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    kept, alias = dict(connection.settings_dict), settings.AUDIT_ALIAS
    with (
        blocker.unblock(),
        psycopg.connect(server.address("postgres", name), autocommit=True) as outside,
    ):
        outside.execute(APPARATUS)
        partitions = outside.execute(
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'access_auditentry'::regclass"
        ).fetchall()
        for (partition,) in partitions:
            outside.execute(AT_COMMIT.format(partition=partition))
        connection.close()
        connection.settings_dict |= {"NAME": name, "HOST": str(server.sockets)} | _called(
            "answering"
        )
        connections.settings["audit"] = dict(connection.settings_dict) | _called("audit")
        settings.AUDIT_ALIAS = "audit"
        made = World(outside, Client(), Client(), "an invented credential")
        # An error is answered as a server would, not thrown at the test.
        made.desk.raise_request_exception = made.teacher.raise_request_exception = False
        try:
            _make(made)
            yield made
        finally:
            settings.AUDIT_ALIAS = alias
            connections["audit"].close()
            del connections["audit"], connections.settings["audit"]
            connection.close()
            connection.settings_dict |= kept
    with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


def _called(name: str) -> dict[str, Any]:
    return {"OPTIONS": {"options": f"-c role=anwang_app -c application_name={name}"}}


def _request(chance: random.Random, made: World) -> tuple[Client, str, dict[str, str] | None, int]:
    """Who asks for what, what is posted, and how many reports it would open."""
    ids = [one for one in made.reports.values() if one[0] != made.own]
    receipt = chance.choice(ids)[0]
    return chance.choice([
        (made.desk, "/desk/", None, len(ids)),
        (made.desk, "/desk/", None, len(ids)),
        (made.desk, "/desk/queue/", None, len(ids)),
        (made.desk, "/desk/queue/", None, len(ids)),
        (made.desk, f"/desk/{receipt}/", None, 1 + len(ids)),
        (made.desk, f"/desk/find/?q={receipt[:3]}", None, 1),
        (made.desk, "/desk/find/?q=%E9%99%B3%E5%B0%8F%E5%AE%89", None, len(ids)),
        # An old page is answered with the report as it is now, and its writes are taken back.
        (made.desk, f"/desk/{receipt}/confirm/", {"version": "0", "decision": "x"}, 1),
        (made.desk, f"/desk/{receipt}/change/", {"version": "0"}, 1),
        (made.teacher, f"/receipts/{made.own}/", None, 1),
        # A refusal is on record too, though its request's writes are taken back.
        (made.teacher, "/desk/", None, 1),
    ])  # fmt: skip


def _text(client: Client, path: str, posted: dict[str, str] | None) -> tuple[int, str]:
    """Status and text of an answer, as far as it came."""
    answer = client.get(path) if posted is None else client.post(path, posted)
    if not answer.streaming:
        return answer.status_code, answer.content.decode(errors="replace")
    sent = b""
    with contextlib.suppress(Exception):  # what was sent before it broke has been read
        for part in answer.streaming_content:
            sent += part
    return answer.status_code, sent.decode(errors="replace")


def _text_until_killed(client: Client, path: str, chance: random.Random) -> tuple[int, str]:
    """What a process of its own has sent when it is killed: at a random moment, or as it begins to."""
    connections.close_all()  # no process goes on with another's connections
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _serve(client, path, writing)
    os.close(writing)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
    else:
        select.select([reading], [], [], 5)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as sent:
        return 0, sent.read().decode(errors="replace")


def _serve(client: Client, path: str, writing: int) -> NoReturn:
    """Answer one request as a server does: send each part as it comes, then close, then wait."""
    with contextlib.suppress(BaseException):
        path, _, query = path.partition("?")
        environ = client._base_environ(  # type: ignore[attr-defined]
            PATH_INFO=unquote_to_bytes(path).decode("iso-8859-1"), QUERY_STRING=query
        )
        answer = WSGIHandler()(environ, lambda *_: None)
        for part in answer:
            os.write(writing, part)
        answer.close()
        time.sleep(5)
    os._exit(0)


def attempt_on(made: World) -> Callable[[range, int], list[str]]:
    """The attempt of the figure: as many reads as there are numbers, in requests of several."""

    def attempt(numbers: range, seed: int) -> list[str]:
        found, at, trial = [], numbers.start, 0
        logging.disable(logging.CRITICAL)  # each refusal says so, a thousand times
        while at < numbers.stop:
            chance = random.Random(f"{seed}-{numbers.start}-{trial}")
            trial += 1
            client, path, posted, reads = _request(chance, made)
            at += reads
            how = chance.choice((*FAULTS, "", ""))
            before = made.last_no()
            with made.faulty(how):
                if how == KILLED and posted is None:
                    status, text = _text_until_killed(client, path, chance)
                    made.seen_before_killed += bool(made.seen_in(text, path))
                else:
                    status, text = _text(client, path, posted)
            seen = made.seen_in(text, path)
            if status == 200 and path.startswith("/receipts/"):
                seen |= {one for one, (receipt, _) in made.reports.items() if receipt == made.own}
            missing = seen - made.named_since(before)
            if status in (403, 404) and made.last_no() == before:
                missing = {"a refusal"}
            if missing:
                found.append(
                    f"request {numbers.start}/{trial}: {path} ({how or 'no fault'}):"
                    f" {len(missing)} reports were read and are not on record"
                )
        logging.disable(logging.NOTSET)
        return found

    return attempt


def opened(made: World) -> int:
    """How many reports the pages show when nothing is wrong: the harness must see them at all."""
    return sum(len(made.seen_in(_text(made.desk, path, None)[1], path)) for path in made.paths[:3])
