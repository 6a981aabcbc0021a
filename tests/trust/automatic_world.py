"""Reports that policy would dispatch, or join to an earlier one, by itself, each with something that asks
for a person.

Delivered through the door and screened by the real code under the county overlay that ships as an
example; only then is each brought into its situation. What went out all the same is a finding.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from anwang.access.actions.accounts import end_account
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Conflict
from anwang.common.clock import clock_now
from anwang.intake.actions import Receipt, deliver
from anwang.triage.actions.automatic import dispatch_waiting
from anwang.triage.actions.decisions import answer, confirm
from anwang.triage.actions.escalation import close_office
from anwang.triage.actions.offers import withdraw_offer
from anwang.triage.actions.same_events import judge_same_event
from anwang.triage.actions.screening import screen
from anwang.triage.models import Matter, Offer, Screening
from anwang.triage.permissions import check_can_decide, check_can_see_overdue
from anwang.triage.trials.actions.steps import switch_step
from anwang.triage.trials.permissions import check_can_switch
from anwang.triage.trials.queries.steps import AUTO_DISPATCH, JOIN_REPEATS
from tests.conftest import as_role
from tests.factories import DESK, SENDER, TAOYUAN, account
from tests.rulebook.test_versions import agree, in_force, proposal

WELFARE: Final = "68000-welfare"
HARDSHIP: Final[dict[str, Any]] = {
    "channel": "mandated-web",
    "county": "桃園市",
    "reporter": {"mandated": True, "role": "village-head"},
    "subjects": [
        {"role": "person-in-need", "name": "範例阿琴", "birth": "民國76年4月4日", "sex": "F",
         "address": "桃園市中壢區範例路3段4號"},
    ],
    "concerns": ["poverty"],
    "immediate_danger": "no",
    "narrative": "里長說這家這個月繳不出房租。",
}  # fmt: skip
TWICE: Final[dict[str, Any]] = {
    "reporter": {"mandated": False, "role": "neighbour"},
    "subjects": [HARDSHIP["subjects"][0] | {"national_id": "A223456781"}],
    "incident": {"occurred_at": "昨晚"},
    "narrative": "里長昨晚到訪，說這家這個月繳不出房租，房東要他們月底前搬走，家裡只剩一包米，孩子還要上學。",
}
Held = tuple[Receipt, str]


def told(**more: Any) -> Receipt:
    """A report of hardship, screened; policy lets it go out by itself unless `more` says otherwise."""
    body = {"report_id": uuid.uuid4().hex} | HARDSHIP | more
    receipt = deliver(body, sender="tests", actor=SENDER)
    with as_role("worker"):
        screen(receipt.report)
    return receipt


def people() -> dict[str, Actor]:
    """The desk, a welfare team that answers, the county's two managers."""
    return {
        "desk": account("auto-desk", (DESK, TAOYUAN, "desk")),
        "supervisor": account("auto-supervisor", (WELFARE, TAOYUAN, "supervisor")),
        "team": account("auto-team", (WELFARE, TAOYUAN, "team-worker")),
        "one": account("auto-manager", ("", TAOYUAN, "county-manager")),
        "other": account("auto-manager-b", ("", TAOYUAN, "county-manager")),
        "ministry": account("auto-ministry", ("", None, "ministry")),
    }


def dispatched() -> int:
    """Let the program look at what waits."""
    with as_role("worker"):
        return dispatch_waiting()


def became(receipt: Receipt) -> tuple[str, str, list[str], int]:
    """(state of the report, what became of the proposal, why it was held, its offers)."""
    with as_role("worker"), acting(LOADING, "test"):
        made = Screening.objects.filter(matter=receipt.report).latest("at")
        state = Matter.objects.get(pk=receipt.report).state
        offers = Offer.objects.filter(matter=receipt.report).count()
        return state, made.automatic, made.held_because, offers


def repeated(**more: Any) -> tuple[Receipt, Receipt]:
    """A report and its repetition, which policy joins unless `more` says otherwise of the second."""
    return told(**TWICE), told(**TWICE | more)


def switched(who: Actor, county: str | None, *, runs: bool, step: str = AUTO_DISPATCH) -> None:
    """Stop the step, or let it run again."""
    with acting(who, "test"):
        permit = check_can_switch(who, county, to_run=runs)
        switch_step(step, county, runs=runs, permit=permit, reason="名冊已更新")


def _stopped(who: dict[str, Actor]) -> Held:
    receipt = told()
    switched(who["desk"], TAOYUAN, runs=False)
    return receipt, "switched-off"


def _stopped_again(who: dict[str, Actor]) -> Held:
    switched(who["one"], TAOYUAN, runs=True)
    return _stopped(who)


def _stopped_everywhere(who: dict[str, Actor]) -> Held:
    receipt = told()
    switched(who["ministry"], None, runs=False)
    return receipt, "switched-off"


def _ended_policy(who: dict[str, Actor]) -> Held:
    receipt = told()
    overlay = in_force("triage.dispatch", TAOYUAN)
    assert agree(who["other"], proposal(who["one"], overlay, retire=True)) == "retired"
    return receipt, "policy-changed"


def _taken_back(who: dict[str, Actor]) -> Held:
    receipt, desk = told(), who["desk"]
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        confirm(receipt.report, permit=permit)
        withdraw_offer(receipt.report, permit=permit)
    return receipt, "decided"


def _unknown(who: dict[str, Actor]) -> Held:
    """Under 16 and pregnant would be another stream, and nobody said how old she is."""
    nameless = {name: text for name, text in HARDSHIP["subjects"][0].items() if name != "birth"}
    return told(concerns=["poverty", "teen-pregnancy"], subjects=[nameless]), "unknown-facts"


def _weapon(who: dict[str, Actor]) -> Held:
    return told(incident={"weapon": True}), "urgent"


def _said_more(who: dict[str, Actor]) -> Held:
    body = {"report_id": uuid.uuid4().hex} | HARDSHIP
    receipt = deliver(body, sender="tests", actor=SENDER)
    with as_role("worker"):
        screen(receipt.report)
    deliver(body | {"narrative": "剛才鄰居說孩子被打。"}, sender="tests", actor=SENDER)
    return receipt, "said-more"


def _nobody_there(who: dict[str, Actor]) -> Held:
    receipt = told()
    with as_role("worker"), acting(LOADING, "test"):
        for one in ("supervisor", "team"):
            end_account(who[one].id, actor=LOADING)
    return receipt, "person-chooses"


def _closed_office(who: dict[str, Actor]) -> Held:
    receipt, supervisor = told(), who["supervisor"]
    with acting(supervisor, "test"):
        until = clock_now() + timedelta(hours=8)
        close_office(WELFARE, until, "颱風停班", permit=check_can_see_overdue(supervisor))
    return receipt, "person-chooses"


def _conflict(who: dict[str, Actor]) -> Held:
    receipt = told()
    with as_role("worker"), acting(LOADING, "test"):
        Conflict.objects.create(
            account_id=who["team"].id, object_kind="report", object_id=receipt.report,
            ground="family", source="declared", since=clock_now(),
        )  # fmt: skip
    return receipt, "person-chooses"


def _protected(who: dict[str, Actor]) -> Held:
    subject = HARDSHIP["subjects"][0] | {"safe_phone": "0900-000-321"}
    return told(subjects=[subject]), "person-chooses"


def _waited(who: dict[str, Actor]) -> Held:
    receipt = told()
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '31 minutes', true)")
    return receipt, "too-late"


def _joining_stopped(who: dict[str, Actor]) -> Held:
    _, receipt = repeated()
    switched(who["desk"], TAOYUAN, runs=False, step=JOIN_REPEATS)
    return receipt, "switched-off"


def _earlier_closed(who: dict[str, Actor]) -> Held:
    first, receipt = repeated()
    desk = who["desk"]
    with acting(desk, "decide"):
        answer(first.report, permit=check_can_decide(desk, first.report), reason="已說明")
    return receipt, "earlier-not-open"


def _tells_more(who: dict[str, Actor]) -> Held:
    _, receipt = repeated(concerns=["poverty", "housing"])
    return receipt, "tells-more"


def _parted(who: dict[str, Actor]) -> Held:
    first, receipt = repeated()
    desk = who["desk"]
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        judge_same_event(receipt.report, first.report, same=False, permit=permit)
    return receipt, "decided"


SITUATIONS: Final[dict[str, Callable[[dict[str, Actor]], Held]]] = {
    "its county stopped the step": _stopped,
    "its county let it run, then stopped it": _stopped_again,
    "the step is stopped everywhere": _stopped_everywhere,
    "the county's row was ended": _ended_policy,
    "the desk decided and took it back": _taken_back,
    "a deciding fact is unknown": _unknown,
    "there is a weapon": _weapon,
    "the reporter said more": _said_more,
    "nobody sits in the team": _nobody_there,
    "the team's office is closed": _closed_office,
    "somebody in the team must be kept from it": _conflict,
    "a subject is protected": _protected,
    "it has waited for long": _waited,
    "joining is stopped in its county": _joining_stopped,
    "the earlier report is closed": _earlier_closed,
    "it tells more than the earlier one": _tells_more,
    "the desk has parted the two": _parted,
}  # fmt: skip


@contextmanager
def taken_back() -> Iterator[None]:
    """One situation, of which nothing stays."""
    with connection.cursor() as cursor:
        cursor.execute("savepoint situation")
        try:
            yield
        finally:
            cursor.execute("rollback to savepoint situation")


def try_all(names: Iterable[str]) -> list[str]:
    """Everything that went out although it asks for a person, or was held without saying why."""
    found = []
    who = people()
    for name in names:
        with taken_back():
            receipt, code = SITUATIONS[name](who)
            before = became(receipt)
            dispatched()
            state, _, because, offers = became(receipt)
            if (state, offers) != (before[0], before[3]):
                found.append(f"went out although {name}")
            elif code not in because:
                found.append(f"{name}, and {because} is told")
    return found
