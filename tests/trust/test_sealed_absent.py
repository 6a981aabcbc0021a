"""Sealed against absent: the same bytes, counts and statements as for what never was (R8, A3).

Each trial makes the same request, word for word, in two worlds that differ only in what is sealed in
one of them, and compares status, headers, cookies, body, the statements that were sent to the
database and the number of rows that each touched.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client

from anwang.access.context import SCREENING, Actor, acting
from anwang.access.operator import USERNAME as OPERATOR
from anwang.common.clock import clock_now
from anwang.intake.actions import deliver
from anwang.triage.actions.screening import screen
from anwang.triage.models import Matter, Screening
from tests.conftest import as_role
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import Fault, faults_of, planted_in_code
from tests.trust.test_route_matrix import quiet
from tests.trust.twin_world import (
    CHILD_NAME,
    NUMBER,
    SEATS,
    SENDER,
    Twins,
    body_on_child,
    build_base,
    connected_to,
    seal_in_copy,
    without_per_request,
)

FIGURE = Figure(
    "sealed_absent",
    "sealed against absent: body, status, headers, counts, paging, errors, sequence of statements",
    "identical in 20,000 pairs",
    share=500,
    whole=20_000,
)
WORDS = "範例文字" * 8
# The child of the sealed reports and the others' child, as somebody says it at the search box.
BY_EAR = (
    "封曉安",
    "封曉安 民國107",
    "小安 8歲",
    NUMBER,
    "1070501",
    "陳曉安 中壢",
    "範例路1段2號3樓",
    "封",
)
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROUTES: dict[str, tuple[str, ...]] = {
    "receipt": (
        "/desk/{}/", "/desk/{}/confirm/", "/desk/{}/change/", "/desk/{}/answer/",
        "/desk/{}/reopen/", "/desk/{}/withdraw/", "/receipts/{}/", "/receipts/{}/add/",
        "/receipts/{}/reporter/", "/seals/ask/{}/",
    ),
    "case": ("/cases/{}/", "/cases/{}/done/", "/cases/{}/close/"),
    "family_number": ("/families/{}/",),
    "offer": ("/inbox/{}/accept/", "/inbox/{}/refuse/"),
    "attachment": ("/attachments/{}/",),
    "report": ("/seals/{}/names/", "/seals/{}/end/"),
}  # fmt: skip
LISTS = ("/desk/", "/desk/?page=2", "/desk/?page=3", "/desk/queue/", "/inbox/", "/inbox/offers/",
         "/families/", "/receipts/", "/seals/", "/notices/", "/two-persons/", "/reviews/", "/",
         "/desk/{receipt}/", "/desk/{receipt}/change/", "/desk/{kept}/", "/cases/{case}/",
         "/families/{family_number}/", "/account/", "/load/", "/overdue/", "/disputes/")  # fmt: skip
FORM = {"version": "2026-03-02T09:12:00+08:00", "reason": WORDS, "kind": "answered", "grade": "1",
        "stream": "child-protection", "text": WORDS, "clock": "dispatch-24h", "narrative": WORDS,
        "ground": "other"}  # fmt: skip
READABLE = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and c.relrowsecurity
  and (c.relname ~ '^(intake|triage|cases|people)_' or c.relname in
       ('access_relation', 'access_notice', 'access_seal', 'access_sealmember', 'access_twofold',
        'access_conflict', 'access_glass'))
  and has_any_column_privilege('anwang_app', c.oid, 'select') order by 1
"""


@dataclass(frozen=True)
class Seen:
    """All that somebody could tell the two worlds apart by."""

    answer: str
    statements: tuple[str, ...]


class World:
    """One of the two worlds: its connection, its browsers, its statements."""

    def __init__(self, twins: Twins) -> None:
        self.twins = twins
        self.clients = {}
        for account, key in twins.sessions.items():
            client = Client(raise_request_exception=False)
            client.cookies["sessionid"] = key
            self.clients[account] = client

    def saw(self, step: Callable[[World], str]) -> Seen:
        """Do one thing and take it back."""
        sent: list[str] = []

        def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            result = execute(sql, params, many, context)
            sent.append(without_per_request(f"{sql} -- {context['cursor'].rowcount}"))
            return result

        with transaction.atomic():
            with connections["default"].execute_wrapper(record):
                answer = step(self)
            transaction.set_rollback(True)
        return Seen(without_per_request(answer), tuple(sent))

    def ask(self, account: str, method: str, path: str, **more: Any) -> str:
        """What a request is answered with: status, headers, cookies and body."""
        client = self.clients[account]
        kept = client.cookies.copy()
        response = getattr(client, method)(path, **more)
        client.cookies = kept
        head = [f"{k}: {v}" for k, v in sorted(response.headers.items()) if k != "Content-Length"]
        cookies = sorted(f"{k} {len(m.value) if k == 'messages' else m['max-age']}"
                         for k, m in response.cookies.items())  # fmt: skip
        body = b"".join(response.streaming_content) if response.streaming else response.content
        return "\n".join(
            [str(response.status_code), *head, *cookies, body.decode("utf-8", "replace")]
        )


def trial(
    twins: Twins, number: int, seed: int, only: str = ""
) -> tuple[str, Callable[[World], str]]:
    """What trial `number` asks: (in words, the step). The same in both worlds."""
    chance = random.Random(f"{seed} {number}")
    channel = only or chance.choices(
        ["path", "list", "other", "query", "find", "rows", "command", "deliver", "screen", "accept"],
        [30, 30, 5, 8, 8, 6, 4, 3, 4, 2],
    )[0]  # fmt: skip
    account = chance.choice(list(SEATS))
    sealed = chance.choice(twins.sealed)
    headers = chance.choice(
        [{}, {"Accept-Language": "en"}, {"HX-Target": "detail", "HX-Request": "true"}]
    )
    method = chance.choice(["get", "get", "post", "head"])
    say = f"{channel} {number} by {account}"

    def asking(
        path: str, way: str = method, data: Any = None
    ) -> tuple[str, Callable[[World], str]]:
        more: dict[str, Any] = {"headers": headers}
        if way == "post":
            more["data"] = FORM if data is None else data
        return f"{say}: {way} {path}", lambda world: world.ask(account, way, path, **more)

    if channel == "path":
        field = chance.choice([f for f in ROUTES if f in sealed])
        return asking(chance.choice(ROUTES[field]).format(sealed[field]))
    if channel == "list":
        return asking(chance.choice(LISTS).format(**twins.plain), "get")
    if channel == "other":
        verb = chance.choice(["join", "separate", "undo"])
        account = "desk"
        return asking(f"/desk/{twins.plain['receipt']}/same/{sealed['receipt']}/{verb}/", "post")
    if channel == "query":
        names = chance.sample(["receipt", "q", "case", "family", "report", "id", "next"], 3)
        words = "&".join(f"{n}={chance.choice(list(sealed.values()))}" for n in names)
        path = chance.choice(
            ["/desk/", "/desk/queue/", "/inbox/", "/families/", "/receipts/", "/seals/"]
        )
        return asking(f"{path}?{words}", "get")
    if channel == "find":
        account = chance.choice(["desk", "far-desk", "national", OPERATOR])
        words = chance.choice(
            [
                sealed["receipt"],
                sealed["receipt"][:6],
                sealed["report"],
                CHILD_NAME,
                "陳小安",
                *BY_EAR,
            ]
        )
        return f"{say}: find {words}", lambda w: w.ask(
            account, "get", "/desk/find/", data={"q": words}
        )
    if channel == "rows":
        return say, lambda world: _rows(world, account)
    if channel == "command":
        asked = chance.choice(
            [("desk", "--all", "--json"), ("desk",), ("explain", sealed["receipt"])]
        )
        return f"{say}: {asked}", lambda world: _told(*asked)
    if channel == "accept":
        return asking(f"/inbox/{twins.plain['offer']}/accept/", "post")[0], lambda w: w.ask(
            "worker", "post", f"/inbox/{twins.plain['offer']}/accept/")  # fmt: skip
    return say, lambda world: _delivered(world, number, then_screened=channel == "screen")


def _rows(world: World, account: str) -> str:
    """How many rows of each table the account could read by any statement at all."""
    told = []
    with acting(Actor(world.twins.accounts[account]), "test"), connection.cursor() as cursor:
        cursor.execute(READABLE)
        for (table,) in cursor.fetchall():
            cursor.execute(f"select count(*) from {table}")
            told.append(f"{table} {cursor.fetchone()[0]}")
    return "\n".join(told)


def _told(*asked: str) -> str:
    out = StringIO()
    try:
        call_command(*asked, stdout=out)
    except CommandError as refusal:
        out.write(str(refusal))
    return out.getvalue()


def _delivered(world: World, number: int, *, then_screened: bool) -> str:
    """A new report on the person of the sealed ones: its receipt, or what its screening shows."""
    then = (clock_now() - dt.timedelta(days=5)).isoformat()
    body = body_on_child(report_id=f"twin-{number}", received_at=then)
    if not then_screened:
        answer = world.clients["desk"].generic(
            "POST", "/api/v1/reports", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {world.twins.credential}"},
        )  # fmt: skip
        return f"{answer.status_code} {answer.content.decode()}"
    receipt = deliver(body, sender="tests", actor=SENDER)
    with as_role("worker"), acting(SCREENING, "screening"):
        screen(receipt.report)
        made = Screening.objects.get(matter=receipt.report)
        matter = Matter.objects.get(pk=receipt.report)
    known = [made.matches, made.same_event, made.picture, made.inputs, made.proposal, matter.headline,
             matter.same_event_as, matter.grade, matter.state, made.failed_steps]  # fmt: skip
    told = json.dumps(known, ensure_ascii=False, default=str, sort_keys=True)
    told = DRAWN.sub(_register_alone, told)
    with acting(Actor(world.twins.accounts["desk"]), "test"), connection.cursor() as cursor:
        cursor.execute("select count(*) from access_notice")
        notices = cursor.fetchone()[0]
    page = world.ask("desk", "get", f"/desk/{receipt.receipt}/")
    return f"{told}\n{notices} notices\n{DRAWN.sub(_register_alone, page)}"


def _register_alone(found: re.Match[str]) -> str:
    """Ids of records made anew are drawn; ids of persons known before are not."""
    return found.group() if found.group().startswith("00000000") else "drawn"


class Pair:
    """Both worlds, for a block; every trial is taken back in both."""

    def __init__(self, twins: Twins) -> None:
        self.twins = twins

    def __enter__(self) -> Pair:
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(quiet())
        # Whatever is drawn is drawn alike, so that a number that is counted shows.
        self._stack.enter_context(mock.patch("secrets.randbelow", lambda below: 7 % below))
        before = connections["default"]
        self.worlds = []
        for name in (self.twins.without, self.twins.with_sealed):
            here = before.copy()
            here.settings_dict |= {
                "NAME": name,
                "HOST": str(self.twins.server.sockets),
                "OPTIONS": {"options": "-c role=anwang_app"},
            }
            self._stack.callback(here.close)
            self.worlds.append((here, World(self.twins)))
        self._stack.callback(connections.__setitem__, "default", before)
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()

    def difference(self, number: int, seed: int, only: str = "") -> str:
        """In words, by what the two worlds can be told apart in this trial; empty if by nothing."""
        words, step = trial(self.twins, number, seed, only)
        for _ in range(2):  # once more: a minute may have struck between the two
            seen = []
            for here, world in self.worlds:
                connections["default"] = here
                seen.append(world.saw(step))
            if words.startswith("screen"):
                # Which statements a program of ours sends nobody sees; what it leaves they do.
                seen = [Seen(one.answer, ()) for one in seen]
            if seen[0] == seen[1]:
                return ""
        return f"{words}: {_difference(*seen)}"


def attempt_at(twins: Twins, only: str = "") -> Callable[[range, int], list[str]]:
    """The attempt of the figure; `only` one channel."""

    def attempt(numbers: range, seed: int) -> list[str]:
        with Pair(twins) as pair:
            found = (pair.difference(number, seed, only) for number in numbers)
            return [line for line in found if line]

    return attempt


def _difference(absent: Seen, sealed: Seen) -> str:
    for left, right in zip(absent.answer.splitlines(), sealed.answer.splitlines(), strict=False):
        if left != right:
            return f"absent {left.strip()[:160]!r}, sealed {right.strip()[:160]!r}"
    if absent.answer != sealed.answer:
        return f"{len(absent.answer)} signs, {len(sealed.answer)} signs"
    for left, right in zip(absent.statements, sealed.statements, strict=False):
        if left != right:
            return f"absent sends {left[:300]!r}, sealed {right[:300]!r}"
    return f"{len(absent.statements)} statements, {len(sealed.statements)} statements"


@pytest.fixture(scope="module")
def base(postgres_server, django_db_blocker) -> Iterator[Twins]:
    """The county without anything sealed."""
    with django_db_blocker.unblock():
        made = build_base(postgres_server)
        yield made
        made.drop()


@contextlib.contextmanager
def twins_of(base: Twins, fault: Fault | None = None) -> Iterator[Twins]:
    """Both worlds, gone afterwards."""
    twins = seal_in_copy(base, fault)
    try:
        yield twins
    finally:
        twins.drop()


def test_what_is_sealed_is_like_what_never_was(base) -> None:
    with twins_of(base) as twins:
        hold(FIGURE, attempt_at(twins))


@pytest.mark.parametrize("fault", rotating(faults_of("sealed_absent")), ids=lambda f: f["fault"])
def test_a_trace_of_what_is_sealed_is_found(base, fault: Fault) -> None:
    planted = planted_in_code(fault) if "in" in fault else contextlib.nullcontext()
    with planted, twins_of(base, fault) as twins:
        attempt = attempt_at(twins, fault["channel"])
        assert any(attempt(range(n, n + 20), 1) for n in range(0, 160, 20)), fault["fault"]


def test_the_named_do_see_it(base) -> None:
    """Or the two worlds would be alike because nobody sees anything."""
    with twins_of(base) as twins, connected_to(twins.server, twins.with_sealed):
        for one in twins.sealed:
            name = "named-lead" if "case" in one else "named-desk"
            with acting(Actor(twins.accounts[name]), "test"):
                assert Matter.objects.filter(pk=uuid.UUID(one["report"])).exists()
