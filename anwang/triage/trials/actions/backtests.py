"""A back-test from asking to its result: asked by an official, run by the worker, stopped by either."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.context import TRYING, acting
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.triage.trials.actions.running import PURPOSE, Compared, service_teams, tallied
from anwang.triage.trials.models import Backtest, BacktestDifference
from anwang.triage.trials.permissions import county_of
from anwang.triage.trials.queries.drafts import check_draft
from anwang.triage.trials.queries.past_reports import Wanted
from anwang.triage.trials.queries.versions import (
    PolicySet,
    Version,
    versions_in_force,
    with_tried,
)
from anwang.triage.trials.rules.results import result_of
from anwang.triage.trials.rules.tally import Difference, Tally

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 5
SILENT_MINUTES: Final = 10
RUNNING: Final = (Backtest.State.WAITING, Backtest.State.RUNNING)


class TooManyWait(AnwangError):
    """Five back-tests wait or run already. Stop one, or wait for it to end."""


class Stopped(Exception):
    """The run was asked to stop."""


@transaction.atomic
def ask_backtest(
    tried: Sequence[Version],
    *,
    permit: Permit,
    version_no: int | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> Backtest:
    """Put a back-test in the worker's queue, over the reports of the asker's county.

    Raises TooManyWait, CannotBeTried.
    """
    if Backtest.objects.filter(state__in=RUNNING, asked_by=permit.actor.id).count() >= MOST_WAITING:
        raise TooManyWait(_("您已有五個回溯測試在等待或執行中，請先停止一個，或等它結束。"))
    for one in tried:
        check_draft(one)
    run = Backtest.objects.create(
        asked_by=permit.actor.id,
        county=county_of(permit),
        label="、".join(one.name for one in tried)[:200],
        version_no=version_no,
        tried=[one.as_dict() for one in tried],
        since=since,
        until=until,
    )
    record_event(
        Act.TRIAL_ASKED, actor=permit.actor, object_kind="trial", object_ids=[run.pk],
        purpose=permit.purpose, detail={"versions": [one.name for one in tried]},
    )  # fmt: skip
    return run


@transaction.atomic
def stop_backtest(run_id: uuid.UUID, *, permit: Permit) -> None:
    """Ask a run to stop: at once where it waits, after its present portion where it runs."""
    asked = Backtest.objects.filter(pk=run_id, state__in=RUNNING).update(stop_asked=True)
    record_event(
        Act.TRIAL_STOPPED, actor=permit.actor, object_kind="trial", object_ids=[run_id],
        purpose=permit.purpose, result="done" if asked else "over",
    )  # fmt: skip


def run_waiting_backtests() -> int:
    """Run what waits, one after another, and return how many came to an end."""
    done = 0
    while (run := _take()) is not None:
        _run(run)
        done += 1
    return done


def _take() -> Backtest | None:
    """The run asked for first; one whose worker has been silent for long is begun again."""
    with acting(TRYING, PURPOSE):
        now = clock_now()
        run = (
            Backtest.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=RUNNING)
            .exclude(state=Backtest.State.RUNNING, alive_at__gt=now - dt.timedelta(minutes=SILENT_MINUTES))
            .order_by("asked_at")
            .first()
        )  # fmt: skip
        if run is not None:
            run.state, run.alive_at = Backtest.State.RUNNING, now
            run.portions_done, run.portions = 0, 0
            run.save(update_fields=["state", "alive_at", "portions_done", "portions"])
        return run


def _run(run: Backtest) -> None:
    began = time.monotonic()
    try:
        tally = _tallied(run)
    except Stopped:
        _end(run, Backtest.State.CANCELLED)
    except AnwangError as error:
        # The text names tables, rows and versions, never a person.
        _end(run, Backtest.State.FAILED, {"error": str(error)[:2000]})
    except Exception as error:
        logger.warning("Back-test %s failed: %s.", run.pk, type(error).__name__)
        _end(run, Backtest.State.FAILED, {"error": type(error).__name__})
    else:
        with acting(TRYING, PURPOSE):
            teams = service_teams()
        result = result_of(tally, teams, time.monotonic() - began)
        _end(run, Backtest.State.DONE, result, tally.differences)


def _tallied(run: Backtest) -> Tally:
    with acting(TRYING, PURPOSE):
        held = versions_in_force()
        day = clock_now().astimezone(TAIPEI).date()
    tried = [Version(**one) for one in run.tried]
    compared = Compared(PolicySet(held, day), PolicySet(with_tried(held, tried), day))
    steps = tallied(compared, _wanted(run), actor=TRYING)
    tally = None
    for done, portions, tally in steps:  # noqa: B007 - the last one is the whole
        _tell(run, done, portions)
    assert tally is not None  # the first is given before any portion
    return tally


def _wanted(run: Backtest) -> Wanted:
    def midnight(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(0), TAIPEI)

    return Wanted(
        run.county,
        midnight(run.since) if run.since else None,
        midnight(run.until + dt.timedelta(days=1)) if run.until else None,
    )


def _tell(run: Backtest, done: int, portions: int) -> None:
    """Keep how far it is, which also says that its worker lives. Raises Stopped."""
    with acting(TRYING, PURPOSE):
        mine = Backtest.objects.filter(pk=run.pk)
        mine.update(portions_done=done, portions=portions, alive_at=clock_now())
        stop = mine.values_list("stop_asked", flat=True).first()
    if stop:
        raise Stopped


def _end(
    run: Backtest,
    state: Backtest.State,
    result: Mapping[str, Any] | None = None,
    differences: Sequence[Difference] = (),
) -> None:
    with acting(TRYING, PURPOSE):
        BacktestDifference.objects.filter(run=run).delete()
        BacktestDifference.objects.bulk_create(
            (_kept(run, one) for one in differences), batch_size=500
        )
        Backtest.objects.filter(pk=run.pk).update(
            state=state, result=result, ended_at=clock_now(), stop_asked=False
        )
        record_event(
            Act.TRIAL_ENDED, actor=TRYING, object_kind="trial", object_ids=[run.pk],
            purpose=PURPOSE, result=str(state), detail={"listed": len(differences)},
        )  # fmt: skip


def _kept(run: Backtest, one: Difference) -> BacktestDifference:
    return BacktestDifference(
        run=run,
        matter_id=one.report,
        fields=list(one.fields),
        before=one.before,
        after=one.after,
        rows_before=one.rows_before,
        rows_after=one.rows_after,
    )
