"""Lets the office do with a report what its story says: through the actions that people use."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache
from random import Random
from typing import Protocol

from anwang.access.context import Actor, acting
from anwang.access.models import Membership
from anwang.access.vocabulary import Role
from anwang.cases.actions import accept_offer, close_case, finish_duty
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.triage.actions.clocks import REVIEW, unmet
from anwang.triage.actions.decisions import (
    Change,
    NoTeam,
    NotNow,
    ReasonNeeded,
    SecondPersonNeeded,
    answer,
    confirm,
)
from anwang.triage.actions.offers import refuse_offer
from anwang.triage.actions.same_events import NotThisPair, judge_same_event
from anwang.triage.actions.second_looks import ask_look, look_again
from anwang.triage.models import Matter, Offer, SecondLook, State
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from anwang.triage.queries.teams import teams_for_matter
from demo.reports import DemoReport
from demo.staff import accounts

ANSWERS = {
    "consult-vague": "已提供諮詢與求助管道，來電者同意自行聯絡社福中心。",
    "out-of-scope": "非社會安全網業務，已告知主管機關電話。",
    "unreachable": "三次聯絡未果，資料不足以辨識對象，保留紀錄待再有通報時合看。",
}
REFUSAL_TEXTS = {"other": "本組人力已由督導統一調派，請改派同區他組。"}
# Why a report goes to another team than the first of the ranking.
GIVEN_BACK = "原受理單位退回，改派同區單位。"
NOT_THERE = "首選單位本日已滿載，改派次順位單位。"
CLOSINGS = (
    "處遇目標達成，家庭同意結案，告知可再求助的管道。",
    "風險已降低，轉由學校輔導與社福資源持續關懷。",
    "遷居他縣市，已轉介當地並完成銜接。",
    "三個月無新事件，家庭支持穩定，結案追蹤。",
)
SHARE_CLOSED = 0.85
SHARE_LATE = 0.06
# Of what policy wants a second look at after it has gone, so much has had it.
SHARE_LOOKED_AT = 0.95
_ANSWERING = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)


class Travels(Protocol):
    """A clock that can be set into the past; `now` is the demo's present."""

    now: dt.datetime

    def go_to(self, instant: dt.datetime) -> None: ...


def decide(one: DemoReport, report: uuid.UUID, earlier: uuid.UUID | None, past: Travels) -> None:
    """Play the story of a report to its end; an open one stays at the desk."""
    story = one.story
    if story.outcome == "open" or story.decided_after_hours is None:
        return
    at = one.received_at + dt.timedelta(hours=story.decided_after_hours)
    past.go_to(at)
    desk = _seat(Matter.objects.only("desk_team").get(pk=report).desk_team, (Role.DESK,))
    if desk is None:
        return
    if story.outcome == "linked" and earlier is not None and _join(report, earlier, desk):
        return
    if story.outcome in ("answered", "linked"):
        _answer(report, one.kind, desk)
    else:
        _dispatch(one, report, desk, at, past)


@cache
def _shown_accounts() -> tuple[str, ...]:
    return tuple(one.login for one in accounts() if not one.lapsed)


@cache
def _seat(
    team_id: str | None, roles: tuple[Role, ...], other_than: uuid.UUID | None = None
) -> Actor | None:
    seats = Membership.objects.filter(
        team_id=team_id, role__in=roles, account__username__in=_shown_accounts()
    )
    if other_than is not None:
        seats = seats.exclude(account_id=other_than)
    found = seats.order_by("account__username").first()
    return Actor(found.account_id, team_id=found.team_id, role=found.role) if found else None


def _join(report: uuid.UUID, earlier: uuid.UUID, desk: Actor) -> bool:
    """Join it with the earlier one; False where that one has moved on."""
    with acting(desk, "decide"):
        permit = check_can_decide(desk, report)
        try:
            judge_same_event(report, earlier, same=True, permit=permit, reason="同一事件，合併處理")
        except (NotNow, NotThisPair):
            return False
    return True


def _answer(report: uuid.UUID, kind: str, desk: Actor) -> None:
    """End it; where policy wants a second person, a colleague of the desk agrees, if it has one."""
    text = ANSWERS.get(kind, "與先前通報同一事件，資料已併入。")
    with acting(desk, "decide"):
        permit = check_can_decide(desk, report)
        try:
            answer(report, permit=permit, reason=text)
            return
        except SecondPersonNeeded as needed:
            ask_look(report, needed.look, permit=permit, seen=None, error="", reason=text)
    _look_again(report, desk)


def _look_again(report: uuid.UUID, first: Actor) -> None:
    second = _seat(first.team_id, (Role.DESK,), other_than=first.id)
    if second is None:
        return
    with acting(second, "decide"):
        look_again(report, agrees=True, permit=check_can_decide(second, report))


def _confirm(report: uuid.UUID, desk: Actor, not_to: str | None = None) -> Offer | None:
    """Confirm as proposed; where nobody of the demo answers there (or it refused), another team.

    A team without a demo account would leave its offers unanswered for the whole year.
    """
    with acting(desk, "decide"):
        permit = check_can_decide(desk, report)
        matter = Matter.objects.get(pk=report)
        ranked = teams_for_matter(matter, matter.agency_kind, matter.stream)
        answering = [one for one in ranked if one.id != not_to and _seat(one.id, _ANSWERING)]
        fitting = [one for one in answering if one.lawful] or answering
        if not fitting:
            return None
        first = next((one.id for one in ranked if one.lawful), None)
        change = None
        if not_to or fitting[0].id != first:
            reason = NOT_THERE if not_to is None else GIVEN_BACK
            change = Change(reason, {"team": fitting[0].id})
        try:
            offer = confirm(report, permit=permit, change=change)
        except (NoTeam, NotNow, ReasonNeeded, SecondPersonNeeded):
            return None
        waits = SecondLook.objects.filter(matter=report, verdict="").exists()
    if waits and Random(report.int).random() < SHARE_LOOKED_AT:
        _look_again(report, desk)
    return offer


def _dispatch(
    one: DemoReport, report: uuid.UUID, desk: Actor, at: dt.datetime, past: Travels
) -> None:
    story = one.story
    offer = _confirm(report, desk)
    if offer is None:
        return
    if story.outcome == "refused":
        past.go_to(at + dt.timedelta(minutes=50))
        if not _refuse(offer, story.refusal or "other"):
            return
        later = one.received_at + dt.timedelta(hours=story.settled_after_hours or 24)
        past.go_to(max(later, at + dt.timedelta(hours=1)))
        offer = _confirm(report, desk, not_to=offer.team_id)
        if offer is None:
            return
    accepted_at = max(at, offer.offered_at) + dt.timedelta(minutes=35)
    past.go_to(accepted_at)
    case = _accept(offer)
    if case is not None:
        _work(case, offer, accepted_at, past)


def _refuse(offer: Offer, code: str) -> bool:
    worker = _worker(offer)
    if worker is None:
        return False
    with acting(worker, "answer-offer"):
        permit = check_can_answer_offer(worker, offer.pk)
        refuse_offer(offer.pk, code=code, text=REFUSAL_TEXTS.get(code, ""), permit=permit)
    return True


def _accept(offer: Offer) -> Case | None:
    worker = _worker(offer)
    if worker is None or Matter.objects.get(pk=offer.matter_id).state != State.OFFERED:
        return None
    with acting(worker, "answer-offer"):
        return accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))


def _work(case: Case, offer: Offer, accepted_at: dt.datetime, past: Travels) -> None:
    """The team does its duties, nearly all in time, and closes most cases within some months."""
    worker = _worker(offer)
    if worker is None:
        return
    # The report's own id draws: the story is the same however the filling was cut in two.
    drawn = Random(offer.matter_id.int)
    closes = drawn.random() < SHARE_CLOSED
    ends = accepted_at + dt.timedelta(days=drawn.uniform(35, 150)) if closes else past.now
    clocks = list(unmet(Matter.objects.get(pk=offer.matter_id)).order_by("due_at"))
    for clock in clocks:
        late = drawn.random() < SHARE_LATE
        share = drawn.uniform(1.02, 1.3) if late else drawn.uniform(0.2, 0.95)
        done_at = max(clock.started_at + (clock.due_at - clock.started_at) * share, accepted_at)
        if done_at < min(ends, past.now):
            _finish(case, clock.definition_id, worker, done_at, past)
    if ends < past.now:
        past.go_to(ends)
        with acting(worker, "case-work"):
            permit = check_can_work_case(worker, case.pk)
            close_case(case.pk, reason=drawn.choice(CLOSINGS), permit=permit)
    elif accepted_at < past.now - dt.timedelta(days=35):
        _finish(case, REVIEW, worker, past.now - dt.timedelta(days=drawn.uniform(1, 27)), past)


def _finish(case: Case, clock: str, worker: Actor, at: dt.datetime, past: Travels) -> None:
    past.go_to(at)
    with acting(worker, "case-work"):
        try:
            finish_duty(case.pk, clock, permit=check_can_work_case(worker, case.pk))
        except NotNow:  # other clocks still run, so there was no review to do
            return


def _worker(offer: Offer) -> Actor | None:
    return _seat(offer.team_id, _ANSWERING)
