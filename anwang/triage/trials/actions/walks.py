"""Walks a family's history day by day: with what was known each day, when would which version have
acted? Asked from a report, done by the worker, which alone may read the registers freely."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.context import TRYING, acting
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI, end_of_day
from anwang.households.queries import picture_of
from anwang.intake.models import Report
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import versions_standing
from anwang.triage.models import Screening
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.propose import propose
from anwang.triage.rules.told import subjects_of
from anwang.triage.trials.actions.running import PURPOSE
from anwang.triage.trials.models import FamilyWalk
from anwang.triage.trials.queries.history import days_of_change, reports_on
from anwang.triage.trials.queries.replays import decided_again, persons_as_judged
from anwang.triage.trials.queries.versions import (
    CAN_BE_TRIED,
    PolicySet,
    Version,
    version_of,
    versions_in_force,
    with_tried,
)
from anwang.triage.trials.rules.walked import (
    Said,
    Step,
    days_walked,
    in_order,
    nobody_reported,
    said_of_proposal,
    walk_result,
)

logger = logging.getLogger(__name__)

LOOKS_BACK: Final = dt.timedelta(days=730)
MOST_VERSIONS: Final = 6
MOST_PERSONS: Final = 12
SILENT_MINUTES: Final = 10
TO_DO: Final = (FamilyWalk.State.WAITING, FamilyWalk.State.RUNNING)
Named = tuple[str, list[Version]]


class AlreadyAsked(AnwangError):
    """A walk of this report waits or runs already."""


class Stopped(Exception):
    """The walk was asked to stop."""


@transaction.atomic
def ask_walk(matter_id: uuid.UUID, *, permit: Permit) -> FamilyWalk:
    """Put a walk in the worker's queue. Raises AlreadyAsked."""
    if FamilyWalk.objects.filter(matter_id=matter_id, state__in=TO_DO).exists():
        raise AlreadyAsked(_("這件通報的歷程重播已在進行中。"))
    walk = FamilyWalk.objects.create(matter_id=matter_id, asked_by=permit.actor.id)
    record_event(
        Act.TRIAL_ASKED, actor=permit.actor, object_kind="report", object_ids=[matter_id],
        purpose=permit.purpose,
    )  # fmt: skip
    return walk


def run_waiting_walks() -> int:
    """Do what waits, one after another, and return how many came to an end."""
    done = 0
    while (walk := _take()) is not None:
        _walk(walk)
        done += 1
    return done


def _take() -> FamilyWalk | None:
    with acting(TRYING, PURPOSE):
        now = clock_now()
        silent = now - dt.timedelta(minutes=SILENT_MINUTES)
        walk = (
            FamilyWalk.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=TO_DO)
            .exclude(state=FamilyWalk.State.RUNNING, alive_at__gt=silent)
            .order_by("asked_at")
            .first()
        )
        if walk is not None:
            walk.state, walk.alive_at = FamilyWalk.State.RUNNING, now
            walk.save(update_fields=["state", "alive_at"])
        return walk


def _walk(walk: FamilyWalk) -> None:
    try:
        result = _walked(walk)
    except Exception as error:
        # The class alone: the text may quote what a report says (D6).
        logger.warning("Walk %s failed: %s.", walk.pk, type(error).__name__)
        _end(walk, FamilyWalk.State.FAILED, {"error": type(error).__name__})
    else:
        _end(walk, FamilyWalk.State.DONE, result)


def _end(walk: FamilyWalk, state: FamilyWalk.State, result: dict[str, Any]) -> None:
    with acting(TRYING, PURPOSE):
        FamilyWalk.objects.filter(pk=walk.pk).update(
            state=state, result=result, ended_at=clock_now()
        )
        record_event(
            Act.TRIAL_ENDED, actor=TRYING, object_kind="report", object_ids=[walk.matter_id],
            purpose=PURPOSE, result=str(state),
        )  # fmt: skip


def _walked(walk: FamilyWalk) -> dict[str, Any]:
    with acting(TRYING, PURPOSE):
        now = clock_now()
        screening = (
            Screening.objects.filter(matter=walk.matter_id).select_related("matter__report")
            .order_by("-at").first()
        )  # fmt: skip
        versions = _versions()
        if screening is None:
            return walk_result([name for name, _ in versions], [], 0)
        report = screening.matter.report
        persons = _persons(screening, now)
        since = (now - LOOKS_BACK).astimezone(TAIPEI).date()
        until = now.astimezone(TAIPEI).date()
        days = days_walked(days_of_change(persons, since, until), since, until)
        told = reports_on(persons, screening.matter.desk_team, now - LOOKS_BACK) or [report]
    steps: list[Step] = []
    for place, step in enumerate(_steps(report, persons, days, told, versions, now), start=1):
        steps += step
        with acting(TRYING, PURPOSE):
            FamilyWalk.objects.filter(pk=walk.pk).update(
                portions=len(days) + len(told), portions_done=place, alive_at=clock_now()
            )
    return walk_result([name for name, _ in versions], in_order(steps), len(persons))


def _steps(
    report: Report,
    persons: Sequence[uuid.UUID],
    days: Sequence[dt.date],
    told: Sequence[Report],
    versions: Sequence[Named],
    now: dt.datetime,
) -> Iterator[list[Step]]:
    """Day by day, then report by report; each in a transaction of its own."""
    for day in days:
        with acting(TRYING, PURPOSE):
            said = _by_facts(persons, day, versions, report.county, now)
            yield [Step(day, "facts", None, said)] if said else []
    for one in told:
        with acting(TRYING, PURPOSE):
            yield _by_report(one, versions, now)


def _by_facts(
    persons: Sequence[uuid.UUID],
    day: dt.date,
    versions: Sequence[Named],
    county: str | None,
    now: dt.datetime,
) -> tuple[Said, ...]:
    """What the registers alone would have called for; empty where nobody was known yet."""
    known_at = end_of_day(day, now)
    subjects = [{"index": 0, "role": "person-in-need", "person_id": persons[0]}] if persons else []
    picture = picture_of(subjects, as_of=day, known_on=known_at, focus=persons[:1])
    if not any(not str(one["person_id"]).startswith("subject-") for one in picture["members"]):
        return ()
    inputs = inputs_from(nobody_reported(known_at - dt.timedelta(seconds=1)), picture)
    return tuple(
        said_of_proposal(propose(inputs, PolicySet(held, day).of(county))) for _, held in versions
    )


def _by_report(report: Report, versions: Sequence[Named], now: dt.datetime) -> list[Step]:
    screening = Screening.objects.filter(matter_id=report.pk).order_by("at").first()
    if screening is None:
        return []
    day = report.received_at.astimezone(TAIPEI).date()
    known_at = max(end_of_day(day, now), screening.at)
    said = tuple(
        said_of_proposal(decided_again(report, screening, known_at, held).proposal)
        for _, held in versions
    )
    return [Step(day, "report", str(report.pk), said)]


def _versions() -> list[Named]:
    """Those in force, then every other version of a table on trial: drafts, shadows, retired."""
    held = versions_in_force()
    others = (
        PolicyVersion.objects.filter(policy_id__in=CAN_BE_TRIED)
        .exclude(pk__in=versions_standing(CAN_BE_TRIED))
        .order_by("-loaded_at")[: MOST_VERSIONS - 1]
    )
    tried = [version_of(one) for one in others]
    return [("", held), *((one.name, with_tried(held, [one])) for one in tried)]


def _persons(screening: Screening, now: dt.datetime) -> list[uuid.UUID]:
    """Whom the report is about, those in need first, then who lives with them now."""
    subjects = subjects_of(screening.matter.report.body)
    found = persons_as_judged(screening, now)
    order = sorted(
        found, key=lambda i: subjects[int(i)].get("role") not in ("victim", "person-in-need")
    )
    ids = [uuid.UUID(found[index]["person_id"]) for index in order]
    if not ids:
        return []
    picture = picture_of([], as_of=now.astimezone(TAIPEI).date(), focus=ids[:1])
    around = [uuid.UUID(one) for one in picture["living_together"]]
    return list(dict.fromkeys([*ids, *around]))[:MOST_PERSONS]
