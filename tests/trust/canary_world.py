"""The county of the vault's canaries: reports with marks, all that is done with them, all that is seen.

Everything is committed as in use, step by step: who acts is known to the database for two minutes
from the beginning of a transaction, so a county made and looked at in one is an empty one before long.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from PIL import Image

from anwang.access.actions.senders import add_sender
from anwang.access.actions.two_persons import approve
from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.access.operator import USERNAME as OPERATOR
from anwang.access.vocabulary import Role
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case
from anwang.common.errors import AnwangError
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
from config.console import role_of
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import SECOND_TEAM, TAOYUAN, TEAM, account
from tests.trust.canaries import MARKS, Canary, body_of
from tests.trust.figure import drilling
from tests.trust.packed_files import packed_in
from tests.trust.route_trials import ARGUMENT, Route, classed_routes

WORKED = 3  # of the first reports: taken over, written about, revealed
SCREENED_OF = 100  # one report in so many is screened besides, and seen at the desk
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
# The least number of routes that open to a role, and of those that tell of a report: fewer, and the
# look was at closed doors. Known by looking once; a page more is no fault, a page less is one.
LEAST: dict[str, tuple[int, int]] = {
    "citizen": (14, 0), "mandated-reporter": (20, 1), "hotline": (16, 0), "desk": (46, 8),
    "team-worker": (48, 5), "lead": (48, 4), "supervisor": (54, 4), "partner": (15, 0),
    "county-manager": (24, 0), "administrator": (15, 0), "ministry": (23, 0),
    "statistician": (15, 0), "auditor": (15, 0), "privacy-officer": (16, 0),
    "reporter-protection-officer": (14, 0), "security-officer": (15, 0), "operator": (17, 0),
    OPERATOR: (46, 8), "unit": (28, 0),
}  # fmt: skip
CONTENT = re.compile("陳小|陳大方|鄰居聽到哭聲|canary-[0-9]".encode())
WHY = "法院來文要求，案號在卷，須於今日回覆承辦法官說明。"


def picture() -> bytes:
    """A photograph whose notes say where it was taken."""
    image, out = Image.new("RGB", (40, 30), "white"), io.BytesIO()
    notes = image.getexif()
    notes[0x010F], notes[0x9286] = MARKS["exif"], Canary(1).safe["safe_address"]
    image.save(out, "JPEG", exif=notes)
    return out.getvalue()


@contextlib.contextmanager
def as_program() -> Iterator[None]:
    """A transaction of the worker's role."""
    with transaction.atomic(), as_role("worker"):
        yield


class Place:
    """The instance of one slice, with all that was done in it."""

    def __init__(self) -> None:
        self.people: dict[str, Actor] = {}
        with transaction.atomic():
            for role in Role:
                seat = SEATS.get(role, f"{TAOYUAN}-{role}")
                county = None if role in (Role.OPERATOR, Role.MINISTRY) else TAOYUAN
                self.people[str(role)] = account(f"canary-{role}", (seat, county, str(role)))
            # Whose eyes the commands have (route_world.py).
            self.people[OPERATOR] = account(
                OPERATOR, (SEATS[Role.DESK], TAOYUAN, "desk"), ("", None, "operator")
            )
            self.people["unit"] = account("canary-unit", (SECOND_TEAM, TAOYUAN, "team-worker"))
        self.ids: dict[str, str] = {}
        operator = self.people["operator"]
        with acting(operator):
            self.credential = add_sender("canary-school", actor=operator)
        self.answers: list[tuple[str, bytes]] = []
        self.void: list[str] = []
        self.opened: Counter[str] = Counter()
        self.telling: Counter[str] = Counter()

    def take_in(self, numbers: range) -> list[uuid.UUID]:
        """Reports by the three doors; the ids of those that the worker will screen."""
        teacher = self.people["mandated-reporter"]
        taken = []
        for number in numbers:
            own = number % 3 == 0
            sender = "anwang-web" if own else "canary-school"
            receipt = deliver(
                body_of(number), sender=sender, author=teacher.id if own else None, actor=teacher
            )
            if number % 50 == 0 or number < numbers.start + 3:
                attach(receipt.receipt, picture())
                more = Canary(number).narrative + "後來又哭了。"
                deliver(body_of(number, narrative=more), sender=sender, actor=teacher)
            taken.append((own, receipt))
        self.ids["report"] = next(receipt.receipt for own, receipt in taken if own)
        worked = [receipt.report for _, receipt in sorted(taken, key=lambda t: not t[0])][:WORKED]
        besides = [receipt.report for _, receipt in taken[::SCREENED_OF]]
        return worked + [one for one in besides if one not in worked]

    def work(self, reports: list[uuid.UUID]) -> None:
        """Screening, dispatch, case, relay, reveal, help: all that ever touches the vault."""
        for report in reports:
            with as_program():
                screen(report)
        self._accept(reports[0])
        lead, officer = self.people["lead"], self.people["reporter-protection-officer"]
        report, receipt = reports[0], self._receipt(reports[0])
        with as_program():
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
        assert offer is not None
        with acting(worker, "answer-offer"):
            case = accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
        with as_program():
            found = Case.objects.select_related("family").get(pk=case.pk)
        self.ids |= {"case": str(found.pk), "family": found.family.number, "offer": str(offer.pk)}

    def _receipt(self, report: uuid.UUID) -> str:
        with as_program(), connection.cursor() as cursor:
            cursor.execute("select receipt from intake_report where id = %s", [report])
            return str(cursor.fetchone()[0])

    def browser(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        with as_program():
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
        for sent in (said, said[:-2]):  # whole, and broken off
            answer = Client().post("/api/v1/reports", sent, "application/json", headers=headers)
            self._answer("api", answer)

    def look(self, dice: random.Random) -> None:
        """Every page of every route: in the drill as every role, else as some, others each time."""
        others = [name for name in self.people if name not in ALWAYS]
        some = list(self.people) if drilling() else [*ALWAYS, *dice.sample(others, 3)]
        for name in some:
            self._look_as(name)
            for what, count, least in zip(
                ("open", "tell of a report"), (self.opened[name], self.telling[name]),
                LEAST[name], strict=True,
            ):  # fmt: skip
                if count < least:
                    self.void.append(f"{name}: {count} pages {what}, at least {least} should")
        self._look_at_commands()

    def _look_as(self, name: str) -> None:
        client = self.browser(name)
        for route in classed_routes().values():
            if "GET" not in route.methods:
                continue
            # Ways in and out may end a session: each is looked at with one of its own.
            asking = self.browser(name) if route.name.startswith("access:") else client
            for path in self._paths(route):
                asked = {"q": Canary(9).reporter["name"]} if "find" in path else {}
                answer = asking.get(path, asked)
                said = self._answer(f"{route.name} as {name}", answer, OWN.get((route.name, name)))
                self.opened[name] += answer.status_code == 200
                self.telling[name] += answer.status_code == 200 and _tells(said)

    def _paths(self, route: Route) -> Iterator[str]:
        """The route's address for what was made; of a drawing all there are."""
        drawings = ["genogram", "timeline", "household"] if "drawing" in route.names else [""]
        for drawing in drawings:
            made = self.ids | ({"drawing": drawing} if drawing else {})
            named = [made.get(kind, ARGUMENT.get(kind, "00000")) for kind in route.names]
            try:
                yield reverse(route.name, args=named)
            except NoReverseMatch:
                yield reverse(route.name, args=[str(uuid.uuid4()) for _ in named])

    def _look_at_commands(self) -> None:
        for command in (["desk", "--json"], ["explain", self.ids["report"], "--json"]):
            out = io.StringIO()
            with transaction.atomic(), as_role(role_of(command[0])):
                try:
                    call_command(*command, stdout=out, stderr=out)
                except (CommandError, AnwangError) as refusal:
                    self.void.append(f"command {command[0]}: {refusal}")
            said = out.getvalue().encode()
            if not _tells(said):
                self.void.append(f"command {command[0]}: tells of no report")
            self.answers.append((f"command {command[0]}", said))

    def _answer(self, what: str, answer: Any, own: frozenset[str] | None = None) -> bytes:
        if answer.status_code >= 500:
            self.void.append(f"{what}: status {answer.status_code}")
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        cookies = str(answer.cookies)
        what_for = f"{what}\x00{','.join(sorted(own))}" if own else what
        if own is None and "q=" in getattr(answer, "request", {}).get("QUERY_STRING", ""):
            what_for = f"{what}\x00name"  # the page says what was looked for
        self.answers += [(what_for, heads.encode() + cookies.encode()), (what_for, body)]
        return body


def _tells(body: bytes) -> bool:
    """Whether something of a report stands there."""
    return any(CONTENT.search(part) for part in (body, *packed_in(body)))


def dump() -> Iterator[tuple[str, bytes]]:
    """Every table as the superuser's COPY has it, the vault's too."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local role none")
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
def database(server: Any) -> Iterator[None]:
    """A database of its own; who connects is the application, and may become any role."""
    name = f"anwang_canaries_{uuid.uuid4().hex[:10]}"
    connection.close()
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    kept = dict(connection.settings_dict)
    connection.settings_dict |= {"NAME": name, "HOST": str(server.sockets), "USER": "postgres",
                                 "OPTIONS": {"options": "-c role=anwang_app"}}  # fmt: skip
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')
