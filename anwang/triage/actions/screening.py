"""The first second of a report, worker side: claim what waits, screen each report by itself.

A claim is a lease of some seconds on a small portion; what a killed worker held comes up again when
the lease has run out. Each report is screened and committed in a transaction of its own, under a
lock on its matter, so that nothing is lost and nothing done twice (P6, ADR 0005). Claiming counts
the attempts, so that a report which kills its worker is counted too; after five it stands at the
desk as *not checked*, its clock running all the while.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any, Final

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.context import SCREENING, acting
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.triage.actions import screening_steps as steps
from anwang.triage.actions.screening_writes import park_matter, write_screening
from anwang.triage.actions.sealed_persons import tell_sealed_leads
from anwang.triage.actions.waking import wake_families
from anwang.triage.models import Screening

logger = logging.getLogger(__name__)

PURPOSE: Final = "screening"
PORTION: Final = 4  # small: what one thread leases, an idle one cannot take
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
        claimed = _claim(min(PORTION, limit - taken))
        if not claimed:
            break
        taken += len(claimed)
        done += sum(_screen_claimed(report, attempts) for report, attempts in claimed)
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
    with acting(SCREENING, PURPOSE):
        made = _screen_locked(report)
    if made is None:
        raise NotWaiting(f"Report {report}: {NotWaiting.__doc__}")
    return made


def screen_unchecked() -> int:
    """Try again what stands at the desk as *not checked*, until its attempts are used up."""
    with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_UNCHECKED, [MOST_ATTEMPTS])
        found = [row[0] for row in cursor.fetchall()]
    done = 0
    for report in found:
        with acting(SCREENING, PURPOSE):
            done += _screen_locked(report) is not None
    return done


def _claim(portion: int) -> list[tuple[uuid.UUID, int]]:
    """Lease fresh reports, and one that was tried before: alone, since it may be the one that
    kills."""
    with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
        claimed: list[tuple[uuid.UUID, int]] = []
        for statement, most in ((_FRESH, portion), (_AGAIN, 1)):
            cursor.execute(statement, {"portion": most, "lease": LEASE_SECONDS})
            claimed += cursor.fetchall()
        return claimed


def _screen_claimed(report: uuid.UUID, attempts: int) -> bool:
    """Whether the report has its screening now. Never raises for what lies in the report."""
    if attempts > MOST_ATTEMPTS:
        with acting(SCREENING, PURPOSE):
            park_matter(report)
        return True
    try:
        with acting(SCREENING, PURPOSE):
            return _screen_locked(report) is not None
    except Exception:
        if not connection.is_usable():
            raise
        # The class of the error only: its text may quote what the report says (D6).
        logger.warning("Screening of report %s failed, attempt %s.", report, attempts)
        with acting(SCREENING, PURPOSE), connection.cursor() as cursor:
            cursor.execute(_TRY_SOON, {"report": report, "lease": LEASE_SECONDS})
        return False


def _screen_locked(report: uuid.UUID) -> Screening | None:
    """Screen under the lock of the matter, or None where it is no longer ours to screen."""
    waiting_report = steps.lock_waiting(report)
    if waiting_report is None:
        return None
    found = steps.find_out(waiting_report)
    screening = write_screening(waiting_report, found)
    tell_sealed_leads(waiting_report, found)
    wake_families(report)
    record_event(
        Act.REPORT_SCREENED,
        actor=SCREENING,
        object_kind="report",
        object_ids=[report],
        purpose=PURPOSE,
        result="done" if not found.failed_steps else "partly",
        detail=_counts(found),
    )
    return screening


def _counts(found: steps.Findings) -> dict[str, Any]:
    return {
        "failed_steps": found.failed_steps,
        "persons": len(found.person_ids),
        "same_events": len(found.same_events),
        "versions": found.versions,
    }
