"""A simulated month over the real code: virtual time, dead workers, closed offices, steps of the clock.

The script of a month is drawn from its seed. Beside it stands a model, in the plainest words that
say what must be so: who must have been called by now, who answers for a report, which clock runs.
It shares nothing with the product but the database that it looks into. A month is rolled back.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from django.db import connection

from anwang.access.context import Actor, acting
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.triage.actions.decisions import Change, answer, confirm, reopen
from anwang.triage.actions.escalation import call_people, close_office
from anwang.triage.actions.offers import refuse_offer, withdraw_offer
from anwang.triage.actions.screening import screen_waiting
from anwang.triage.actions.sweeping import look_at_clocks
from anwang.triage.models import Matter, Offer
from anwang.triage.permissions import (
    check_can_answer_offer,
    check_can_decide,
    check_can_see_overdue,
)
from anwang.triage.queries.overdue import silent_sweeps
from tests.conftest import as_role
from tests.factories import received_report
from tests.rulebook.test_due_times import clerk
from tests.trust.figure import ROOT
from tests.trust.month_world import (
    DESK,
    NATIONAL,
    SEATS,
    TEAM,
    set_clock,
)

HOUR: Final = dt.timedelta(hours=1)
SLACK: Final = dt.timedelta(minutes=2)
REPORTS: Final = (1, 1, 2)  # few, so that a thousand months can be lived
# T+2 h, T+6 h, then every two hours (threat model, P4); in grade 1 sooner.
ORDINARY: Final = (2.0, 6.0, 8.0, 10.0)
URGENT: Final = (0.5, 2.0, 4.0, 6.0)
EVERY: Final = 2.0
LINES: Final = {
    "waiting": (("desk",), ("supervisor",), ("county-manager",), ("ministry",)),
    "offered": (
        ("team-worker", "lead"),
        ("supervisor", "desk"),
        ("county-manager",),
        ("ministry",),
    ),
}
CLOCKS: Final = {
    one["id"]: one
    for one in yaml.safe_load((ROOT / "anwang/triage/policies/clocks.yaml").read_text("utf-8"))[
        "clocks"
    ]
}
ENDS: Final = {  # the last thing on a clock's log -> how the clock must stand
    "started": ("running", False), "warned": ("running", False), "resumed": ("running", False),
    "reopened": ("running", False), "paused": ("paused", False), "met": ("met", True),
    "missed": ("missed", False), "done-late": ("missed", True), "dropped": ("dropped", True),
}  # fmt: skip


@dataclass
class Story:
    """What the model holds of one report."""

    id: uuid.UUID
    desk: str
    since: dt.datetime
    arrived: dt.datetime
    urgent: bool
    now: str = "waiting"  # waiting, offered, over
    team: str | None = None
    case: uuid.UUID | None = None
    called: int = 0
    last_call: dt.datetime | None = None
    holders: list[tuple[str, dt.datetime]] = field(default_factory=list)
    dispatched: bool = False
    pauses: dict[str, int] = field(default_factory=dict)

    def rung_due(self, n: int) -> dt.datetime:
        hours = URGENT if self.urgent else ORDINARY
        after = hours[n - 1] if n <= len(hours) else hours[-1] + EVERY * (n - len(hours))
        return max(self.since + after * HOUR, self.arrived + (after - hours[0]) * HOUR)

    def rungs_by(self, now: dt.datetime) -> int:
        n = self.called
        while self.rung_due(n + 1) <= now:
            n += 1
        return n


class Month:
    """One seed's month. `found` holds what was not as it must be."""

    def __init__(self, people: dict[str, Actor], seed: str) -> None:
        self.people, self.dice = people, random.Random(seed)
        self.who = {actor.id: name for name, actor in people.items()}
        self.found: list[str] = []
        self.stories: list[Story] = []
        self.away: set[str] = set()
        self.closed: list[tuple[str, dt.datetime, dt.datetime]] = []
        self.skew = self.looked_with = dt.timedelta(0)
        self.highest = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.last_look: dt.datetime | None = None
        self.heard: set[uuid.UUID] = set()

    # Time and people ------------------------------------------------------------------------------

    def at(self, real: dt.datetime) -> dt.datetime:
        """Set the database's clock to this moment of the script; what it then says."""
        now = real + self.skew
        # Not on a brink: the clock runs on while a look is taken.
        while any(now - SLACK / 4 < brink <= now + SLACK for brink in self.brinks(now)):
            now += SLACK
        set_clock(now)
        self.highest = max(self.highest, now)
        return now

    def brinks(self, now: dt.datetime) -> Iterator[dt.datetime]:
        """Instants about now at which something changes by time alone."""
        for story in self.stories:
            yield story.rung_due(story.rungs_by(now - SLACK / 4) + 1)
            yield story.since + CLOCKS["dispatch-24h"]["hours"] * HOUR
        yield from (until for _, _, until in self.closed)

    def standing(self, story: Story, rung: int, now: dt.datetime) -> set[str]:
        """Who stands on a rung, by the model's own list of who is there."""
        place = story.team if story.now == "offered" else story.desk
        found = set()
        for name, (team, county, role) in SEATS.items():
            if name in self.away or any(t == team and a <= now < b for t, a, b in self.closed):
                continue
            if role not in LINES[story.now][rung - 1]:
                continue
            if role == "desk":
                there = team == story.desk
            elif role == "county-manager":
                there = county == "68000" and story.desk != NATIONAL
            else:
                there = role == "ministry" or team == place
            if there:
                found.add(name)
        return found

    def must_be_called(self, story: Story, now: dt.datetime) -> set[str]:
        """Whom this look must call for a report, and note that they were."""
        reached = story.rungs_by(now)
        if story.now == "over" or reached == story.called:
            return set()
        first, last = min(story.called + 1, 4), min(reached, 4)
        called: set[str] = set()
        there: set[str] = set()
        for n in range(first, last + 1):
            there = self.standing(story, n, now)
            called |= there
        n = last
        while not there and n < 4:
            n += 1
            there = self.standing(story, n, now)
            called |= there
        while not called and n > 1:
            n -= 1
            called = self.standing(story, n, now)
        story.called, story.last_call = reached, now
        return called

    # What programs do -----------------------------------------------------------------------------

    def look(self, now: dt.datetime, worker: bool, page: bool, clocks: bool) -> None:
        """One look by whoever is alive, held against the model."""
        ready = worker or (
            page and (self.last_look is None or abs(now - self.last_look) > SLACK * 3)
        )
        silent = self.last_look is None or abs(now - self.last_look) > SLACK * 3
        if not worker and not ready and silent:
            with as_role("app"):
                if "ladder" not in {one.name for one in silent_sweeps()}:
                    self.say(now, "nobody looks, and nothing says so")
        if not ready:
            return
        if worker:
            with as_role("worker"):
                screen_waiting()
                call_people()
        else:
            with as_role("app"), acting(self.people["desk"], "duty-desk"), \
                    connection.cursor() as cursor:  # fmt: skip
                cursor.execute("select triage.climb_if_silent(100)")
        self.last_look = now
        if worker and self.skew != self.looked_with:
            self.looked_with = self.skew
            with as_role("app"):
                if "ladder" in {one.name for one in silent_sweeps()}:
                    self.say(now, "it was looked after, and is said not to be")
        self.hold_calls(now)
        if worker and clocks:
            with as_role("worker"):
                look_at_clocks()
            self.hold_clocks(now, looked=True)

    def hold_calls(self, now: dt.datetime) -> None:
        """Exactly those were called who had to be: nobody less, nobody more, nobody twice."""
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(
                "select id, object_id, to_account from access_notice where kind = 'report-waiting'"
                " and id <> all(%s)",
                [list(self.heard)],
            )
            fresh = cursor.fetchall()
        self.heard.update(one for one, _, _ in fresh)
        told: dict[uuid.UUID, list[str]] = {}
        for _, about, account in fresh:
            told.setdefault(about, []).append(self.who.get(account, "a stranger"))
        for story in self.stories:
            must, were = self.must_be_called(story, now), sorted(told.pop(story.id, []))
            if were != sorted(must):
                self.say(now, f"called {were}, not {sorted(must)}, rung {story.called}", story)
        if told:
            self.say(now, f"calls for reports that are none: {told}")

    # What people do -------------------------------------------------------------------------------

    def deliver(self, now: dt.datetime) -> Story:
        kind = self.dice.choice(["plain", "plain", "plain", "urgent", "late", "nowhere"])
        more: dict[str, Any] = {"immediate_danger": "yes"} if kind == "urgent" else {}
        if kind == "late":
            received = now - self.dice.uniform(3, 40) * HOUR
            more["received_at"] = received.isoformat()
        if kind == "nowhere":
            more |= {"county": None, "subjects": [{"role": "victim", "name": "某童"}]}
        receipt = received_report(**more)
        with as_role("worker"):
            told = Matter.objects.select_related("report").get(pk=receipt.report)
        story = Story(
            receipt.report, NATIONAL if kind == "nowhere" else DESK,
            told.report.clock_started_at, told.report.accepted_at, urgent=False,
        )  # fmt: skip
        if abs(told.report.accepted_at - now) > SLACK:
            self.say(now, "a report was accepted at another time than it is", story)
        story.holders.append((story.desk, told.report.accepted_at))
        self.stories.append(story)
        return story

    def act(self, story: Story, actor: str, purpose: str, what: Callable[[Actor], Any]) -> Any:
        with as_role("app"), acting(self.people[actor], purpose):
            done = what(self.people[actor])
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            cursor.execute("set constraints all deferred")
        return done

    def desk_of(self, story: Story) -> str:
        return "national desk" if story.desk == NATIONAL else "desk"

    def offer(self, story: Story, now: dt.datetime, team: str = TEAM) -> bool:
        with as_role("worker"):
            matter = Matter.objects.get(pk=story.id)
        if matter.state != "awaiting-decision" or story.desk == NATIONAL:
            return False
        values = {"team": team, "grade": matter.grade or "2", "grade_class": "1",
                  "stream": "child-protection"}  # fmt: skip
        self.act(story, "desk", "decide", lambda who: confirm(
            story.id, permit=check_can_decide(who, story.id), change=Change("依轄區", values)))  # fmt: skip
        story.now, story.team, story.dispatched = "offered", team, True
        return True

    def offer_of(self, story: Story) -> uuid.UUID:
        with as_role("worker"):
            return Offer.objects.get(matter=story.id, answer="open").pk

    def accept(self, story: Story, now: dt.datetime) -> None:
        if story.now != "offered":
            return
        who = "lead" if story.team == TEAM else "second worker"
        offer = self.offer_of(story)
        case: Case = self.act(story, who, "answer-offer", lambda one: accept_offer(
            offer, permit=check_can_answer_offer(one, offer)))  # fmt: skip
        story.now, story.case = "over", case.pk
        assert story.team is not None
        story.holders.append((story.team, now))

    def refuse(self, story: Story, now: dt.datetime) -> None:
        if story.now != "offered":
            return
        who = "lead" if story.team == TEAM else "second worker"
        offer = self.offer_of(story)
        self.act(story, who, "answer-offer", lambda one: refuse_offer(
            offer, code="not-our-area", text="", permit=check_can_answer_offer(one, offer)))  # fmt: skip
        story.now, story.team, story.dispatched = "waiting", None, False

    def withdraw(self, story: Story, now: dt.datetime) -> None:
        if story.now != "offered":
            return
        self.act(story, "desk", "decide", lambda who: withdraw_offer(
            story.id, permit=check_can_decide(who, story.id)))  # fmt: skip
        story.now, story.team, story.dispatched = "waiting", None, False

    def answer(self, story: Story, now: dt.datetime) -> bool:
        with as_role("worker"):
            if Matter.objects.get(pk=story.id).state != "awaiting-decision":
                return False
        self.act(story, self.desk_of(story), "decide", lambda who: answer(
            story.id, permit=check_can_decide(who, story.id), reason="已說明"))  # fmt: skip
        story.now = "over"
        return True

    def reopen(self, story: Story, now: dt.datetime) -> None:
        if story.now != "over":
            return
        self.act(story, self.desk_of(story), "decide", lambda who: reopen(
            story.id, permit=check_can_decide(who, story.id), reason="再看一次"))  # fmt: skip
        story.now, story.called, story.since, story.arrived = "waiting", 0, now, now

    def work(self, story: Story, what: Callable[..., Any], clock: str, **more: Any) -> None:
        who = "lead" if story.team == TEAM else "second worker"
        assert story.case is not None
        case = story.case
        self.act(story, who, "case-work", lambda one: what(
            case, clock, permit=check_can_work_case(one, case), **more))  # fmt: skip

    def close_desk(self, now: dt.datetime, hours: float) -> None:
        until = now + hours * HOUR
        if "desk supervisor" in self.away:
            return
        with as_role("app"), acting(self.people["desk supervisor"], "overdue") as who:
            close_office(DESK, until, "颱風停班", permit=check_can_see_overdue(who))
        self.closed.append((DESK, now, until))

    # What must be so ------------------------------------------------------------------------------

    def hold_clocks(self, now: dt.datetime, *, looked: bool = False) -> None:
        """Each clock's end is the clerk's, its state fits the time, its log says all that happened."""
        stories = {one.id: one for one in self.stories}
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(
                "select k.matter_id, k.definition_id, k.started_at, k.due_at, k.state, k.stopped_at,"
                " k.warned, (select array_agg(e.what::text order by e.id) from triage_clockevent e"
                " where e.clock_id = k.id), (select count(*) from access_notice n where n.object_id ="
                " k.matter_id and n.kind = 'clock-warned' and n.detail ->> 'clock' = k.definition_id)"
                " from triage_clock k where k.matter_id = any(%s)", [list(stories)],
            )  # fmt: skip
            rows = cursor.fetchall()
        for about, name, started, due, state, stopped, _warned, log, warnings in rows:
            story = stories[about]
            said = CLOCKS[name]
            if name != "review-30d":
                unit = next(
                    one for one in ("hours", "days", "working_days", "months") if one in said
                )
                if clerk(started, unit, said[unit], story.pauses.get(name, 0)) != due:
                    self.say(now, f"{name} is due {due}, started {started}", story)
            if not log or ENDS.get(log[-1]) not in ((state, stopped is not None), None):
                self.say(now, f"{name} stands as {state}, its log ends {log[-3:]}", story)
            if state == "met" and stopped > due:
                self.say(now, f"{name} was done late and counts as met", story)
            if looked and state == "running" and due < now:
                self.say(now, f"{name} ran out and nobody says so", story)
            if state == "missed" and due > self.highest:
                self.say(now, f"{name} is missed before its time", story)
            if warnings > 2:
                self.say(now, f"{warnings} warnings for {name}", story)
        for story in self.stories:
            mine = {
                name: (state, stopped)
                for about, name, _, _, state, stopped, *_ in rows
                if about == story.id
            }
            waits = story.now == "waiting"
            state, stopped = mine["dispatch-24h"]
            if waits and not (state in ("running", "missed") and stopped is None):
                self.say(now, f"it waits, and its first clock is {state}", story)
            if story.now == "offered" and stopped is None:
                self.say(now, "it was dispatched, and its first clock still runs", story)

    def hold_duties(self, now: dt.datetime) -> None:
        """One team at every instant, without a gap, the one that the script made accountable."""
        for story in self.stories:
            with as_role("worker"), connection.cursor() as cursor:
                cursor.execute(
                    "select accountable_team, lower(during), upper(during) from triage_duty"
                    " where matter_id = %s order by lower(during)", [story.id],
                )  # fmt: skip
                duties = cursor.fetchall()
                cursor.execute(
                    "select accountable_team from triage_matter where report_id = %s", [story.id]
                )
                (current,) = cursor.fetchone()
            for (_, _, ended), (_, begun, _) in itertools.pairwise(duties):
                if ended != begun:
                    self.say(now, f"a duty ended {ended}, the next began {begun}", story)
            if [one for one in duties if one[2] is None] != duties[-1:] or current != duties[-1][0]:
                self.say(now, "not just one team answers now", story)
            wanted, latest = [], dt.datetime.min.replace(tzinfo=dt.UTC)
            for team, at in story.holders:
                latest = max(at, latest)
                wanted.append((team, latest))
            teams = [(team, begun) for team, begun, _ in duties]
            if [team for team, _ in teams] != [team for team, _ in wanted] or any(
                abs(a - b) > SLACK for (_, a), (_, b) in zip(teams, wanted, strict=False)
            ):
                self.say(now, f"accountable were {teams}, not {wanted}", story)

    def hold_promise(self) -> None:
        """The figure itself: nothing waits a day without a person called by its sixth hour."""
        for story in self.stories:
            if story.now != "over" and self.highest - story.since > 24 * HOUR and story.called < 2:
                self.say(self.highest, "a day undispatched, and nobody was called", story)

    def say(self, now: dt.datetime, what: str, story: Story | None = None) -> None:
        self.found.append(f"{now:%m-%d %H:%M} {str(story.id)[:4] if story else '-'}: {what}")
