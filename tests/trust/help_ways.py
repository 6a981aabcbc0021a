"""Single-person ways to a safe address through a call for help: one sends, another goes (R7, R14).

Who is at the duty desk sends help to the address without seeing it, and the unit that is sent sees it
while the call is open. Every way here ends where one human alone has been told the address.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import connection

from anwang.access.context import Actor
from anwang.access.models import Membership
from anwang.intake.actions import deliver
from tests.factories import DESK, SECOND_TEAM, SENDER, TAOYUAN, TEAM, report_body

if TYPE_CHECKING:
    from tests.trust.test_two_persons import Trial

# name -> (human, seats as (team, role)); all in one county.
HELPERS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "sender": ("h20", ((DESK, "desk"),)),
    "sender-also-in-unit": ("h20", ((TEAM, "team-worker"),)),
    "two-seats": ("h21", ((DESK, "desk"), (TEAM, "team-worker"))),
    "sender-with-none-besides": ("h22", ((DESK, "desk"),)),
    "his-other-account": ("h22", ((SECOND_TEAM, "county-manager"),)),
    "unit": ("h23", ((TEAM, "team-worker"),)),
}


def report_with_safe_place() -> uuid.UUID:
    """A report at the desk, with an address that the vault keeps."""
    victim = report_body()["subjects"][0] | {"safe_address": "新北市範例區範例路9號"}
    return deliver(report_body(subjects=[victim]), sender="tests", actor=SENDER).report


def sends(t: Trial, by: str, team: str) -> uuid.UUID | None:
    """The call's id, where the database lets this account send this team."""
    call = uuid.uuid4()

    def send(actor: Actor) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "select intake.send_help(%s, %s, %s, '確認安全')", [call, t.protected, team]
            )

    return call if t._does(by, send) else None


def is_told(t: Trial, by: str, call: uuid.UUID | None) -> bool:
    """Whether this account is told the address of a call, as the button on its page asks for it."""
    rows: list[Any] = []

    def open_it(actor: Actor) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select sealed, wrapped from intake.help_address(%s)", [call])
            rows.extend(cursor.fetchall())

    return call is not None and t._does(by, open_it) and bool(rows)


def takes_a_seat(t: Trial, who: str, team: str) -> None:
    Membership.objects.create(
        account_id=t.who[who].id, team_id=team, role="team-worker", county=TAOYUAN
    )


def sends_help_to_his_own_desk(t: Trial) -> bool:
    return is_told(t, "sender", sends(t, "sender", DESK))


def sends_help_to_a_team_where_he_sits(t: Trial) -> bool:
    return is_told(t, "two-seats", sends(t, "two-seats", TEAM))


def sends_help_to_where_his_other_account_sits(t: Trial) -> bool:
    call = sends(t, "sender", TEAM)
    return is_told(t, "sender-also-in-unit", call) or is_told(t, "sender", call)


def sends_help_and_then_takes_a_seat_there(t: Trial) -> bool:
    call = _sent_and_gone(t, "sender-with-none-besides")
    takes_a_seat(t, "sender-with-none-besides", TEAM)
    return is_told(t, "sender-with-none-besides", call)


def sends_help_and_then_seats_his_other_account(t: Trial) -> bool:
    call = _sent_and_gone(t, "sender-with-none-besides")
    takes_a_seat(t, "his-other-account", TEAM)
    return is_told(t, "his-other-account", call)


def writes_the_call_himself(t: Trial) -> bool:
    """Names another as the sender, whose unit he is in."""
    call, other = uuid.uuid4(), t.who["sender-with-none-besides"].id
    t.sql(
        "two-seats",
        "insert into intake_helpcall (id, report_id, to_team, asked_by, reason, opened_at, ends_at)"
        f" values ('{call}', '{t.protected}', '{TEAM}', '{other}', '', clock.now(),"
        " clock.now() + interval '1 hour')",
    )
    return is_told(t, "two-seats", call)


def goes_when_it_is_over(t: Trial) -> bool:
    """A call that another sent in earnest, opened for oneself when nobody waits for it any more."""
    call = _sent_and_gone(t, "sender-with-none-besides")
    t.later("3 hours")
    return is_told(t, "unit", call)


def _sent_and_gone(t: Trial, by: str) -> uuid.UUID:
    """A call as it should be: one sends, the unit of another is told. Without it nothing is shown."""
    call = sends(t, by, TEAM)
    assert call is not None, "help cannot be sent at all"
    assert is_told(t, "unit", call), "the unit that was sent is not told where to"
    return call


HELP_WAYS: tuple[Callable[[Trial], bool], ...] = (
    sends_help_to_his_own_desk,
    sends_help_to_a_team_where_he_sits,
    sends_help_to_where_his_other_account_sits,
    sends_help_and_then_takes_a_seat_there,
    sends_help_and_then_seats_his_other_account,
    writes_the_call_himself,
    goes_when_it_is_over,
)
