"""The county of the route matrix: accounts of every role, and bundles in every relation to them.

A bundle is a report with all that hangs on it (matter, offer, case, family file, attachment). Every
value of a bundle that a page could show is a canary: a text that stands nowhere else, kept here
with the bundle and the field it belongs to.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from PIL import Image

from anwang.access.actions.accounts import add_account
from anwang.access.actions.senders import add_sender
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Conflict, Seal, SealMember
from anwang.access.operator import USERNAME as OPERATOR
from anwang.access.vocabulary import Role
from anwang.cases.actions import accept_offer, close_case
from anwang.cases.permissions import check_can_work_case
from anwang.common.clock import clock_now
from anwang.intake.actions import attach, deliver
from anwang.registries.models import Delivery
from anwang.triage.actions.decisions import Change, answer, confirm
from anwang.triage.models import Decision, Matter, Screening
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import DESK, REASON, SECOND_TEAM, TAIPEI_CITY, TAOYUAN, TEAM

OTHER_DESK, OTHER_TEAM = f"{TAIPEI_CITY}-desk", f"{TAIPEI_CITY}-protection"
TEAM_ROLES = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
NOBODY = "nobody"
DELIVERY = "00000000-0000-4000-8000-0000000000d1"
# Who has a conflict with the conflicted bundles: somebody of each kind of tie.
IN_CONFLICT = ("desk", "team-worker", "supervisor", "mandated-reporter", OPERATOR)
NAMED = "named"


@dataclass(frozen=True)
class Seat:
    """A seat of an account; `ended` ones must count for nothing."""

    team: str
    county: str | None
    role: str
    ended: bool = False


@dataclass
class Bundle:
    """A report and what hangs on it, as the plan has it: the oracle, not the database."""

    name: str
    county: str
    desk: str
    author: str
    offered: str | None = None
    accepted: bool = False
    closed: bool = False
    sealed: bool = False
    conflicted: bool = False
    deleted: bool = False
    family_of: str | None = None
    named: dict[str, str] = field(default_factory=dict)
    report: uuid.UUID = field(default_factory=uuid.uuid4)
    other_teams: tuple[str, ...] = ()
    version: str = ""

    @property
    def family_teams(self) -> tuple[str, ...]:
        """Teams with a case in the family."""
        own = (self.offered,) if self.accepted and self.offered else ()
        return (*own, *self.other_teams)


@dataclass
class MatrixWorld:
    """All accounts and bundles, and which canary belongs to which field of which bundle."""

    seats: dict[str, tuple[Seat, ...]] = field(default_factory=dict)
    accounts: dict[str, uuid.UUID] = field(default_factory=dict)
    bundles: list[Bundle] = field(default_factory=list)
    canaries: dict[str, tuple[Bundle, str]] = field(default_factory=dict)
    credential: str = ""

    def know(self, bundle: Bundle, name: str, value: object) -> str:
        """Remember a value as canary."""
        text = str(value)
        bundle.named.setdefault(name, text)
        self.canaries[text] = (bundle, name)
        return text

    def tied(self, account: str, bundle: Bundle, through: str) -> bool:
        """Whether the account has this tie to the bundle, by the plan."""
        live = [seat for seat in self.seats.get(account, ()) if not seat.ended]
        teams = {seat.team for seat in live if seat.role in TEAM_ROLES}
        if through == "desk":
            return any(s.role == Role.DESK and s.team == bundle.desk for s in live)
        if through in ("team", "offer"):
            return bundle.offered in teams
        if through == "case":
            return bundle.accepted and bundle.offered in teams
        if through == "family":
            return bool(teams & set(bundle.family_teams))
        if through == "audits":  # ids of what is not closed to the auditor himself (D3)
            return True
        if through == "named":
            return bundle.sealed and account == NAMED
        if through == "asks-seal":
            leads = {seat.team for seat in live if seat.role in (Role.LEAD, Role.SUPERVISOR)}
            return self.tied(account, bundle, "desk") or bundle.offered in leads
        if through == "author":
            return bundle.author == account
        if through == "reached":  # whatever row rules show the report to
            return bundle.author == account or bool(
                {s.team for s in live} & {bundle.desk, bundle.offered}
            )
        raise ValueError(f"no such tie: {through}")

    def relation(self, account: str, bundle: Bundle, through: tuple[str, ...]) -> str:
        """own, closed, same-office, other-county, sealed, conflicted or deleted."""
        if bundle.deleted:
            return "deleted"
        # What somebody wrote stays his to see, or its vanishing would tell of seal or conflict.
        if {"author", "reached"} & set(through) and bundle.author == account:
            return "closed" if bundle.closed else "own"
        if bundle.conflicted and account in IN_CONFLICT:
            return "conflicted"
        if bundle.sealed and account != NAMED:
            return "sealed"
        if any(self.tied(account, bundle, one) for one in through):
            return "closed" if bundle.closed else "own"
        counties = {seat.county for seat in self.seats.get(account, ()) if not seat.ended}
        return "same-office" if bundle.county in counties else "other-county"


def planned_seats() -> dict[str, tuple[Seat, ...]]:
    """Every role in a home team that has cases, and those who stand between two rooms."""
    seats = {
        str(role): (Seat(DESK if role is Role.DESK else TEAM, TAOYUAN, str(role)),)
        for role in Role
        if role is not Role.ADMINISTRATOR
    }
    seats[str(Role.ADMINISTRATOR)] = (Seat("", TAOYUAN, str(Role.ADMINISTRATOR)),)
    return seats | {
        NAMED: (Seat(TEAM, TAOYUAN, Role.LEAD), Seat(DESK, TAOYUAN, Role.DESK)),
        "second": (Seat(SECOND_TEAM, TAOYUAN, Role.TEAM_WORKER),),
        "desk-and-second": (Seat(DESK, TAOYUAN, Role.DESK), Seat(SECOND_TEAM, TAOYUAN, Role.LEAD)),
        "far-desk": (Seat(OTHER_DESK, TAIPEI_CITY, Role.DESK),),
        "far-desk-and-team": (
            Seat(OTHER_DESK, TAIPEI_CITY, Role.DESK), Seat(TEAM, TAOYUAN, Role.TEAM_WORKER),
        ),
        "far-worker": (Seat(OTHER_TEAM, TAIPEI_CITY, Role.TEAM_WORKER),),
        "leaver": (
            Seat(TEAM, TAOYUAN, Role.LEAD, ended=True), Seat(DESK, TAOYUAN, Role.DESK, ended=True),
        ),
        "far-author": (Seat("", TAIPEI_CITY, Role.MANDATED_REPORTER),),
        "seatless": (),
        OPERATOR: (Seat(DESK, TAOYUAN, Role.DESK), Seat("", None, Role.OPERATOR)),
    }  # fmt: skip


def planned_bundles() -> list[Bundle]:
    """One bundle for each relation and state; `author` is who wrote it."""
    teacher = str(Role.MANDATED_REPORTER)

    def home(name: str, **more: Any) -> Bundle:
        return Bundle(**{"name": name, "county": TAOYUAN, "desk": DESK, "author": teacher} | more)

    def far(name: str, **more: Any) -> Bundle:
        return Bundle(name, TAIPEI_CITY, OTHER_DESK, "far-author", **more)

    stages: list[dict[str, Any]] = [{}, {"offered": TEAM}, {"offered": TEAM, "accepted": True}]
    return [
        *(home(f"home-{n}", **stage) for n, stage in enumerate(stages)),
        home("home-closed-case", offered=TEAM, accepted=True, closed=True),
        home("home-answered", closed=True),
        home("home-hotline", author="hotline"),
        home("second-offered", offered=SECOND_TEAM, author="hotline"),
        home("second-accepted", offered=SECOND_TEAM, accepted=True, author="hotline"),
        home("shared-second", offered=SECOND_TEAM, accepted=True, author="hotline",
             other_teams=(TEAM,)),
        home("shared-home", offered=TEAM, accepted=True, family_of="shared-second",
             other_teams=(SECOND_TEAM,)),
        far("far-0"),
        far("far-1", offered=OTHER_TEAM),
        far("far-2", offered=OTHER_TEAM, accepted=True),
        *(home(f"sealed-{n}", sealed=True, **stage) for n, stage in enumerate(stages)),
        *(home(f"conflicted-{n}", conflicted=True, **stage) for n, stage in enumerate(stages)),
        home("deleted-0", deleted=True, offered=TEAM, accepted=True),
        home("deleted-1", deleted=True, offered=TEAM),
    ]  # fmt: skip


def build_world() -> MatrixWorld:
    """Everything above, through the product's own actions, in the running transaction."""
    world = MatrixWorld(seats=planned_seats())
    with as_role("worker"), acting(LOADING, "test"):
        for name, seats in world.seats.items():
            world.accounts[name] = _account(name, seats)
    with acting(Actor(world.accounts[OPERATOR]), "test"):
        world.credential = add_sender("matrix-sender", actor=Actor(world.accounts[OPERATOR]))
    with as_role("worker"):
        Delivery.objects.create(
            id=DELIVERY, source_id="prison", file_sha256="0" * 64, manifest_version="1",
            delivered_at=clock_now(), state=Delivery.State.PUBLISHED,
        )  # fmt: skip
    for number, bundle in enumerate(planned_bundles()):
        if bundle.deleted:
            _made_and_gone(world, bundle, number)
        else:
            _make(world, bundle, number)
        world.bundles.append(bundle)
    _same_events(world)
    _close_off(world)
    with as_role("worker"):
        for bundle in world.bundles:
            if not bundle.deleted:
                bundle.version = Matter.objects.get(pk=bundle.report).changed_at.isoformat()
    return world


def _account(name: str, seats: tuple[Seat, ...]) -> uuid.UUID:
    made = add_account(
        name, display_name="範例帳號", display_name_en="Example account", password=None,
        county=seats[0].county if seats else None,
        memberships=[(s.team, s.county, str(s.role)) for s in seats if not s.ended], actor=LOADING,
        trained="tests",
    )  # fmt: skip
    with connection.cursor() as cursor:
        for seat in seats:
            if seat.ended:
                cursor.execute(
                    "insert into access_membership (id, account_id, team_id, county, role, since, until)"
                    " values (gen_random_uuid(), %s, %s, %s, %s, clock.now() - interval '9 days',"
                    " clock.now() - interval '1 day')",
                    [made.pk, seat.team, seat.county, str(seat.role)],
                )
    return uuid.UUID(str(made.pk))


def _made_and_gone(world: MatrixWorld, bundle: Bundle, number: int) -> None:
    """Made like the others and taken back: its ids were real, its rows are not there."""
    mark = f"gone_{number}"
    with connection.cursor() as cursor:
        cursor.execute(f"savepoint {mark}")
        _make(world, bundle, number)
        cursor.execute(f"rollback to savepoint {mark}")


def _make(world: MatrixWorld, bundle: Bundle, number: int) -> None:
    """Deliver, screen, decide, offer, accept and close a bundle as far as its plan says."""

    def canary(name: str) -> str:
        return world.know(bundle, name, f"QZ{number:02}{uuid.uuid4().hex[:6]}")

    author = world.accounts[bundle.author]
    key = canary("report_key")
    county = "臺北市" if bundle.county == TAIPEI_CITY else "桃園市"
    body = {
        "report_id": key, "channel": "school-safety", "county": county,
        "reporter": {"mandated": True, "role": "teacher", "name": canary("reporter_name"),
                     "phone": canary("reporter_phone"), "organisation": canary("reporter_office"),
                     "email": f"{canary('reporter_email')}@example.invalid"},
        "subjects": [
            {"role": "victim", "name": canary("victim"), "birth": "民國107年5月1日", "sex": "M",
             "address": f"{county}範例區{canary('address')}路1段2號", "school": canary("school"),
             "phone": canary("phone")},
            {"role": "respondent", "name": canary("respondent"), "birth": "約40歲", "sex": "M",
             "relation_to_victim": "father"},
        ],
        "concerns": ["child-physical"], "immediate_danger": "no",
        "incident": {"occurred_at": "昨晚", "injury": "minor", "place": canary("incident_place")},
        "narrative": f"{canary('narrative')} 學生手臂有新瘀傷。",
    }  # fmt: skip
    sender = Actor(author)
    receipt = deliver(body, sender="anwang-web", author=author, actor=sender)
    bundle.report = receipt.report
    world.know(bundle, "receipt", receipt.receipt)
    world.know(bundle, "report", receipt.report)
    deliver(
        {"report_id": key, "channel": "school-safety", "subjects": [], "narrative": canary("addition")},
        sender="anwang-web", author=author, actor=sender,
    )  # fmt: skip
    attach(receipt.receipt, _photo(number))
    _screen(world, bundle, canary)
    if bundle.offered:
        _offer(world, bundle, canary)
    elif bundle.closed:
        desk = _desk_of(world, bundle)
        with acting(desk, "decide"):
            permit = check_can_decide(desk, bundle.report)
            answer(bundle.report, permit=permit, reason=canary("decision_reason"))
    _know_rows(world, bundle)


def _photo(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (number * 9 % 256, 30, 30)).save(out, "PNG")
    return out.getvalue()


def _desk_of(world: MatrixWorld, bundle: Bundle) -> Actor:
    return Actor(world.accounts["far-desk" if bundle.county == TAIPEI_CITY else "desk"])


def _screen(world: MatrixWorld, bundle: Bundle, canary: Any) -> None:
    """A screening by hand: the picture with canary names and facts, persons of the bundle's own."""
    family = next((b for b in world.bundles if b.name == bundle.family_of), None)
    child = uuid.UUID(family.named["child"]) if family else uuid.uuid4()
    father = uuid.uuid4()
    if family is None:
        world.know(bundle, "child", child)
    world.know(bundle, "father", father)

    def member(pid: uuid.UUID, name: str, index: int, role: str, age: int) -> dict[str, Any]:
        return {"person_id": str(pid), "name": name, "born_on": None, "sex": "M", "age": age,
                "dead": False, "pregnant": False, "matched": True, "subject": index, "role": role,
                "registered": True, "living": True, "relation": None}  # fmt: skip

    pair = [str(child), str(father)]
    candidate = {"person_id": str(child), "probability": 0.99, "weight": 20.0,
                 "reasons": [{"comparison": "national_id", "level": "same", "weight": 20.0}]}  # fmt: skip
    with as_role("worker"):
        screening = Screening.objects.create(
            matter_id=bundle.report,
            matches={"0": {"person_id": str(child), "probability": 0.99, "record": None,
                           "candidates": [candidate]}},
            picture={
                "as_of": "2026-03-02", "known_at": "2026-03-02T09:12:00+08:00", "focus": pair[:1],
                "members": [member(child, canary("member"), 0, "victim", 7),
                            member(father, canary("second_member"), 1, "respondent", 40)],
                "edges": [{"kind": "parent", "from": pair[1], "to": pair[0], "since": None,
                           "until": None, "source": "household-registration", "inferred": False,
                           "dates": []}],
                "facts": [{"person_id": pair[1], "kind": "in-custody",
                           "label": {"zh": "在監", "en": "In custody"}, "value": {},
                           "source": "prison", "valid_from": "2025-01-01", "valid_to": "2025-06-01",
                           "known_at": "2025-01-02T08:00:00+08:00", "state": "value",
                           "current": False,
                           "text": {"zh": canary("fact"), "en": bundle.named["fact"]}}],
                "lookups": [], "unknown": ["school"], "living_together": pair,
                "registered_together": pair, "kin": pair,
            },
            inputs={"concerns": ["child-physical"], "immediate_danger": False},
            proposal={"reasons": [REASON], "clocks": ["dispatch-24h"], "unknown": [],
                      "would_change": []},
            versions={"policies": {"triage.grade": "2026.1"}},
        )  # fmt: skip
        matter = Matter.objects.get(pk=bundle.report)
        matter.state, matter.grade, matter.stream = "awaiting-decision", "2", "child-protection"
        matter.grade_class, matter.agency_kind = "1", "prevention-centre"
        matter.headline = matter.headline | {"name": bundle.named["victim"], "age": 7,
                                             "place": canary("place")}  # fmt: skip
        matter.save()
    world.know(bundle, "screening", screening.pk)


def _offer(world: MatrixWorld, bundle: Bundle, canary: Any) -> None:
    desk = _desk_of(world, bundle)
    with acting(desk, "decide"):
        permit = check_can_decide(desk, bundle.report)
        change = Change(canary("decision_reason"), {"team": bundle.offered, "grade": "1"})
        offer = confirm(bundle.report, permit=permit, change=change)
    assert offer is not None
    world.know(bundle, "offer", offer.pk)
    if not bundle.accepted:
        return
    worker = {TEAM: "lead", SECOND_TEAM: "second", OTHER_TEAM: "far-worker"}[str(bundle.offered)]
    actor = Actor(world.accounts[worker])
    with acting(actor, "answer-offer"):
        case = accept_offer(offer.pk, permit=check_can_answer_offer(actor, offer.pk))
    world.know(bundle, "case", case.pk)
    if bundle.family_of is None:
        world.know(bundle, "family", case.family_id)
        world.know(bundle, "family_number", case.family.number)
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(
                "update cases_familyfile set name = %s where id = %s",
                [canary("family_name"), case.family_id],
            )
    else:
        bundle.named |= {"family": str(case.family_id), "family_number": case.family.number}
    if bundle.closed:
        with acting(actor, "case-work"):
            permit = check_can_work_case(actor, case.pk)
            close_case(case.pk, reason=canary("closing_reason"), permit=permit)


def _know_rows(world: MatrixWorld, bundle: Bundle) -> None:
    """The ids that the database gave."""
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select id from intake_attachment where report_id = %s", [bundle.report])
        world.know(bundle, "attachment", cursor.fetchone()[0])
        for pk in Decision.objects.filter(matter=bundle.report).values_list("pk", flat=True):
            world.know(bundle, "decision", pk)


def _same_events(world: MatrixWorld) -> None:
    """Reports name others as the same event, in and out of reach of who reads them."""
    named = {bundle.name: bundle for bundle in world.bundles}
    for at, others in {
        "home-0": ("home-hotline", "far-0", "sealed-0", "conflicted-0"),
        "home-1": ("home-0", "second-offered", "sealed-1", "conflicted-1", "far-1"),
        "far-0": ("home-0",),
    }.items():
        with as_role("worker"):
            Screening.objects.filter(matter=named[at].report).update(
                same_event=[
                    {"report": named[one].named["report"], "receipt": named[one].named["receipt"],
                     "probability": 0.9, "earlier": True,
                     "reasons": [{"comparison": "who", "level": "sure", "weight": 8.0}]}
                    for one in others
                ]
            )  # fmt: skip


def _close_off(world: MatrixWorld) -> None:
    """Conflicts and seals over a report, its case and its family, as their own rooms write them."""
    for bundle in world.bundles:
        kinds = [k for k in ("report", "case", "family") if k in bundle.named]
        for kind in kinds if bundle.conflicted else ():
            with as_role("worker"):
                for name in IN_CONFLICT:
                    Conflict.objects.create(
                        account_id=world.accounts[name], object_kind=kind,
                        object_id=bundle.named[kind], ground="relative", source="test",
                    )  # fmt: skip
        for kind in kinds if bundle.sealed else ():
            with as_role("worker"):
                seal = Seal.objects.create(
                    object_kind=kind,
                    object_id=bundle.named[kind],
                    ground="other",
                    root=bundle.report,
                )
                SealMember.objects.create(seal=seal, account_id=world.accounts[NAMED], lead=True)
