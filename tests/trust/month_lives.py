"""The lives that a month of `month.py` is made of: what people do when, what dies, and who has left."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction

from anwang.access.context import Actor
from anwang.cases.actions import finish_duty
from anwang.cases.actions.clocks import pause_duty, resume_duty
from anwang.common.errors import AnwangError
from anwang.triage.actions.screening import screen_waiting
from anwang.triage.models import Matter
from tests.conftest import as_role
from tests.trust.month import HOUR, REPORTS, Month, Story
from tests.trust.month_world import (
    AWAY,
    NATIONAL,
    SECOND,
    TEAM,
    as_owner_of_the_machine,
    set_clock,
)


def _deaths(
    dice: random.Random, start: dt.datetime, often: int, longest: float
) -> list[tuple[dt.datetime, dt.datetime]]:
    """Spans in which a program is dead, near where things happen."""
    spans = []
    for _ in range(often):
        begins = start + dice.uniform(-5, 30) * HOUR
        spans.append((begins, begins + dice.uniform(0.3, longest) * HOUR))
    return spans


def live(people: dict[str, Actor], seed: str) -> list[str]:
    """Live one month and give what was not as it must be."""
    month = Month(people, seed)
    try:
        with transaction.atomic():
            _live(month)
            transaction.set_rollback(True)
    except (AnwangError, DatabaseError, ObjectDoesNotExist) as error:
        # What people could not do although it was theirs to do: wrong as well.
        month.found.append(f"{type(error).__name__}: {str(error)[:120]}")
    return [f"{seed}: {line}" for line in month.found]


def _leave(month: Month, start: dt.datetime) -> None:
    month.at(start)
    for name in AWAY:
        if month.dice.random() < 0.2:
            month.away.add(name)
            with as_owner_of_the_machine() as cursor:
                if month.dice.random() < 0.5:
                    cursor.execute("update access_account set is_active = false where id = %s",
                                   [month.people[name].id])  # fmt: skip
                else:
                    cursor.execute("update access_membership set until = clock.now() where account_id = %s",
                                   [month.people[name].id])  # fmt: skip


def _live(month: Month) -> None:
    dice = month.dice
    # Through the year, often into its holidays.
    start = dt.datetime(2026, 1, 12, tzinfo=dt.UTC) + dice.uniform(0, 300) * 24 * HOUR
    if dice.random() < 0.5:
        month_day = dice.choice([(2, 9), (3, 28), (4, 28), (6, 12), (9, 21), (10, 5)])
        start = dt.datetime(2026, *month_day, tzinfo=dt.UTC)
    _leave(month, start)
    arrivals = sorted(start + dice.uniform(0, 9 * 24) * HOUR for _ in range(dice.choice(REPORTS)))
    for arrival in arrivals:
        _days_of_a_report(month, arrival)
    end = start + 30 * 24 * HOUR
    now = month.at(end)
    month.look(now, worker=True, page=True, clocks=True)
    month.hold_duties(now)
    month.hold_promise()


def _days_of_a_report(month: Month, arrival: dt.datetime) -> None:
    """One report from its delivery to its case, with whatever dies on the way."""
    dice = month.dice
    worker = _deaths(dice, arrival, dice.choice([0, 1, 2]), dice.choice([3, 12, 30]))
    page = _deaths(dice, arrival, dice.choice([0, 0, 1]), 6)
    now = month.at(arrival)
    month.look(now, worker=True, page=True, clocks=True)
    if dice.random() < 0.3:
        month.close_desk(now, dice.uniform(3, 20))
    story = month.deliver(now)
    plans = _plan(month, story)
    moment, both_dead = arrival, dt.timedelta(0)
    end = arrival + dice.choice([14, 20, 34]) * HOUR
    tick = 0
    while moment < end or plans:
        step = dt.timedelta(minutes=dice.choice([25, 45, 70]))
        if moment - arrival > 14 * HOUR:
            step *= 3
        moment += step
        tick += 1
        if dice.random() < 0.02:  # a step of the clock, both ways
            month.skew += dt.timedelta(minutes=dice.choice([-70, -20, 45, 150]))
        now = month.at(moment)
        while plans and plans[0][0] <= moment:
            _, what = plans.pop(0)
            again = what(now)
            if again is False and moment < end + 24 * HOUR:
                plans.insert(0, (moment + HOUR, what))
                break
        alive = [not any(a <= moment < b for a, b in spans) for spans in (worker, page)]
        both_dead = dt.timedelta(0) if any(alive) else both_dead + step
        if both_dead > 2.5 * HOUR:  # somebody opens the desk's page by then
            alive[1] = True
        if story.now == "waiting" and not story.urgent and alive[0]:
            _become_urgent(month, story)
        month.look(now, worker=alive[0], page=alive[1], clocks=tick % 4 == 0)
    for late in (4, 9, 15, 24, 25, 26):  # the days after, in which duties are warned of and run out
        now = month.at(moment + late * 24 * HOUR)
        month.look(now, worker=True, page=True, clocks=True)
    month.hold_duties(now)
    month.hold_clocks(now)


def _become_urgent(month: Month, story: Story) -> None:
    """Grade 1 begins another ladder: nobody is called again for what the last call stood for."""
    with as_role("worker"):
        screen_waiting()
        if Matter.objects.get(pk=story.id).grade != "1":
            return
    story.urgent, before, story.called = True, story.called, 0
    while (
        story.called < before
        and story.last_call is not None
        and story.rung_due(story.called + 1) <= story.last_call
    ):
        story.called += 1


def _plan(month: Month, story: Story) -> list[tuple[dt.datetime, Callable[[dt.datetime], object]]]:
    """What people will do with it, and when: one of the lives that a report has."""
    dice = month.dice
    begins = story.arrived - month.skew
    lives: list[tuple[tuple[float, Callable[[dt.datetime], object]], ...]]

    def after(
        low: float, high: float, what: Callable[..., object]
    ) -> tuple[float, Callable[[dt.datetime], object]]:
        return dice.uniform(low, high), lambda now: what(story, now)

    if story.desk == NATIONAL:
        lives = [
            (after(0.5, 30, month.answer),),
            (after(1, 4, month.answer), after(40, 60, month.reopen)),
        ]
    else:
        lives = [
            (after(0.3, 1.8, month.offer), after(2, 3, month.accept), after(20, 30, _works(month))),
            (after(1, 7, month.offer), after(8, 13, month.accept), after(20, 30, _works(month))),
            (after(0.5, 2, month.offer), after(26, 33, month.accept)),
            (after(26, 33, month.offer), after(33.5, 34, month.accept)),
            (after(0.5, 3, month.offer), after(4, 9, month.refuse), after(10, 16, _elsewhere(month)),
             after(17, 30, month.accept)),
            (after(0.5, 3, month.offer), after(4, 9, month.withdraw)),
            (after(1, 5, month.answer), after(30, 50, month.reopen)),
        ]  # fmt: skip
    chosen = dice.choice(lives)
    return [(begins + hours * HOUR, what) for hours, what in sorted(chosen, key=lambda one: one[0])]


def _elsewhere(month: Month) -> Callable[[Story, dt.datetime], object]:
    return lambda story, now: month.offer(story, now, SECOND)


def _works(month: Month) -> Callable[[Story, dt.datetime], object]:
    """The lead lets the investigation stand still, does another duty late, and goes on."""

    def working(story: Story, now: dt.datetime) -> object:
        if story.case is None or story.team != TEAM:
            return None
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(
                "select definition_id from triage_clock where matter_id = %s and stopped_at is null"
                " and state = 'running' and due_at > clock.now() + interval '2 days'"
                " and definition_id = 'child-investigation-30d'", [story.id],
            )  # fmt: skip
            pausable = cursor.fetchone()
            cursor.execute(
                "select definition_id from triage_clock where matter_id = %s and stopped_at is null"
                " and state = 'missed'", [story.id],
            )  # fmt: skip
            late = cursor.fetchone()
        if late:
            month.work(story, finish_duty, late[0])
        if pausable and not story.pauses:
            month.work(story, pause_duty, pausable[0], reason="whereabouts-unknown", days=10)
            set_clock(now + 50 * HOUR)
            month.work(story, resume_duty, pausable[0])
            story.pauses[pausable[0]] = (
                (now + 50 * HOUR + 8 * HOUR).date() - (now + 8 * HOUR).date()
            ).days
            set_clock(now)
        return None

    return working


def attempt_with(people: dict[str, Actor]) -> Callable[[range, int], list[str]]:
    """The attempt of the figure: a month for each number."""

    def attempt(numbers: range, seed: int) -> list[str]:
        return [line for number in numbers for line in live(people, f"{seed}/{number}")]

    return attempt


def months_until_found(people: dict[str, Actor], most: int) -> Iterator[list[str]]:
    """Months one after another, for a fault that must be found in one of them."""
    for number in range(most):
        found = live(people, f"planted/{number}")
        if found:
            yield found
            return
