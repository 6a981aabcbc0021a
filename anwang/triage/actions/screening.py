"""The first second of a report, worker side: claim what waits, screen it, many together where many wait.

A claim is a lease of some seconds on a portion; what a killed worker held comes up again when the lease
has run out, each report alone. Fresh reports are screened and committed together, under a lock on each
matter, so that nothing is lost and nothing done twice (P6, ADR 0016); where one of them fails, nothing
of that is kept and each is screened by itself. Claiming counts the attempts, so that a report which
kills its worker is counted too; after five it stands at the desk as *not checked*, its clock running
all the while.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from django.db import connection

from anwang.access.actions.entries import Event, record_events
from anwang.access.context import SCREENING, acting
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.triage.actions import screening_steps as steps
from anwang.triage.actions.screening_writes import park_matter, write_screenings
from anwang.triage.actions.sealed_persons import tell_sealed_leads
from anwang.triage.actions.waking import wake_families
from anwang.triage.models import Screening

logger = logging.getLogger(__name__)

PURPOSE: Final = "screening"
# What one thread leases an idle one cannot take, and its first report is shown with its last one.
PORTION: Final = 12
LEASE_SECONDS: Final = 15
MOST_ATTEMPTS: Final = 5

_CLAIM = """
with waiting as (
    select report_id from triage_matter
    where state = 'received' and {which}
    order by changed_at limit %(portion)s for update skip locked
)
update triage_matter m set attempts = m.attempts + 1, changed_at = clock.now()
from waiting where m.report_id = waiting.report_id
returning m.report_id, m.attempts
"""
_FRESH = _CLAIM.format(which="attempts = 0")
_AGAIN = _CLAIM.format(
    which="attempts > 0 and changed_at < clock.now() - make_interval(secs => %(lease)s)"
)
# Failed, not killed: tried again after one second more each time.
_TRY_SOON = """
update triage_matter set changed_at = clock.now()
    + make_interval(secs => attempts - %(lease)s)
where report_id = %(report)s and state = 'received'
"""
_UNCHECKED = """
select report_id from triage_matter m
where state = 'awaiting-decision' and failed_steps <> '[]' and attempts < %s
  and changed_at < clock.now() - (attempts * interval '1 min')
  and not exists (select from triage_decision d where d.matter_id = m.report_id)
order by changed_at limit 20
"""
_WAITING = "select count(*) from triage_matter where state = 'received'"


class NotWaiting(AnwangError):
    """The report is not waiting to be screened: it was decided, or another worker holds it."""


def screen_waiting(limit: int = 200) -> int:
    """Screen up to `limit` waiting reports and return how many now have their screening.

    Reports that another worker holds, or whose lease still runs, are left to it; see `waiting`.
    """
    done = taken = 0
    while taken < limit:
        fresh, again = _claim(min(PORTION, limit - taken))
        if not fresh and not again:
            break
        taken += len(fresh) + len(again)
        done += _screen_fresh([report for report, _ in fresh])
        done += sum(_screen_claimed(report, attempts) for report, attempts in again)
    return done


def waiting() -> int:
    """How many reports have not been screened yet, leased ones included."""
    with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return int(cursor.fetchone()[0])


def screen(report: uuid.UUID) -> Screening:
    """Screen one report now: a waiting one, or one at the desk that nobody has decided yet.

    Raises NotWaiting. What fails within a step is on the screening; other errors come through.
    """
    made = _screen_one(report)
    if made is None:
        raise NotWaiting(f"Report {report}: {NotWaiting.__doc__}")
    return made


def screen_unchecked() -> int:
    """Try again what stands at the desk as *not checked*, until its attempts are used up."""
    with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_UNCHECKED, [MOST_ATTEMPTS])
        found = [row[0] for row in cursor.fetchall()]
    return sum(_screen_one(report) is not None for report in found)


Claimed: TypeAlias = list[tuple[uuid.UUID, int]]
"""Reports with the number of times they were claimed."""


def _claim(portion: int) -> tuple[Claimed, Claimed]:
    """Lease fresh reports, and one that was tried before: alone, since it may be the one that
    kills."""
    with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_FRESH, {"portion": portion})
        fresh = cursor.fetchall()
        cursor.execute(_AGAIN, {"portion": 1, "lease": LEASE_SECONDS})
        return fresh, cursor.fetchall()


def _screen_fresh(reports: Sequence[uuid.UUID]) -> int:
    """How many of these have their screening now. Never raises for what lies in a report."""
    left, done = list(reports), 0
    while len(left) > 1:
        try:
            made, left = _screen_together(left)
            done += len(made)
        except Exception as error:
            if not connection.is_usable():
                raise
            # The class of the error only: its text may quote what a report says (D6).
            name = type(error).__name__
            logger.warning("Screening %s reports together failed: %s.", len(left), name)
            break
    return done + sum(_screen_claimed(report, 1) for report in left)


def _screen_claimed(report: uuid.UUID, attempts: int) -> bool:
    """Whether the report has its screening now. Never raises for what lies in the report."""
    if attempts > MOST_ATTEMPTS:
        with acting(SCREENING, PURPOSE):
            park_matter(report)
        return True
    try:
        return _screen_one(report) is not None
    except Exception:
        if not connection.is_usable():
            raise
        # The class of the error only: its text may quote what the report says (D6).
        logger.warning("Screening of report %s failed, attempt %s.", report, attempts)
        with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
            cursor.execute(_TRY_SOON, {"report": report, "lease": LEASE_SECONDS})
        return False


def _screen_one(report: uuid.UUID) -> Screening | None:
    """Screen a report by itself, its steps guarded if need be; None where it is not ours to screen."""
    try:
        made, _ = _screen_together([report])
    except Exception:
        if not connection.is_usable():
            raise
        with acting(SCREENING, PURPOSE):
            locked = steps.lock_waiting([report])
            made = _put_on_record([steps.find_out_guarded(one) for one in locked])
    return made[0] if made else None


def _screen_together(reports: Sequence[uuid.UUID]) -> tuple[list[Screening], list[uuid.UUID]]:
    """Screen in one transaction as many as go together; the screenings, and whom it left for the next.

    In neither are reports that another holds or that somebody has decided.
    """
    with acting(SCREENING, PURPOSE):
        locked = steps.lock_waiting(reports)
        found = steps.find_out(locked) if locked else []
        made = _put_on_record(found)
    return made, [one.id for one in locked[len(found) :]]


def _put_on_record(found: Sequence[steps.Findings]) -> list[Screening]:
    if not found:
        return []
    made = write_screenings(found)
    tell_sealed_leads(found)
    wake_families([one.report.id for one in found])
    record_events(
        [
            Event(
                Act.REPORT_SCREENED, SCREENING, "report", [one.report.id], PURPOSE,
                result="done" if not one.failed_steps else "partly", detail=_counts(one),
            )
            for one in found
        ]
    )  # fmt: skip
    return made


def _counts(found: steps.Findings) -> dict[str, Any]:
    return {
        "failed_steps": found.failed_steps,
        "persons": len(found.person_ids),
        "same_events": len(found.same_events),
        "versions": found.versions,
    }
