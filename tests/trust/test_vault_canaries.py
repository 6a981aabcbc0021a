"""Reporter and safe-address canaries through every screen, table, log, job, file and command (R6, R7).

Reports with marks in every protected field come in by all doors; some are screened, taken over,
written about, revealed. Then everything that can be looked at is looked at, as every role and as
the database's superuser, and searched for the marks. The vault itself must hold ciphertext only.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import random
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from PIL import Image

from anwang.access.actions.senders import add_sender
from anwang.access.actions.two_persons import approve
from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.access.sealing import CannotUnseal
from anwang.access.vocabulary import Role
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case
from anwang.intake.actions import attach, deliver
from anwang.intake.actions.relay import relay
from anwang.intake.actions.reveals import (
    SafePlace,
    ask_to_reveal,
    keep_safe_place,
    reveal_reporter,
    safe_places_for_lead,
    send_help,
)
from anwang.intake.models import Attachment
from anwang.triage.actions.decisions import Change, confirm
from anwang.triage.actions.screening import screen
from anwang.triage.permissions import (
    check_can_answer_offer,
    check_can_decide,
    check_can_read_matter,
)
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import SECOND_TEAM, TAOYUAN, TEAM, account
from tests.trust.canaries import MARKS, Canary, body_of, marks_in
from tests.trust.figure import Figure, commit, drilling, hold, rotating
from tests.trust.planting import faults_of, planted_in_code
from tests.trust.route_trials import ARGUMENT, classed_routes

FIGURE = Figure(
    "vault_canaries",
    "reporter and safe-address canaries through every screen, export, print, message, search,"
    " statistic, log, job, dump",
    "0 bytes outside the vault in 100,000 reports",
    share=500, whole=100_000, portion=2_500,
)  # fmt: skip
WORKED = 3  # reports of a slice that are screened, taken over, written about and revealed
SEATS = {
    Role.DESK: f"{TAOYUAN}-desk",
    Role.ADMINISTRATOR: "",
    Role.TEAM_WORKER: TEAM,
    Role.LEAD: TEAM,
    Role.SUPERVISOR: TEAM,
}
# Whose own it is: the author's draft, and messages for those who write them.
OWN = {
    ("intake:mandated", "mandated-reporter"): frozenset(MARKS),
    ("triage:own-messages", "mandated-reporter"): frozenset({"message"}),
    ("triage:protected", "lead"): frozenset({"message"}),
    ("triage:protected", "supervisor"): frozenset({"message"}),
    ("triage:protected", "team-worker"): frozenset({"message"}),  # who took the case leads it
    ("intake:reporter", "mandated-reporter"): frozenset(
        {"name", "organisation", "phone", "email", "learned_at"}
    ),
}
ALWAYS = ("desk", "lead", "mandated-reporter", "team-worker")
SHOWN_AT_LEAST = 60
BROKEN = "a step could not be made"
WHY = "法院來文要求，案號在卷，須於今日回覆承辦法官說明。"


def picture() -> bytes:
    """A photograph whose notes say where it was taken."""
    image, out = Image.new("RGB", (40, 30), "white"), io.BytesIO()
    notes = image.getexif()
    notes[0x010F], notes[0x9286] = MARKS["exif"], Canary(1).safe["safe_address"]
    image.save(out, "JPEG", exif=notes)
    return out.getvalue()


class Place:
    """The instance of one slice, with all that was done in it."""

    def __init__(self) -> None:
        self.people: dict[str, Actor] = {}
        for role in Role:
            seat = SEATS.get(role, f"{TAOYUAN}-{role}")
            county = None if role in (Role.OPERATOR, Role.MINISTRY) else TAOYUAN
            self.people[str(role)] = account(f"canary-{role}", (seat, county, str(role)))
        self.people["unit"] = account("canary-unit", (SECOND_TEAM, TAOYUAN, "team-worker"))
        self.ids: dict[str, str] = {}
        operator = self.people["operator"]
        with acting(operator):
            self.credential = add_sender("canary-school", actor=operator)
        self.answers: list[tuple[str, bytes]] = []
        self.shown = 0

    def take_in(self, numbers: range) -> list[uuid.UUID]:
        """Reports by the three doors; the ids of those that the worker will screen."""
        teacher = self.people["mandated-reporter"]
        taken = []
        for number in numbers:
            own = number % 3 == 0
            receipt = deliver(
                body_of(number), sender="anwang-web" if own else "canary-school",
                author=teacher.id if own else None, actor=teacher,
            )  # fmt: skip
            if number % 50 == 0 or number < numbers.start + 3:
                attach(receipt.receipt, picture())
                deliver(body_of(number, narrative=Canary(number).narrative + "後來又哭了。"),
                        sender="anwang-web" if own else "canary-school", actor=teacher)  # fmt: skip
            taken.append((own, receipt))
        self.ids["report"] = next(receipt.receipt for own, receipt in taken if own)
        return [receipt.report for own, receipt in sorted(taken, key=lambda t: not t[0])][:WORKED]

    def work(self, reports: list[uuid.UUID]) -> None:
        """Screening, dispatch, case, relay, reveal, help: all that ever touches the vault."""
        for report in reports:
            with as_role("worker"):
                screen(report)
        self._accept(reports[0])
        lead, officer = self.people["lead"], self.people["reporter-protection-officer"]
        report, receipt = reports[0], self._receipt(reports[0])
        with as_role("worker"):
            pictured = Attachment.objects.filter(report_id=report).first()
        self.ids |= {
            "report": receipt,
            "attachment": str(pictured.pk if pictured else uuid.uuid4()),
        }
        with acting(lead):
            permit = check_can_read_matter(lead, report, "protected")
            relay(report, f"請問{MARKS['message']}？", actor=lead)
            place = SafePlace(0, {"safe_address": Canary(9).safe["safe_address"]})
            keep_safe_place(report, place, permit=permit)
            safe_places_for_lead(report, permit=permit)
            request = ask_to_reveal("reveal-reporter", report, receipt, "court-order", WHY,
                                    fields="identity", permit=permit)  # fmt: skip
            call = send_help(report, SECOND_TEAM, "確認安全", permit=permit)
        with acting(officer):
            approve(request, officer)
        with acting(lead):
            assert MARKS["name"] in reveal_reporter(request, report, permit=permit)["name"]
        self.ids |= {"help": str(call), "request": str(request)}

    def _accept(self, report: uuid.UUID) -> None:
        desk, worker = self.people["desk"], self.people["team-worker"]
        with acting(desk, "decide"):
            permit = check_can_decide(desk, report)
            change = Change("由該組接", {"team": TEAM, "grade": "2", "stream": "child-protection"})
            offer = confirm(report, permit=permit, change=change)
        with acting(worker, "answer-offer"):
            case = accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
        with as_role("worker"):
            found = Case.objects.select_related("family").get(pk=case.pk)
        self.ids |= {"case": str(found.pk), "family": found.family.number, "offer": str(offer.pk)}

    def _receipt(self, report: uuid.UUID) -> str:
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute("select receipt from intake_report where id = %s", [report])
            return str(cursor.fetchone()[0])

    def browser(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        with as_role("worker"):
            found = Account.objects.get(pk=self.people[name].id)
        client.force_login(found, backend="anwang.access.sign_in.ByNameAndPassword")
        return client

    def post(self) -> None:
        """The forms: a report by the browser, a draft, a safe address, the system's own door."""
        canary = Canary(7)
        form = {f"reporter-{name}": value for name, value in canary.reporter.items()}
        form |= {f"subjects-0-{name}": value for name, value in canary.safe.items()}
        form |= {"subjects-0-name": "陳小安", "narrative": canary.narrative}
        teacher, lead = self.browser("mandated-reporter"), self.browser("lead")
        photo = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
        self._answer("form", teacher.post("/report/", form | {"photos": photo}))
        self._answer("draft", teacher.post("/drafts/mandated/", form))
        receipt = self.ids["report"]
        kept = lead.post(f"/protected/{receipt}/keep/", canary.safe, follow=True)
        self._answer("keep", kept, OWN["triage:protected", "lead"])
        said = json.dumps(body_of(8))
        headers = {"Authorization": f"Bearer {self.credential}"}
        self._answer(
            "api", Client().post("/api/v1/reports", said, "application/json", headers=headers)
        )
        broken = said[:-2]
        self._answer(
            "api", Client().post("/api/v1/reports", broken, "application/json", headers=headers)
        )

    def look(self, dice: random.Random) -> None:
        """Every page of every route: in the drill as every role, else as some, others each time."""
        others = [name for name in self.people if name not in ALWAYS]
        some = list(self.people) if drilling() else [*ALWAYS, *dice.sample(others, 3)]
        for name in some:
            client = self.browser(name)
            for route in classed_routes().values():
                if "GET" not in route.methods:
                    continue
                named = [self.ids.get(kind, ARGUMENT.get(kind, "00000")) for kind in route.names]
                try:
                    path = reverse(route.name, args=named)
                except NoReverseMatch:
                    path = reverse(route.name, args=[str(uuid.uuid4()) for _ in named])
                # Ways in and out may end a session: each is looked at with one of its own.
                apart = route.name.startswith("access:")
                asking = self.browser(name) if apart else client
                asked = {"q": Canary(9).reporter["name"]} if "find" in path else {}
                answer = asking.get(path, asked)
                self.shown += answer.status_code == 200
                self._answer(f"{route.name} as {name}", answer, OWN.get((route.name, name)))
        assert self.shown > SHOWN_AT_LEAST, "hardly a page opens: nothing was looked at"
        for command in (["desk", "--json"], ["explain", self.ids["report"], "--json"]):
            out = io.StringIO()
            with contextlib.suppress(Exception), contextlib.redirect_stderr(out):
                call_command(*command, stdout=out, stderr=out)
            self.answers.append((f"command {command[0]}", out.getvalue().encode()))

    def _answer(self, what: str, answer: Any, own: frozenset[str] | None = None) -> None:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        cookies = str(answer.cookies)
        what_for = f"{what}\x00{','.join(sorted(own))}" if own else what
        if own is None and "q=" in getattr(answer, "request", {}).get("QUERY_STRING", ""):
            what_for = f"{what}\x00name"  # the page says what was looked for
        self.answers.append((what_for, heads.encode() + cookies.encode() + body))


def dump() -> Iterator[tuple[str, bytes]]:
    """Every table as the superuser's COPY has it, the vault's too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            with cursor.copy(f"copy {table} to stdout") as rows:
                text = b"".join(bytes(row) for row in rows)
            yield table, text
            # Sealed columns come as \\xHEX: what they hold is looked at as bytes too.
            for sealed in re.findall(rb"\\\\x((?:[0-9a-f]{2}){20,})", text):
                yield f"{table}, opened", bytes.fromhex(sealed.decode())


@contextlib.contextmanager
def listened() -> Iterator[io.StringIO]:
    """Everything that any logger says, at every level."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@contextlib.contextmanager
def database(server: Any) -> Iterator[Path]:
    """A database of its own, whose connection is a superuser that takes on roles."""
    name = f"anwang_canaries_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"NAME": name, "HOST": str(server.sockets), "USER": "postgres",
                                 "OPTIONS": {}}  # fmt: skip
    try:
        yield server.data.parent / "postgres.log"
    finally:
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def attempt_in(log: Path) -> Callable[[range, int], list[str]]:
    def attempt(numbers: range, seed: int) -> list[str]:
        found: set[str] = set()
        start = log.stat().st_size
        with transaction.atomic(), listened() as heard:
            with as_role("app"):
                place = Place()
                worked = place.take_in(numbers)
                try:
                    place.work(worked)
                except CannotUnseal:
                    found.add(BROKEN)
                place.post()
                place.look(random.Random(f"{seed}/{numbers.start}/{commit()}"))
            for table, text in dump():
                found |= {f"{table}: {one}" for one in marks_in(text)}
            transaction.set_rollback(True)
        for what, text in place.answers:
            name, _, own = what.partition("\x00")
            found |= {f"{name}: {one}" for one in marks_in(text, but=frozenset(own.split(",")))}
        found |= {f"log: {one}" for one in marks_in(heard.getvalue())}
        with log.open("rb") as said:
            said.seek(start)
            found |= {f"the server's log: {one}" for one in marks_in(said.read())}
        return sorted(found)

    return attempt


@pytest.fixture
def log(postgres_server, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), database(postgres_server) as place:
        yield place


def test_the_marks_are_found_in_every_form() -> None:
    for number in range(8):
        body = body_of(number)
        for content in (json.dumps(body), json.dumps(body, ensure_ascii=False).encode("utf-16-le"),
                        json.dumps(body, ensure_ascii=False).encode().hex()):  # fmt: skip
            kinds = {one.partition(" as ")[0] for one in marks_in(content)}
            assert kinds >= {"name", "organisation", "phone", "email", "safe_address", "safe_phone"}
    assert marks_in("桃園市中壢區範例路") == set()


def test_no_mark_is_found_outside_the_vault(log) -> None:
    hold(FIGURE, attempt_in(log))


@pytest.mark.parametrize("fault", rotating(faults_of("vault_canaries")), ids=lambda f: f["fault"])
def test_a_planted_leak_is_found(fault, log) -> None:
    with planted_in_code(fault):
        assert set(attempt_in(log)(range(60), 1)) - {BROKEN}
