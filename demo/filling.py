"""Fills a demo instance: accounts, the registries' files, and a year of reports over the real code.

Nothing here writes a table of its own: registries are loaded as files, reports go through the door
and are screened, decided, offered and answered by the same actions that people use. What happened
in the past happens at that time: the clock of this session runs there (decision 1).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import json
import os
import time
import uuid
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from anwang.access.actions.accounts import add_account
from anwang.access.actions.safe_adults import name_safe_adult
from anwang.access.actions.standing import note_fulfilled
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Account, SafeAdult
from anwang.access.tokens import id_token
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.common.values.roc_dates import TAIPEI
from anwang.directory.models import Team
from anwang.intake.actions import deliver
from anwang.intake.models import Report
from anwang.people.actions import identify
from anwang.registries.actions.deliveries import LoadOutcome
from anwang.registries.actions.fetching import fetch_source
from anwang.registries.models import Delivery
from anwang.triage.actions.screening import screen
from anwang.triage.permissions import check_can_read_matter
from config import programs
from demo.citizens import citizens
from demo.county import County, build_county
from demo.deciding import decide
from demo.humans import humans
from demo.registries import write_registries
from demo.reports import DemoReport, reports_of_year
from demo.schedule import LAST_DAY
from demo.sources import standing
from demo.sources.stock import fill_stock
from demo.staff import accounts, teams

SEED = 20261
PROOF = "DEMO-2026"  # what the demo's accounts show for their training
PASSWORD = "anwang-demo-2026"  # noqa: S105 - demo instances print it on their first page
OPERATOR = uuid.UUID("00000000-0000-4000-8000-0000000000a0")
OPERATOR_NAME = "demo-operator"
ANSWERING = ("team-worker", "lead", "supervisor")
SURNAMES = "康莊龔溫翁塗"
YEAR_AND_A_WEEK = 372
WORTH_TWO = 500
FEWEST_REPORTS = len(LAST_DAY) + 13
LAPSED_ON = dt.date(2021, 1, 1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
Tell = Callable[[str, int], None]


def size() -> tuple[int, int]:
    """Persons and reports of the demo; smaller ones serve the tests. A year that has reports has those
    of its last day, and some before them.
    """
    persons = int(os.environ.get("ANWANG_DEMO_PERSONS", "60000"))
    reports = int(os.environ.get("ANWANG_DEMO_REPORTS", "2520"))
    return persons, max(reports, FEWEST_REPORTS) if reports else 0


def fill_accounts(*, demo: bool) -> None:
    """The commands' actor with a seat at every desk; on a demo the staff of the county too."""
    with acting(Actor(OPERATOR, "program", role="operator"), "demonstration"):
        if not Account.objects.filter(username=OPERATOR_NAME).exists():
            _add_operator()
        known = set(Account.objects.values_list("username", flat=True)) if demo else set()
        for one in accounts() if demo else ():
            if one.login not in known:
                # A citizen shares no seat with anybody: a team's members may see of each other.
                own = (
                    one.login if one.role == "citizen" else f"{one.county or 'national'}-{one.role}"
                )
                seat = "" if one.role == "administrator" else one.team or one.seat or own
                names = one.display_name, one.display_name_en
                seats = [(seat, one.county, one.role)]
                _add(one.login, *names, one.county, seats, lapsed=one.lapsed)
        if demo:
            _add_unseen_workers(known)
    if demo:
        listed = [
            {
                "username": one.login,
                "password": PASSWORD,
                "role": one.role,
                "who": {"zh": one.display_name, "en": one.display_name_en},
            }
            for one in accounts()
        ]
        path = settings.HOME / "demo-accounts.json"
        path.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")


def _add_operator() -> None:
    seats: list[tuple[str, str | None, str]] = [
        (team.pk, team.county_id, "desk") for team in Team.objects.filter(is_desk=True)
    ]
    seats.append(("operators", None, "operator"))
    account = add_account(
        OPERATOR_NAME, display_name="示範操作", display_name_en="Demo operator", password=None,
        county=None, memberships=seats, actor=Actor(OPERATOR, "program"), account_id=OPERATOR,
        since=LONG_AGO, trained=PROOF,
    )  # fmt: skip
    assert account.pk == OPERATOR


@cache
def _hashed() -> str:
    """The one password of all demo accounts, made once: a good hash takes its time."""
    return make_password(PASSWORD)


def _add(
    login: str,
    name: str,
    name_en: str,
    county: str | None,
    seats: list[tuple[str, str | None, str]],
    lapsed: bool = False,
) -> None:
    actor = Actor(OPERATOR, "program")
    made = add_account(
        login, display_name=name, display_name_en=name_en, password=_hashed(), county=county,
        hashed=True, memberships=seats, actor=actor, since=LONG_AGO,
        account_id=uuid.uuid5(OPERATOR, login), trained=None if lapsed else PROOF,
    )  # fmt: skip
    if lapsed:
        note_fulfilled(made, PROOF, actor=actor, on=LAPSED_ON)


def _add_unseen_workers(known: set[str]) -> None:
    """One worker for each team that nobody tries out, so that its part of the year can happen."""
    tried = {one.team for one in accounts() if one.role in ANSWERING}
    for place, team in enumerate(t for t in teams() if not t.is_desk and t.id not in tried):
        login = f"worker-{team.id}"
        if login not in known:
            surname = SURNAMES[place % len(SURNAMES)]
            _add(login, f"{surname}社工", f"Worker {place + 1}", team.county,
                 [(team.id, team.county, "team-worker")])  # fmt: skip


def account_id(login: str) -> uuid.UUID:
    """The account of a demo login."""
    return uuid.uuid5(OPERATOR, login)


class Past:
    """This session's clock, which may run in the past on demo and test instances.

    `now` is the instant at which the demo's year ends: when it was first filled. A filling that was
    cut short goes on with the same year.
    """

    def __init__(self, plan: Path) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select clock.now()")
            (self.at_start,) = cursor.fetchone()
        self.began = time.monotonic()
        if not plan.exists():
            plan.parent.mkdir(exist_ok=True)
            plan.write_text(json.dumps({"until": self.at_start.isoformat()}))
        self.now = dt.datetime.fromisoformat(json.loads(plan.read_text())["until"])

    def go_to(self, instant: dt.datetime) -> None:
        """Let the session's clock stand at `instant` and run on from there."""
        real = self.at_start + dt.timedelta(seconds=time.monotonic() - self.began)
        ahead = min(instant, real) - real
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('clock.ahead', %s, false)", [f"{ahead.total_seconds()} seconds"]
            )


def fill(tell: Tell, *, second: bool = False) -> None:
    """Load the registries and the year; what is there already is left, so it can be resumed.

    A large year is told by two processes, each with half of the events, since one would leave the
    database idle while it thinks and the other way round. `second` is the one that helps.
    """
    settings.DOOR_ALIAS, settings.AUDIT_ALIAS = "default", "default"  # one session, one clock
    gc.set_threshold(100_000, 50, 50)  # a short life with many small objects
    persons, number = size()
    past = Past(Path(settings.HOME) / "demo" / "plan.json")
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")  # nobody was promised anything yet
    tell(_("造出示範縣"), 0)
    county = build_county(SEED, past.now.astimezone(TAIPEI).date(), persons)
    last_night = past.now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=30)
    reports = list(reports_of_year(county, number, until=past.now)) if number else []
    year = [one for one in reports if one.received_at <= last_night]
    first_night = last_night - dt.timedelta(days=YEAR_AND_A_WEEK)
    loaded = Path(settings.HOME) / "demo" / "first-night"
    if second:
        while not loaded.exists():  # a helper ends with the one that started it
            time.sleep(0.2)
        _tell_all(_half(year, 1), past, tell)
        return
    # The helper draws its county while the registries are being loaded.
    two = len(year) >= WORTH_TWO
    helper = programs.start("worker", programs.command("fill", "--second")) if two else None
    _deliver_registries(county, past, first_night, tell)
    _tell_humans(county, reports)
    loaded.touch()
    _tell_all(_half(year, 0) if two else year, past, tell)
    if helper is not None and helper.wait():
        raise RuntimeError("The second half of the demo year was not filled; see above.")
    _deliver_registries(county, past, last_night, tell)
    _tell_all(reports[len(year) :], past, tell, known_events=_known_reports())
    past.go_to(past.now + dt.timedelta(days=1))
    _tell_citizens(county, reports)


def _tell_humans(county: County, reports: list[DemoReport]) -> None:
    """Say which residents the staff are; from then on the database keeps their relatives from them."""
    with acting(Actor(OPERATOR, "program", role="operator"), "demonstration"):
        for login, number in humans(county, reports).items():
            Account.objects.filter(pk=account_id(login), human=None).update(human=id_token(number))


def _tell_citizens(county: County, reports: list[DemoReport]) -> None:
    """Whom the citizens' accounts belong to, who is safe for a child, and one look at each report."""
    who = citizens(county, reports)
    lead = Actor(account_id("child-lead"))
    with acting(lead, "demonstration"):
        for login, number in (("citizen", who.adult), ("safe-adult", who.safe_adult)):
            if token := id_token(number):
                Account.objects.filter(pk=account_id(login), human=None).update(human=token)
        child, adult = id_token(who.child), id_token(who.safe_adult)
        if child and adult and not SafeAdult.objects.filter(child=child, adult=adult).exists():
            name_safe_adult(child=child, adult=adult, ground="demonstration", actor=lead)
    desk = Actor(account_id("desk"))
    for report in Report.objects.filter(report_id__in=who.report_ids):
        with contextlib.suppress(Refused), acting(desk, "demonstration"):
            check_can_read_matter(desk, report.pk)


def _half(reports: list[DemoReport], which: int) -> list[DemoReport]:
    """Every event with all its retellings, for one of two processes."""
    roots: dict[str, str] = {}
    chosen = []
    for one in reports:
        own = str(one.report.get("report_id"))
        roots[own] = roots.get(one.same_event_as or own, own)
        if zlib.crc32(roots[own].encode()) % 2 == which:
            chosen.append(one)
    return chosen


def stocked_on() -> str:
    """Of which day the simulated sources tell, as ISO text; empty before they hold anything."""
    try:
        return (Path(settings.HOME) / "demo" / "stocked").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def put_on_stock(county: County | None = None, day: dt.date | None = None) -> None:
    """Let the simulated sources hold what the county's registries knew on `day`, or know today."""
    home = Path(settings.HOME)
    if county is None:
        county = build_county(SEED, clock_now().astimezone(TAIPEI).date(), size()[0])
    day = day or county.as_of
    fill_stock(standing.stock_of(home), county, day)
    (home / "demo" / "stocked").write_text(day.isoformat(), encoding="utf-8")


def _deliver_registries(county: County, past: Past, at: dt.datetime, tell: Tell) -> None:
    """The full deliveries of one night, each over its own transport, unless they are in already."""
    home = Path(settings.HOME)
    (home / "demo").mkdir(exist_ok=True)
    day = at.astimezone(TAIPEI).date()
    lately = county.as_of - day < dt.timedelta(days=30)
    if lately and not (home / "demo" / "written").exists():
        write_registries(county, home / "demo", day)  # for who wants to try `anwang load`
        (home / "demo" / "written").touch()
    if stocked_on() != day.isoformat():
        put_on_stock(county, day)
    past.go_to(at)
    stock = standing.stock_of(home)
    with standing.simulator_of(home, at) as simulator:
        sources = standing.connect_all(simulator)
        for place, source in enumerate(sources):
            there = Delivery.objects.filter(
                source_id=source, state=Delivery.State.PUBLISHED, delivered_at=at
            )
            if there.exists() or not stock.rows(source):  # a small county may know nothing yet
                continue
            tell(_("載入登記資料"), 5 + place * 24 // len(sources))
            _fetch(source)
        standing.disconnect_all(simulator)
    standing.note_delivery(home, at)


def _fetch(source: str) -> None:
    """Fetch one source's delivery as the worker would. It is the demo's own, so it must be taken."""

    def identified(outcome: LoadOutcome) -> None:
        if not outcome.held and outcome.delivery_id is not None:
            identify(outcome.delivery_id, actor=LOADING)

    came = fetch_source(source, actor=LOADING, loaded=identified)
    held = [one.held_because for one in came.outcomes if one.held]
    if came.trouble or held or not came.outcomes:
        raise RuntimeError(f"The demo's own delivery of {source}: {came.trouble or held}")


def _tell_all(
    reports: list[DemoReport],
    past: Past,
    tell: Tell,
    known_events: dict[tuple[str, str], uuid.UUID] | None = None,
) -> None:
    """Deliver, screen and decide reports in the order of their receipt; those known are left."""
    known = known_events if known_events is not None else _known_reports()
    told = {report_id: pk for (_sender, report_id), pk in known.items()}
    last_percent = -1
    for place, one in enumerate(reports):
        percent = 30 + int(69 * place / len(reports))
        if percent != last_percent:
            tell(_("示範年度的通報"), percent)
            last_percent = percent
        sender, report_id = (
            str(one.report.get("sender") or "local"),
            str(one.report.get("report_id")),
        )
        if (sender, report_id) in known:
            continue
        told[report_id] = _tell_one(one, sender, past)
        decide(one, told[report_id], told.get(one.same_event_as or ""), past)


def _known_reports() -> dict[tuple[str, str], uuid.UUID]:
    with acting(LOADING):
        found = Report.objects.filter(~Q(report_id="")).values_list("sender", "report_id", "pk")
        return {(sender, report_id): pk for sender, report_id, pk in found}


def _tell_one(one: DemoReport, sender: str, past: Past) -> uuid.UUID:
    """Deliver and screen in one transaction, so that no worker takes it at today's clock."""
    past.go_to(one.received_at + dt.timedelta(seconds=20))
    with transaction.atomic():
        receipt = deliver(one.report, sender=sender, historic=True, actor=LOADING)
        screen(receipt.report)
    return receipt.report
