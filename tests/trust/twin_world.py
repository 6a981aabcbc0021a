"""Two worlds that differ in nothing but what is sealed in one of them, and what both answer alike.

`without` is the county as it is; `with_sealed` is a copy in which three cases were opened, worked and
then sealed, through the product's own actions. To who is not named both must look the same.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection, connections, transaction
from django.test import Client

from anwang.access.actions.accounts import add_account
from anwang.access.actions.senders import add_sender
from anwang.access.actions.two_persons import approve
from anwang.access.context import LOADING, SCREENING, Actor, acting
from anwang.access.models import Account
from anwang.access.operator import USERNAME as OPERATOR
from anwang.access.sealing import token
from anwang.cases.actions import accept_offer
from anwang.cases.actions.seals import SEAL, ask_seal, carry_out
from anwang.cases.seal_permissions import check_can_ask_seal
from anwang.common.clock import clock_now
from anwang.intake.actions import attach, deliver
from anwang.people.models import Identity, Key, Person
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import blocking_keys
from anwang.triage.actions.decisions import Change, confirm
from anwang.triage.actions.screening import screen
from anwang.triage.models import Matter, Screening
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import (
    DESK,
    SECOND_TEAM,
    TAIPEI_CITY,
    TAOYUAN,
    TEAM,
    report_body,
    screened_report,
)
from tests.trust.planting import Fault, plant_in_database

WHY = "當事人是本局同仁的家人，同事之間會談到，需要封存到調查結束。"
NUMBER, CHILD_NAME = "A123456789", "封小安"
CHILD = uuid.UUID("00000000-0000-4000-8000-00000000c41d")
SENDER = Actor(uuid.UUID(int=7), "sender")
SEATS: dict[str, tuple[str, str | None, str] | None] = {
    "desk": (DESK, TAOYUAN, "desk"),
    "worker": (TEAM, TAOYUAN, "team-worker"),
    "supervisor": (TEAM, TAOYUAN, "supervisor"),
    "second": (SECOND_TEAM, TAOYUAN, "lead"),
    "far-desk": (f"{TAIPEI_CITY}-desk", TAIPEI_CITY, "desk"),
    "national": ("national-desk", None, "desk"),
    "teacher": ("", TAOYUAN, "mandated-reporter"),
    "partner": (TEAM, TAOYUAN, "partner"),
    "seatless": None,
    OPERATOR: (DESK, TAOYUAN, "desk"),
}
NAMED: dict[str, tuple[str, str | None, str]] = {
    "named-desk": (DESK, TAOYUAN, "desk"),
    "named-lead": (TEAM, TAOYUAN, "lead"),
    "manager": ("", TAOYUAN, "county-manager"),
}
OPEN_REPORTS = 53  # more than a page of the queue


@dataclass
class Twins:
    """Both worlds' names, who looks, and the ids that only one of them knows."""

    server: Any
    without: str
    with_sealed: str
    accounts: dict[str, uuid.UUID] = field(default_factory=dict)
    sealed: list[dict[str, str]] = field(default_factory=list)
    plain: dict[str, str] = field(default_factory=dict)
    credential: str = ""
    sessions: dict[str, str] = field(default_factory=dict)

    def drop(self) -> None:
        with psycopg.connect(self.server.address("postgres", "postgres"), autocommit=True) as admin:
            for name in filter(None, (self.without, self.with_sealed)):
                admin.execute(f'drop database if exists "{name}" with (force)')


@contextlib.contextmanager
def connected_to(server: Any, name: str) -> Iterator[None]:
    """The default connection at this database, as the application, for a block."""
    before = connections["default"]
    here = before.copy()
    here.settings_dict |= {
        "NAME": name, "HOST": str(server.sockets), "OPTIONS": {"options": "-c role=anwang_app"},
    }  # fmt: skip
    connections["default"] = here
    try:
        yield
    finally:
        here.close()
        connections["default"] = before


def build_base(server: Any) -> Twins:
    """The county without anything sealed, in a database of its own."""
    twins = Twins(server, f"anwang_twin_{uuid.uuid4().hex[:8]}", "")
    clone_of(server, template_database(server), twins.without)
    add_service_teams(server, twins.without)
    with connected_to(server, twins.without), transaction.atomic():
        _accounts(twins)
        _store_child()
        for _ in range(OPEN_REPORTS):
            deliver(report_body(), sender="tests", actor=SENDER)
        other = screened_report()
        offered = screened_report(child=CHILD)
        offer = _offered(twins, offered.report)
        kept = screened_report()
        case = _accepted(twins, _offered(twins, kept.report), "worker")
        for _ in range(2):  # so that the next report would go to the team of the sealed cases
            _accepted(twins, _offered(twins, screened_report().report, SECOND_TEAM), "second")
        twins.plain = {
            "receipt": other.receipt, "report": str(other.report), "offered": offered.receipt,
            "offer": str(offer.pk), "kept": kept.receipt, "case": str(case.pk),
            "family_number": case.family.number,
        }  # fmt: skip
    return twins


def seal_in_copy(base: Twins, fault: Fault | None = None) -> Twins:
    """The base with a copy in which three cases were sealed; a fault is planted only there."""
    named = fault or {}
    one = Twins(
        base.server, f"{base.without}_a", f"{base.without}_b", base.accounts, [], base.plain,
        base.credential, base.sessions,
    )  # fmt: skip
    for name in (one.without, one.with_sealed):
        clone_of(one.server, base.without, name)
        # What is wrong in both worlds alike must show by what is sealed in one of them.
        if named.get("sql") and (name == one.with_sealed or named.get("everywhere")):
            plant_in_database(fault or {}, one.server.address("postgres", name))
    with connected_to(one.server, one.with_sealed):
        with transaction.atomic():
            _make_sealed(one)
        if named.get("after"):
            plant_in_database(
                {"sql": named["after"]}, one.server.address("postgres", one.with_sealed)
            )
    return one


def _accounts(twins: Twins) -> None:
    with as_role("worker"), acting(LOADING, "test"):
        for name, seat in (SEATS | NAMED).items():
            made = add_account(
                name, display_name="範例帳號", display_name_en="Example account", password=None,
                county=seat[1] if seat else None, memberships=[seat] if seat else [], actor=LOADING,
                trained="tests",
            )  # fmt: skip
            twins.accounts[name] = uuid.UUID(str(made.pk))
        operator = add_account(
            "sender-maker", display_name="範例", display_name_en="Example", password=None,
            county=None, memberships=[("", None, "operator")], actor=LOADING, trained="tests",
        )  # fmt: skip
    for name in SEATS:
        client = Client()
        with as_role("worker"):
            account = Account.objects.get(pk=twins.accounts[name])
        client.force_login(account)
        twins.sessions[name] = client.cookies["sessionid"].value
    with acting(Actor(operator.pk), "test"):
        twins.credential = add_sender("twin-sender", actor=Actor(operator.pk))


def _store_child() -> None:
    """Somebody whom a register knows by number, so that reports are matched to him."""
    with as_role("worker"):
        person = Person.objects.create(id=CHILD)
        forms = forms_of(
            {"name": CHILD_NAME, "national_id": NUMBER, "birth_date": "2018-05-01", "sex": "M"},
            token=token,
        )
        identity = Identity.objects.create(
            record_id=uuid.uuid4(), source_id="household-registration", delivery_id=uuid.uuid4(),
            person_id=person.pk, record_key="twin-1", forms=forms.pack(), packed=pack(forms),
            id_token=forms.id_token, full_key=None,
        )  # fmt: skip
        Key.objects.bulk_create(
            [Key(key=key, identity_no=identity.no) for key in blocking_keys(forms)]
        )


def body_on_child(**more: Any) -> dict[str, Any]:
    """A report on the child whom the sealed reports are about too."""
    body = report_body(**more)
    body["subjects"][0] |= {"name": CHILD_NAME, "national_id": NUMBER}
    return body


def _offered(twins: Twins, report: uuid.UUID, team: str = TEAM) -> Any:
    desk = Actor(twins.accounts["desk"])
    with acting(desk, "decide"):
        permit = check_can_decide(desk, report)
        return confirm(report, permit=permit, change=Change("由該組接", {"team": team}))


def _accepted(twins: Twins, offer: Any, by: str) -> Any:
    actor = Actor(twins.accounts[by])
    with acting(actor, "answer-offer"):
        return accept_offer(offer.pk, permit=check_can_answer_offer(actor, offer.pk))


def _make_sealed(twins: Twins) -> None:
    """One at the desk, told as the same event to another; one offered; one with case and family;
    one screened for real, with records of its own. All due before what waits in the base."""
    early = {"received_at": (clock_now() - dt.timedelta(days=5)).isoformat()}
    stages: list[dict[str, Any]] = []
    at_desk = screened_report(**early)
    _told_to_another(twins, at_desk)
    stages.append(_known(at_desk))
    offered = screened_report(**early)
    stages.append(_known(offered) | {"offer": str(_offered(twins, offered.report).pk)})
    accepted = screened_report(child=CHILD, **early)
    offer = _offered(twins, accepted.report)
    case = _accepted(twins, offer, "named-lead")
    stages.append(
        _known(accepted) | {"offer": str(offer.pk), "case": str(case.pk),
                            "family_number": case.family.number}
    )  # fmt: skip
    real = deliver(body_on_child(**early), sender="tests", actor=SENDER)
    with as_role("worker"), acting(SCREENING, "screening"):
        screen(real.report)
    stages.append(_known(real))
    for one in stages:
        _seal(twins, uuid.UUID(one["report"]), "named-lead" if "case" in one else "named-desk")
    twins.sealed = stages


def _known(receipt: Any) -> dict[str, str]:
    attach(receipt.receipt, b"\x89PNG\r\n\x1a\n" + uuid.uuid4().bytes)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select id from intake_attachment where report_id = %s", [receipt.report])
        found = cursor.fetchone()
    return {"receipt": receipt.receipt, "report": str(receipt.report),
            "attachment": str(found[0]) if found else str(uuid.uuid4())}  # fmt: skip


def _told_to_another(twins: Twins, sealed: Any) -> None:
    """What the screening of another report would have kept of it, before it was sealed."""
    other = uuid.UUID(twins.plain["report"])
    event = {"report": str(sealed.report), "receipt": sealed.receipt, "probability": 0.9,
             "earlier": True, "reasons": [{"comparison": "who", "level": "sure", "weight": 8.0}]}  # fmt: skip
    with as_role("worker"):
        Screening.objects.filter(matter=other).update(same_event=[event])
        matter = Matter.objects.get(pk=other)
        matter.same_event_as, matter.same_event_probability = sealed.report, 0.9
        before = int(matter.headline.get("same_events") or 0)
        matter.headline = matter.headline | {"same_events": before + 1}
        matter.save(update_fields=["same_event_as", "same_event_probability", "headline"])


def _seal(twins: Twins, report: uuid.UUID, lead: str) -> None:
    asking = Actor(twins.accounts[lead])
    with acting(asking, "seal"):
        permit = check_can_ask_seal(asking, report)
        request = ask_seal(report, "", ground="staff-family", text=WHY, members=[],
                           lead=asking.id, permit=permit)  # fmt: skip
    manager = Actor(twins.accounts["manager"])
    with acting(manager, "seal"):
        approve(request, manager)
    with acting(asking, "seal"):
        carry_out(SEAL, request, permit=permit)


# Values that differ at every request, sealed or not. Whatever else differs is found.
PER_REQUEST = (
    (re.compile(r'(csrfmiddlewaretoken" value=)"[^"]*"'), r"\1"),
    (re.compile(r'"[A-Za-z0-9]{64}"'), '"csrf"'),
    (re.compile(r"'?nonce-[\w+/=-]+'?"), "nonce"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:?\d\d|Z)?"), "instant"),
    (re.compile(r"since=[\w-]+"), "since"),
    (re.compile(r'(name="form_token" value=)"[^"]*"'), r"\1"),
    (re.compile(r"\b[sx]\d+_x\d+\b"), "savepoint"),
    (re.compile(r"v1\|[^']*|\b[0-9a-f]{64}\|"), "claim"),
)


def without_per_request(text: str) -> str:
    """The text with the values above taken out."""
    for pattern, instead in PER_REQUEST:
        text = pattern.sub(instead, text)
    return text
