"""What a person at the desk decides: confirm or change and offer, answer, open again.

`seen` is the matter's `changed_at` as the reader saw it: two desks must not overwrite each other.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.directory.models import Team
from anwang.triage.actions.clocks import (
    drop_clocks,
    next_due,
    resume_clocks,
    start_clocks,
    stop_clock,
)
from anwang.triage.actions.looked_at import ask_afterwards, settle_look
from anwang.triage.models import (
    TRANSITIONS,
    Decision,
    Matter,
    Offer,
    Screening,
    SecondLook,
    State,
)
from anwang.triage.queries.policies import policies_in_force
from anwang.triage.queries.second_looks import look_wanted_by
from anwang.triage.queries.teams import teams_for_matter
from anwang.triage.rules.attached import attached_clocks
from anwang.triage.rules.second_looks import WantedLook

DISPATCH_CLOCK = "dispatch-24h"
NOT_FOR_US = "not-for-us"
ERROR_KINDS = ("unreachable", "impossible", "out-of-scope", "entered-twice", "untrue")
MOST_RANKED = 8  # teams whose weights are kept with a decision; the chosen one besides
FIELDS = ("grade", "grade_class", "stream", "agency_kind", "joint_with", "passed_to", "team")
_DECIDED = tuple(name for name in FIELDS if name != "team")


class NotNow(AnwangError):
    """The report has moved on meanwhile. Look at it again before you decide."""


class ReasonNeeded(AnwangError):
    """A decision that differs from the proposal needs a reason."""


class SecondPersonNeeded(AnwangError):
    """Policy wants a second person for this decision. Put it before a colleague (`second_looks`)."""

    def __init__(self, look: WantedLook) -> None:
        super().__init__(_("規則要另一位同事先再看一次，這個決定還沒有生效。"))
        self.look = look


class NoTeam(AnwangError):
    """No team of this kind stands in the directory for this county. Choose another team."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the desk decides differently; None keeps the proposal's value."""

    reason: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def locked(matter_id: uuid.UUID, to: State, seen: dt.datetime | None = None) -> Matter:
    """The matter, locked, able to go to state `to`; raises NotNow where it is not, or moved on."""
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None or to not in TRANSITIONS[State(matter.state)]:
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    if seen is not None and matter.changed_at != seen:
        raise NotNow(_("您看過之後，這件通報有了變動。沒有送出任何決定，請看過新的內容再決定。"))
    return matter


@transaction.atomic
def confirm(
    matter_id: uuid.UUID, *, permit: Permit, change: Change | None = None,
    seen: dt.datetime | None = None, agreed: SecondLook | None = None,
) -> Offer | None:  # fmt: skip
    """Decide a report and offer it to a team; the desk stays accountable until it accepts.

    None where the report is for a body outside the network: it was passed on and is closed. `agreed`:
    the second look that the decision waited for. Raises NotNow, ReasonNeeded, NoTeam,
    SecondPersonNeeded.
    """
    matter = locked(matter_id, State.OFFERED, seen)
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    outcome, changed = _outcome(matter, change or Change())
    look = look_wanted_by(matter, screening, outcome, closing=outcome["team"] is None)
    if look is not None and look.comes_first and agreed is None:
        raise SecondPersonNeeded(look)
    at = clock_now()
    decision = Decision.objects.create(
        matter=matter,
        screening=screening,
        at=at,
        by=permit.actor.id,
        outcome=outcome,
        changed=changed,
        reason=(change.reason if change else "").strip(),
    )
    act = Act.DECISION_CHANGED if changed else Act.DECISION_CONFIRMED
    record_event(act, actor=permit.actor, object_kind="report", object_ids=[matter.pk],
                 purpose=permit.purpose, detail={"changed": changed})  # fmt: skip
    settle_look(matter, decision, permit, agreed)
    if outcome["team"] is None:
        _close(matter, State.ANSWERED, decision, permit)
        return None
    offer = _offer(matter, decision, screening, permit)
    if look is not None and agreed is None:
        ask_afterwards(matter, decision, look, permit)
    return offer


def _outcome(matter: Matter, change: Change) -> tuple[dict[str, Any], list[str]]:
    proposed = {name: getattr(matter, name) for name in FIELDS if name != "team"}
    outcome = proposed | {k: v for k, v in change.values.items() if k in proposed and v is not None}
    changed = sorted(name for name in proposed if outcome[name] != proposed[name])
    team, ranked = _team(matter, outcome, change, changed)
    if outcome["grade"] is None or outcome["stream"] is None:
        raise ReasonNeeded(_("尚未分級或分流，請先選定再派案。"))
    if changed and not change.reason.strip():
        raise ReasonNeeded(_("與建議不同的決定需要理由。"))
    return outcome | {"team": team, "ranked": ranked}, changed


def _team(
    matter: Matter, outcome: Mapping[str, Any], change: Change, changed: list[str]
) -> tuple[str | None, list[dict[str, Any]]]:
    """Where it goes (the chosen team, else the first ranked one that the agency's kind names; none
    for a body outside), and the rank on which that was decided (V6)."""
    chosen = change.values.get("team")
    if outcome["stream"] == NOT_FOR_US and outcome["passed_to"] and not chosen:
        return None, []
    ranked = teams_for_matter(matter, outcome["agency_kind"], outcome["stream"])
    suggested = [one for one in ranked if one.lawful]
    team = chosen or (suggested[0].id if suggested else None)
    if team is None or not Team.objects.filter(pk=team, is_desk=False).exists():
        raise NoTeam(_("本縣市的名冊沒有這一類的受理小組，請另選小組。"))
    if suggested and team != suggested[0].id:
        changed.append("team")
    kept = [one for place, one in enumerate(ranked) if place < MOST_RANKED or one.id == team]
    return str(team), [one.ranked.as_json() for one in kept]


def _offer(
    matter: Matter, decision: Decision, screening: Screening | None, permit: Permit
) -> Offer:
    team = decision.outcome["team"]
    offer = Offer.objects.create(
        matter=matter, decision=decision, team_id=team, offered_at=decision.at
    )
    for name in _DECIDED:
        setattr(matter, name, decision.outcome[name])
    stop_clock(matter, DISPATCH_CLOCK, decision.at, offer.pk)
    policies = policies_in_force(matter.county, decision.at.astimezone(TAIPEI).date())[0]
    inputs = screening.inputs if screening else {}
    clocks = attached_clocks(inputs, decision.outcome, policies)
    start_clocks(matter, clocks, matter.report.clock_started_at)
    matter.state = State.OFFERED
    matter.offered_team = team
    matter.due_at = next_due(matter, decision.at)
    matter.changed_at = decision.at
    matter.save(update_fields=[*_DECIDED, "state", "offered_team", "due_at", "changed_at"])
    with connection.cursor() as cursor:
        cursor.execute("select triage.relate_offer(%s)", [offer.pk])
    record_event(Act.OFFER_MADE, actor=permit.actor, object_kind="report", object_ids=[matter.pk],
                 purpose=permit.purpose, detail={"team": team})  # fmt: skip
    return offer


def known_persons(members: Iterable[Mapping[str, Any]]) -> list[uuid.UUID]:
    """Ids of the members whom we take to be somebody; a subject known to nobody has none."""
    ids = [str(member.get("person_id") or "subject-") for member in members]
    return [uuid.UUID(one) for one in ids if not one.startswith("subject-")]


@transaction.atomic
def answer(
    matter_id: uuid.UUID, *, permit: Permit, reason: str, error: str = "",
    seen: dt.datetime | None = None, agreed: SecondLook | None = None,
) -> None:  # fmt: skip
    """Close a report without a case: advice given, or a wrong report, `error` saying which kind.

    Never deletes; `reopen` takes it back. `agreed`: the second look that it waited for. Raises NotNow,
    ReasonNeeded, SecondPersonNeeded.
    """
    to = State.ERROR if error else State.ANSWERED
    if error and error not in ERROR_KINDS:
        raise ReasonNeeded(_("請選是哪一種錯誤通報。"))
    matter = locked(matter_id, to, seen)
    if not reason.strip():
        raise ReasonNeeded(_("不開案需要理由。"))
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    stands = {name: getattr(matter, name) for name in ("stream", "grade", "grade_class")}
    look = look_wanted_by(matter, screening, stands, closing=True)
    if look is not None and agreed is None:
        raise SecondPersonNeeded(look)
    outcome = {"state": str(to)} | ({"error_kind": error} if error else {})
    decision = Decision.objects.create(
        matter=matter, at=clock_now(), by=permit.actor.id, outcome=outcome,
        changed=["state"], reason=reason.strip(),
    )  # fmt: skip
    settle_look(matter, decision, permit, agreed)
    _close(matter, to, decision, permit)


def _close(matter: Matter, to: State, decision: Decision, permit: Permit) -> None:
    drop_clocks(matter, decision.at, decision.pk)
    matter.state, matter.changed_at, matter.due_at = to, decision.at, None
    matter.save(update_fields=["state", "changed_at", "due_at"])
    record_event(Act.REPORT_ANSWERED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk], purpose=permit.purpose, result=str(to))  # fmt: skip


@transaction.atomic
def reopen(
    matter_id: uuid.UUID, *, permit: Permit, reason: str, seen: dt.datetime | None = None
) -> None:
    """Put a report that was answered or found an error back before the desk, its clocks running on.

    A joined one is separated instead: see same_events. Raises NotNow, ReasonNeeded.
    """
    matter = locked(matter_id, State.AWAITING_DECISION, seen)
    if matter.state not in (State.ANSWERED, State.ERROR):
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    if not reason.strip():
        raise ReasonNeeded(_("重新處理需要理由。"))
    at = clock_now()
    Decision.objects.create(
        matter=matter, at=at, by=permit.actor.id, changed=["state"], reason=reason.strip(),
        outcome={"state": str(State.AWAITING_DECISION)},
    )  # fmt: skip
    resume_clocks(matter)
    matter.state, matter.changed_at = State.AWAITING_DECISION, at
    matter.due_at = next_due(matter, at)
    matter.save(update_fields=["state", "changed_at", "due_at"])
    record_event(Act.REPORT_REOPENED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk], purpose=permit.purpose)  # fmt: skip
