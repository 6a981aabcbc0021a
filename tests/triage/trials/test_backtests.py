"""A back-test from asking to its result, against a slow count of the same reports one by one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter

import pytest
from django.db import connection

from anwang.access.context import TRYING, acting
from anwang.access.models import AuditEntry
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.triage.models import Backtest, BacktestDifference, Screening
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.propose import propose, said_of
from anwang.triage.trials.actions import backtests
from anwang.triage.trials.actions.backtests import (
    TooManyWait,
    ask_backtest,
    run_waiting_backtests,
    stop_backtest,
)
from anwang.triage.trials.actions.running import Compared, tallied
from anwang.triage.trials.permissions import check_can_try
from anwang.triage.trials.queries.drafts import CannotBeTried
from anwang.triage.trials.queries.past_reports import Wanted
from anwang.triage.trials.queries.versions import PolicySet, Version, versions_in_force, with_tried
from anwang.triage.trials.rules.results import counted
from tests.conftest import as_role
from tests.factories import desk_worker
from tests.triage.trials.conftest import draft_of

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 3, 2)
TOLD = [
    {},
    {"concerns": ["poverty"], "immediate_danger": "no", "narrative": "失業三個月，繳不出房租。"},
    {"concerns": ["suicide-attempt"], "narrative": "吞藥，已送醫。"},
    {"concerns": ["partner-violence"], "incident": {"weapon": True, "injury": "serious"}},
    {"concerns": [], "narrative": "", "subjects": []},
]
GRAVER = ("triage.grade", "G-13", {"grade": "1"})


@pytest.fixture
def permit(db) -> Permit:
    actor = desk_worker()
    with acting(actor, "test"):
        return check_can_try(actor)


def asked(permit: Permit, *tried: Version) -> Backtest:
    with acting(permit.actor, "test"):
        return ask_backtest(tried, permit=permit)


def ran(run: Backtest) -> Backtest:
    with as_role("worker"):
        run_waiting_backtests()
        with acting(TRYING, "test"):
            return Backtest.objects.get(pk=run.pk)


def test_what_the_tally_counts_is_what_counting_one_by_one_gives(past):
    for more in TOLD:
        past(2, **more)
    draft = draft_of(*GRAVER)
    held = versions_in_force()
    sets = PolicySet(held, DAY), PolicySet(with_tried(held, [draft]), DAY)
    with as_role("worker"):
        *_, (_, _, tally) = tallied(Compared(*sets), Wanted(), actor=TRYING)
        with acting(TRYING, "test"):
            stored = list(Screening.objects.all())
    slow: Counter[tuple[str, str]] = Counter()
    for one in stored:
        inputs = {name: read_stored(value) for name, value in one.inputs.items()}
        before, after = (said_of(propose(inputs, policies.of(None))) for policies in sets)
        slow.update(
            (name, f"{before[name]} > {after[name]}") for name in ("grade", "stream")
            if before[name] != after[name]
        )  # fmt: skip
    fast = counted(tally)
    assert tally.reports == 2 * len(TOLD)
    assert {(n, m): c for n in ("grade", "stream") for m, c in fast.get(n, {}).items()} == slow
    assert slow[("grade", "2 > 1")] > 0
    assert len(tally.differences) == tally.changed


def test_a_run_is_asked_for_done_and_kept_with_its_differences(past, permit):
    past(6)
    run = ran(asked(permit, draft_of(*GRAVER)))
    assert run.state == "done"
    assert run.result["reports"] == 6
    assert run.result["changed"]["hits"] == 6
    with as_role("worker"), acting(TRYING, "test"):
        kept = list(BacktestDifference.objects.filter(run=run))
        acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert len(kept) == 6
    assert kept[0].before["grade"] == "2" and kept[0].after["grade"] == "1"
    assert {"trial-asked", "trial-ended"} <= acts


def test_a_result_holds_no_count_of_one_to_four(past, permit):
    past(3)
    run = ran(asked(permit, draft_of(*GRAVER)))

    def numbers(value):
        if isinstance(value, dict):
            for name, one in value.items():
                if name not in ("seconds", "low", "high", "share", "listed", "reports"):
                    yield from numbers(one)
        elif isinstance(value, list):
            for one in value:
                yield from numbers(one)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield value

    assert not [one for one in numbers(run.result) if 0 < one < 5]


def test_the_list_shows_only_the_reports_that_the_asker_reaches(past, permit):
    """Row rules: another county's report is counted nowhere that it could be seen."""
    past(5)
    past(1, county="屏東縣")
    run = asked(permit, draft_of(*GRAVER))
    with as_role("worker"), acting(TRYING, "test"):
        Backtest.objects.filter(pk=run.pk).update(county=None)
    ran(run)
    with as_role("worker"), acting(TRYING, "test"):
        assert BacktestDifference.objects.filter(run=run).count() == 6
    with acting(permit.actor, "test"):
        seen = list(BacktestDifference.objects.filter(run=run))
    assert len(seen) == 5


def test_a_run_that_waits_is_stopped_before_it_begins(past, permit):
    past(1)
    run = asked(permit, draft_of(*GRAVER))
    with acting(permit.actor, "test"):
        stop_backtest(run.pk, permit=permit)
    assert ran(run).state == "cancelled"


def test_a_run_stops_after_its_present_portion(past, permit, monkeypatch):
    past(4)
    run = asked(permit, draft_of(*GRAVER))
    monkeypatch.setattr("anwang.triage.trials.actions.running.REPORTS_A_PORTION", 1)
    told = backtests._tell

    def tells(of, done, portions):
        if done == 2:
            with acting(TRYING, "test"):
                Backtest.objects.filter(pk=of.pk).update(stop_asked=True)
        told(of, done, portions)

    monkeypatch.setattr(backtests, "_tell", tells)
    stopped = ran(run)
    assert stopped.state == "cancelled"
    assert (stopped.portions_done, stopped.portions) == (2, 4)
    assert stopped.result is None


def test_a_draft_with_faults_is_refused_with_the_row(permit):
    draft = draft_of(*GRAVER)
    draft.body["rows"][0]["when"] = {"weapon": "perhaps"}
    with pytest.raises(CannotBeTried, match="weapon"):
        asked(permit, draft)
    with pytest.raises(CannotBeTried, match="not tried"):
        asked(permit, Version("triage.cues", None, "x", {}))


def test_nobody_keeps_more_than_five_waiting(permit):
    draft = draft_of(*GRAVER)
    for _ in range(5):
        asked(permit, draft)
    with pytest.raises(TooManyWait):
        asked(permit, draft)


def test_nobody_asks_in_anothers_name_or_for_another_county(permit):
    """R2: the database refuses it, whatever the application does."""
    from django.db import ProgrammingError, transaction

    for by, county in (
        (uuid.uuid4(), "68000"),
        (permit.actor.id, "10013"),
        (permit.actor.id, None),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), acting(permit.actor, "test"):
            Backtest.objects.create(asked_by=by, county=county, label="x", tried=[])


def test_who_came_back_is_found_once_and_not_for_the_same_event(past):
    """A second report on one of the people counts; one that tells the same event again does not."""
    from anwang.triage.trials.queries.past_reports import find_who_came_back

    first, second, again = past(1) + past(1) + past(1)
    person, now = uuid.uuid4(), clock_now()
    with as_role("worker"), acting(TRYING, "test"), connection.cursor() as cursor:
        cursor.execute("update triage_matter set state = 'linked-same-event' where report_id = %s",
                       [again.report])  # fmt: skip
        for receipt in (first, second, again):
            cursor.execute(
                "insert into access_relation (id, team_id, object_kind, object_id, ground, through,"
                " since) values (gen_random_uuid(), 't', 'person', %s, 'subject', %s, %s)",
                [person, receipt.report, now],
            )
        find_who_came_back()
        cursor.execute("select report, next_report from trial_came_back")
        found = dict(cursor.fetchall())
        cursor.execute("drop table trial_came_back")
    one, other = sorted((first.report, second.report), key=str)
    assert found in ({one: other}, {other: one})
