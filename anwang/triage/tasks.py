"""When triage works: a bell rings for each report, a periodic look makes good what was missed.

A job says only that there is work (ADR 0005). Jobs of a killed worker are found by their worker's
silence and sent again, for every queue.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from django.db import connection
from procrastinate import exceptions
from procrastinate.contrib.django import app

from anwang.access.context import SCREENING, acting
from anwang.triage.actions.automatic import dispatch_waiting
from anwang.triage.actions.calendar import move_by_calendar
from anwang.triage.actions.escalation import call_people
from anwang.triage.actions.inquiries import ask_waiting
from anwang.triage.actions.screening import screen_unchecked, screen_waiting
from anwang.triage.actions.sweeping import forget_old_traces, look_at_clocks
from anwang.triage.trials.actions.backtests import run_waiting_backtests
from anwang.triage.trials.actions.quality import count_quality
from anwang.triage.trials.actions.shadows import run_shadows
from anwang.triage.trials.actions.walks import run_waiting_walks

logger = logging.getLogger(__name__)

SCREENING_QUEUE: Final = "screening"
SWEEPING_QUEUE: Final = "sweeping"
ASKING_QUEUE: Final = "asking"
TRIALS_QUEUE: Final = "trials"
SILENT_SECONDS: Final = 30
KEPT_HOURS: Final = 24
# A delivery that finds a bell ringing does not ring its own. When that one's job is taken before the
# delivery commits, nobody rings for it: so look again for a while, longer than a commit takes, and
# longer than the second after which a failed screening is tried again.
LOOK_AGAIN_SECONDS: Final = (0.05, 0.15, 0.4, 0.7)
# In cron with six fields the seconds are the last one.

_MISSED: Final = """
select exists (select from triage_matter m join intake_report r on r.id = m.report_id
    where m.state = 'received' and r.accepted_at < clock.now() - interval '2 s')
"""


@app.task(  # type: ignore[untyped-decorator]
    name="triage.screen_waiting", queue=SCREENING_QUEUE, queueing_lock="triage.screen_waiting"
)
def screen_all_waiting() -> int:
    """Screen until nothing waits; then see to those that policy lets go out by themselves."""
    done = looked = 0
    while True:
        now = screen_waiting()
        done += now
        if now:
            dispatch_waiting()
            looked = 0
        elif looked == len(LOOK_AGAIN_SECONDS):
            return done
        else:
            time.sleep(LOOK_AGAIN_SECONDS[looked])
            looked += 1


@app.task(  # type: ignore[untyped-decorator]
    name="triage.ask_sources", queue=ASKING_QUEUE, queueing_lock="triage.ask_sources"
)
def ask_sources() -> int:
    """Ask the sources until no inquiry waits."""
    return ask_waiting()


@app.periodic(cron="* * * * * */15", periodic_id="missed-inquiries")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.ask_missed", queue=ASKING_QUEUE, queueing_lock="triage.ask_missed"
)
def ask_missed(timestamp: int) -> int:
    """Inquiries whose bell nobody heard, or whose worker was killed."""
    return ask_waiting()


@app.periodic(cron="* * * * * */5", periodic_id="missed-reports")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.screen_missed",
    queue=SWEEPING_QUEUE,
    queueing_lock="triage.screen_missed",
    priority=1,
)
def screen_missed(timestamp: int) -> int:
    """Reports whose bell nobody heard, or whose worker was killed."""
    with acting(SCREENING, "screening"), connection.cursor() as cursor:
        cursor.execute(_MISSED)
        (missed,) = cursor.fetchone()
    return screen_all_waiting() if missed else 0


@app.periodic(cron="* * * * * */15", periodic_id="missed-dispatches")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.dispatch_missed", queue=SWEEPING_QUEUE, queueing_lock="triage.dispatch_missed"
)
def dispatch_missed(timestamp: int) -> int:
    """What policy lets go out by itself and a killed worker, or a desk that held it, left."""
    return dispatch_waiting()


@app.periodic(cron="* * * * * 20", periodic_id="unchecked-reports")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.screen_unchecked", queue=SWEEPING_QUEUE, queueing_lock="triage.screen_unchecked"
)
def screen_unchecked_again(timestamp: int) -> int:
    """Reports that stand at the desk as *not checked*."""
    return screen_unchecked()


@app.periodic(cron="* * * * * 30", periodic_id="missed-clocks")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.mark_missed_clocks", queue=SWEEPING_QUEUE, queueing_lock="triage.missed_clocks"
)
def mark_clocks(timestamp: int) -> int:
    """Clocks whose pause or time is up, and those to be warned of."""
    return look_at_clocks()


@app.periodic(cron="20 * * * *", periodic_id="new-calendar")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.move_by_calendar", queue=SWEEPING_QUEUE, queueing_lock="triage.move_by_calendar"
)
def follow_calendar(timestamp: int) -> int:
    """Ends of running terms, where an official calendar has come in force."""
    return move_by_calendar()


@app.periodic(cron="* * * * * 10", periodic_id="ladder")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.call_people", queue=SWEEPING_QUEUE, queueing_lock="triage.call_people", priority=2
)
def climb_ladders(timestamp: int) -> int:
    """Reports that nobody accepts, disputes that nobody rules: the next people up the line."""
    return call_people()


@app.periodic(cron="* * * * * */10", periodic_id="stalled-jobs")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.retry_stalled_jobs", queue=SWEEPING_QUEUE, queueing_lock="triage.stalled_jobs"
)
async def retry_stalled_jobs(timestamp: int) -> int:
    """Jobs whose worker has been silent: sent again, or ended where the same job waits already."""
    sent = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        try:
            await app.job_manager.retry_job(job)
            sent += 1
        except (exceptions.ConnectorException, exceptions.AlreadyEnqueued):
            logger.info("Job %s waits already; its stalled twin is ended.", job.id)
            await end_job(job.id)
    return sent


async def end_job(job_id: int | None) -> None:
    """End a stalled job for good."""
    if job_id is not None:
        await app.connector.execute_query_async(
            "delete from procrastinate_jobs where id = %(job_id)s and status = 'doing'",
            job_id=job_id,
        )


@app.periodic(cron="3 * * * *", periodic_id="finished-jobs")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.forget_finished", queue=SWEEPING_QUEUE, queueing_lock="triage.forget_finished"
)
async def forget_finished_jobs(timestamp: int) -> None:
    """Finished jobs say nothing that the audit does not."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="40 19 * * *", periodic_id="old-traces")  # type: ignore[untyped-decorator]
@app.task(name="triage.forget_old_traces", queue=SWEEPING_QUEUE, queueing_lock="triage.old_traces")  # type: ignore[untyped-decorator]
def forget_traces(timestamp: int) -> int:
    """Traces too old to be compared; some each night."""
    return forget_old_traces()


@app.periodic(cron="* * * * * */3", periodic_id="waiting-trials")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.run_trials",
    queue=TRIALS_QUEUE,
    queueing_lock="triage.run_trials",
    lock="triage.run_trials",
)
def run_trials(timestamp: int) -> int:
    """Back-tests and walks that somebody asked for; one worker at a time."""
    return run_waiting_walks() + run_waiting_backtests()


@app.periodic(cron="* * * * * */5", periodic_id="shadows")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.run_shadows", queue=SWEEPING_QUEUE, queueing_lock="triage.run_shadows"
)
def shadow_screenings(timestamp: int) -> int:
    """The versions in shadow, on what was screened since the last look."""
    return run_shadows()


@app.periodic(cron="*/5 * * * *", periodic_id="quality")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="triage.count_quality",
    queue=TRIALS_QUEUE,
    queueing_lock="triage.count_quality",
    lock="triage.run_trials",
)
def count_quality_again(timestamp: int) -> int:
    """The quality loop's figures, once they are six hours old."""
    return count_quality()
