"""Single-person ways to an act of two persons (R14): one human tries alone, by every way there is.

A trial takes one way, one act and one human with all the accounts that are his, makes the steps as
the application does, with the account's own signed context, and says whether the act could be used
without another human of another rank having approved just this, in time. Everything is rolled back.
"""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.accounts import add_account
from anwang.access.actions.two_persons import approve, ask, decline, use
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Account, Conflict, Membership, Twofold
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.trust.figure import Figure, hold, rotating
from tests.trust.help_ways import HELP_WAYS, HELPERS, report_with_safe_place
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "two_persons", "single-person ways to a two-person act", "0 of 10,000",
    share=500, whole=10_000, portion=1_000,
)  # fmt: skip
HERE, THERE = "68000", "63000"
TEXT = "依來文辦理，案號在卷；本件須於今日完成並回覆承辦人，特此說明。"
# name -> (human, seats, active). One human may have several accounts; None: the human is not known.
PEOPLE: dict[str, tuple[str | None, tuple[tuple[str, str | None], ...], bool]] = {
    "lead": ("h1", (("lead", HERE),), True),
    "lead-also-officer": ("h1", (("reporter-protection-officer", HERE), ("privacy-officer", HERE)), True),
    "lead-also-manager": ("h1", (("county-manager", HERE), ("supervisor", HERE)), True),
    "other-lead": ("h2", (("lead", HERE),), True),
    "officer": ("h3", (("reporter-protection-officer", HERE), ("privacy-officer", HERE)), True),
    "far-officer": ("h4", (("reporter-protection-officer", THERE), ("privacy-officer", THERE)), True),
    "gone-officer": ("h5", (("reporter-protection-officer", HERE), ("privacy-officer", HERE)), False),
    "supervisor": ("h6", (("supervisor", HERE),), True),
    "other-supervisor": ("h7", (("supervisor", HERE),), True),
    "supervisor-and-manager": ("h8", (("supervisor", HERE), ("county-manager", HERE)), True),
    "operator": ("h9", (("operator", None),), True),
    "operator-also-security": ("h9", (("security-officer", None),), True),
    "two-hats": ("h10", (("operator", None), ("security-officer", None)), True),
    "unknown-human": (None, (("lead", HERE),), True),
}  # fmt: skip
ASKED = {
    "lead": (
        ("reveal-reporter", "court-order"), ("reveal-safe-address", "court-order"),
        ("seal", "danger-of-leak"),
    ),
    "supervisor": (("seal", "danger-of-leak"), ("reveal-reporter", "danger-to-child")),
    "operator": (("rotate-keys", "routine"), ("shred-report", "retention-over")),
}  # fmt: skip
APPROVER = {"reveal-reporter": "officer", "reveal-safe-address": "officer", "seal": "officer"}
Who = dict[str, Actor]
World = tuple[Who, uuid.UUID]  # and a report with a safe address


@dataclass
class Trial:
    """One attempt: who there is, the asker, the act with its ground and object."""

    who: Who
    dice: random.Random
    asker: str
    act: str
    ground: str
    object: uuid.UUID | None
    protected: uuid.UUID  # a report with a safe address, for the calls for help

    def ask(self, by: str | None = None) -> uuid.UUID:
        actor = self.who[by or self.asker]
        with as_role("app"), acting(actor):
            return ask(self.act, "report", self.object, self.ground, TEXT, {"n": 1}, actor)

    def approve(self, request: uuid.UUID, by: str) -> bool:
        return self._does(by, lambda actor: approve(request, actor))

    def use(self, request: uuid.UUID, by: str | None = None, act: str = "") -> bool:
        return self._does(
            by or self.asker,
            lambda actor: use(request, actor, act=act or self.act, object_id=self.object),
        )

    def sql(self, by: str, *statements: str) -> bool:
        def run(actor: Actor) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        return self._does(by, run)

    def _does(self, by: str, step: Callable[[Actor], Any]) -> bool:
        actor = self.who[by]
        try:
            with transaction.atomic(), as_role("app"), acting(actor):
                try:
                    step(actor)
                except (AnwangError, DatabaseError):
                    transaction.set_rollback(True)
                    return False
        except DatabaseError:
            return False
        return True

    def good(self) -> tuple[uuid.UUID, str]:
        """A request that another human of another rank really approved, and who did."""
        request = self.ask()
        by = APPROVER.get(self.act) or _spare(self)
        assert self.approve(request, by), (self.act, by)
        return request, by

    def later(self, ahead: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('clock.ahead', %s, true)", [ahead])


def _spare(trial: Trial) -> str:
    """Somebody who may approve the operator's acts, made for this trial."""
    seats = (("security-officer", None),)
    trial.who["security"] = _account(f"security-{trial.dice.getrandbits(40)}", "h99", seats)
    return "security"


def _alone(trial: Trial) -> list[str]:
    """All accounts of the asker's human."""
    human = PEOPLE[trial.asker][0]
    return [name for name, (one, _, _) in PEOPLE.items() if one == human]


# The ways. Each answers whether one human alone got what takes two.


def approves_with_his_own_accounts(t: Trial) -> bool:
    request = t.ask()
    for name in _alone(t):
        t.approve(request, name)
    return t.use(request)


def gets_a_seat_that_approves(t: Trial) -> bool:
    """Self-approval by delegation: the asker is given, or gives himself, the other's seat."""
    request = t.ask()
    for role in (
        "reporter-protection-officer",
        "privacy-officer",
        "security-officer",
        "county-manager",
    ):
        Membership.objects.create(
            account_id=t.who[t.asker].id, team_id="acting-for", role=role,
            county=HERE if t.asker != "operator" else None,
        )  # fmt: skip
    t.approve(request, t.asker)
    return t.use(request)


def uses_it_twice(t: Trial) -> bool:
    request, _ = t.good()
    assert t.use(request)
    return t.use(request)


def uses_what_another_was_granted(t: Trial) -> bool:
    request, _ = t.good()
    other = {"lead": "other-lead", "supervisor": "other-supervisor"}.get(t.asker, "two-hats")
    return t.use(request, by=other)


def approver_uses_it_himself(t: Trial) -> bool:
    request, by = t.good()
    return t.use(request, by=by)


def uses_it_for_something_else(t: Trial) -> bool:
    request, _ = t.good()
    kept, t.object = t.object, uuid.uuid4()
    try:
        return t.use(request) or t.use(request, act="unseal") or t.use(request, act="bulk-export")
    finally:
        t.object = kept


def uses_another_request(t: Trial) -> bool:
    t.good()
    return t.use(t.ask())


def uses_it_late(t: Trial) -> bool:
    request, _ = t.good()
    t.later("31 minutes")
    return t.use(request)


def has_an_old_request_approved(t: Trial) -> bool:
    request = t.ask()
    t.later("8 days")
    by = APPROVER.get(t.act) or _spare(t)
    return t.approve(request, by)


def has_a_declined_one_approved(t: Trial) -> bool:
    request = t.ask()
    by = APPROVER.get(t.act) or _spare(t)
    assert t._does(by, lambda actor: decline(request, "不足", actor))
    return t.approve(request, by) or t.use(request)


def writes_the_approval_himself(t: Trial) -> bool:
    request, officer = t.ask(), t.who["officer"].id
    t.sql(
        t.asker,
        f"update access_twofold set approved_by = '{officer}', approved_at = clock.now(),"
        f" ends_at = clock.now() + interval '20 minutes' where id = '{request}'",
    )
    copied = uuid.uuid4()
    t.sql(
        t.asker,
        "insert into access_twofold (id, act, object_kind, object_id, ground, text, payload, digest,"
        " county, asked_by, asked_role, asked_team, expires_at, single_use, approved_by, approved_at,"
        f" ends_at, decline_reason, uses) select '{copied}', act, object_kind, object_id, ground, text,"
        " payload, digest, county, asked_by, asked_role, asked_team, expires_at, single_use,"
        f" '{officer}', clock.now(), clock.now() + interval '20 minutes', '', 0 from access_twofold"
        f" where id = '{request}'",
    )
    return t.use(request) or t.use(copied)


def changes_what_was_approved(t: Trial) -> bool:
    request, _ = t.good()
    t.sql(t.asker, f"update access_twofold set payload = '{{\"n\": 2}}' where id = '{request}'")
    return Twofold.objects.get(pk=request).payload != {"n": 1}


def makes_it_last(t: Trial) -> bool:
    request, _ = t.good()
    t.sql(
        t.asker,
        f"update access_twofold set ends_at = ends_at + interval '1 day' where id = '{request}'",
    )
    t.later("31 minutes")
    return t.use(request)


def says_he_is_the_officer(t: Trial) -> bool:
    """The officer named as the actor of the call, within the asker's own context."""
    request = t.ask()
    officer = t.who[APPROVER.get(t.act, "officer")]
    t._does(t.asker, lambda actor: approve(request, officer))
    t.sql(
        t.asker,
        f"select set_config('anwang.actor', '{officer.id}', true)",
        f"select set_config('anwang.context', '{officer.id}', true)",
        f"select access.two_approve('{request}')",
    )
    return t.use(request)


def approves_before_asking(t: Trial) -> bool:
    by = APPROVER.get(t.act) or _spare(t)
    if t.approve(uuid.uuid4(), by):
        return True
    return t.use(t.ask())


def takes_the_programs_way(t: Trial) -> bool:
    request, _ = t.good()
    about = f"'{t.object}'" if t.object else "null"
    return t.sql(t.asker, f"select access.two_carry_out('{request}', '{t.act}', {about})")


def asks_one_of_his_own_rank(t: Trial) -> bool:
    kept = t.asker, t.act, t.ground
    t.asker, t.act, t.ground = "supervisor", "seal", "danger-of-leak"
    try:
        request = t.ask()
        return t.approve(request, "other-supervisor") and t.use(request)
    finally:
        t.asker, t.act, t.ground = kept


def asks_below_a_rank_he_holds(t: Trial) -> bool:
    """Who is supervisor and manager asks as the one and has another supervisor approve."""
    kept = t.asker, t.act, t.ground
    t.asker, t.act, t.ground = "supervisor-and-manager", "seal", "danger-of-leak"
    try:
        request = t.ask()
        return t.approve(request, "other-supervisor") and t.use(request)
    finally:
        t.asker, t.act, t.ground = kept


def asks_somebody_far_away(t: Trial) -> bool:
    request = t.ask()
    return t.approve(request, "far-officer") and t.use(request)


def asks_somebody_who_is_gone(t: Trial) -> bool:
    request = t.ask()
    return t.approve(request, "gone-officer") and t.use(request)


def asks_with_an_ended_seat(t: Trial) -> bool:
    request = t.ask()
    by = APPROVER.get(t.act) or _spare(t)
    Membership.objects.filter(account_id=t.who[by].id).update(until=clock_now())
    return t.approve(request, by) and t.use(request)


def asks_somebody_in_conflict(t: Trial) -> bool:
    """A conflict that was there before the approval, or is known only after it."""
    if t.object is None:
        return False
    request = t.ask()
    by = APPROVER.get(t.act) or _spare(t)
    before = t.dice.random() < 0.5
    if not before:
        t.approve(request, by)
    Conflict.objects.create(account_id=t.who[by].id, object_kind="report", object_id=t.object,
                            ground="relative", source="declared")  # fmt: skip
    if before:
        t.approve(request, by)
    return t.use(request)


def goes_on_after_losing_his_seat(t: Trial) -> bool:
    request, _ = t.good()
    Membership.objects.filter(account_id=t.who[t.asker].id).update(until=clock_now())
    return t.use(request)


WAYS: tuple[Callable[[Trial], bool], ...] = (
    approves_with_his_own_accounts, gets_a_seat_that_approves, uses_it_twice,
    uses_what_another_was_granted, approver_uses_it_himself, uses_it_for_something_else,
    uses_another_request, uses_it_late, has_an_old_request_approved, has_a_declined_one_approved,
    writes_the_approval_himself, changes_what_was_approved, makes_it_last, says_he_is_the_officer,
    approves_before_asking, takes_the_programs_way, asks_one_of_his_own_rank,
    asks_below_a_rank_he_holds, asks_somebody_far_away, asks_somebody_who_is_gone,
    asks_with_an_ended_seat, asks_somebody_in_conflict, goes_on_after_losing_his_seat,
    *HELP_WAYS,
)  # fmt: skip


def _account(name: str, human: str | None, seats: tuple[tuple[str, str | None], ...]) -> Actor:
    return _in_seats(
        name, human, [(f"{county or 'national'}-office", county, role) for role, county in seats]
    )


def _in_seats(name: str, human: str | None, seats: list[tuple[str, str | None, str]]) -> Actor:
    made = add_account(
        name, display_name="範例", display_name_en="Example", password=None, county=None,
        memberships=seats, actor=LOADING, trained="tests",
    )  # fmt: skip
    if human:
        Account.objects.filter(pk=made.pk).update(human=human.encode().ljust(32, b"\x00"))
    return Actor(made.pk)


@contextlib.contextmanager
def world(server: Any, fault: dict[str, str] | None = None) -> Iterator[World]:
    """The people, in a database of their own whose connection may change anything."""
    name = f"anwang_twofold_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    if fault and "in" not in fault:
        plant(fault, server.address("postgres", name))
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": name,
        "HOST": str(server.sockets),
        "USER": "postgres",
        "OPTIONS": {},
    }
    try:
        with transaction.atomic():
            who = {one: _account(one, human, seats) for one, (human, seats, _) in PEOPLE.items()}
            gone = [who[one].id for one, (_, _, active) in PEOPLE.items() if not active]
            Account.objects.filter(pk__in=gone).update(is_active=False)
            for one, (human, seats_of_his) in HELPERS.items():
                places = [(team, HERE, role) for team, role in seats_of_his]
                who[one] = _in_seats(one, human, places)
            protected = report_with_safe_place()
        yield who, protected
    finally:
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def plant(fault: dict[str, str], address: str) -> None:
    """Patch one function of the database, and run what the fault wants besides."""
    with psycopg.connect(address, autocommit=True) as admin:
        if "function" in fault:
            ((before,),) = admin.execute(
                "select pg_get_functiondef(p.oid) from pg_proc p where p.oid = to_regproc(%s)",
                [fault["function"]],
            ).fetchall()
            assert fault["old"] in before, f"the fault does not fit any more: {fault['fault']}"
            after = before.replace(fault["old"], fault["new"])
            if "then_old" in fault:
                assert fault["then_old"] in after, f"renew the fault: {fault['fault']}"
                after = after.replace(fault["then_old"], fault["then_new"])
            admin.execute(after)
        if "also" in fault:
            admin.execute(fault["also"])


def attempt_in(world: World) -> Callable[[range, int], list[str]]:
    who, protected = world

    def attempt(numbers: range, seed: int) -> list[str]:
        found = []
        for number in numbers:
            dice = random.Random(f"{seed}/{number}")
            way = WAYS[number % len(WAYS)]
            asker = dice.choice(list(ASKED))
            act, ground = dice.choice(ASKED[asker])
            about = None if act == "rotate-keys" else uuid.UUID(int=dice.getrandbits(128))
            with transaction.atomic():
                if way(Trial(dict(who), dice, asker, act, ground, about, protected)):
                    found.append(f"{number}: {asker} alone: {act} by {way.__name__}")
                transaction.set_rollback(True)
        return found

    return attempt


@pytest.fixture
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_nobody_does_alone_what_takes_two(postgres_server, unblocked):
    with world(postgres_server) as made:
        hold(FIGURE, attempt_in(made))


@pytest.mark.parametrize("fault", rotating(faults_of("two_persons")), ids=lambda f: f["fault"])
def test_a_planted_way_for_one_is_found(fault, postgres_server, unblocked):
    with contextlib.ExitStack() as planted:
        made = planted.enter_context(world(postgres_server, fault))
        if "in" in fault:
            planted.enter_context(planted_in_code(fault))
        assert attempt_in(made)(range(6 * len(WAYS)), 1)
