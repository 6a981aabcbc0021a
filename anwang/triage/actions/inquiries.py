"""Asks the sources about the family of a report, because somebody at the desk wishes to know now.

The wish is a row; the worker finds whom it concerns, notes every question before it is asked, asks
all sources at once, and notes each answer as it comes, so that the page shows it. What was answered
becomes records and facts; then a report that nobody has decided is screened again, which is also how
the desk has one screened again that could not be checked, or whose family became known since. What was
found before stays; the new screening stands beside it. A report never waits for any of this.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.context import ASKING, acting
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.rules.protected import told_without_place
from anwang.people.actions import identify
from anwang.people.queries.numbers import numbers_of
from anwang.registries.actions.deliveries import manifest_in_force
from anwang.registries.actions.lookups import take_answers, tell_of_other_person, told_in
from anwang.registries.models import Source
from anwang.registries.rules.manifests import Manifest
from anwang.registries.transports import asking as transport
from anwang.registries.transports.asking import Way
from anwang.registries.transports.connections import connection_to
from anwang.registries.transports.questions import Answer, Question, Row
from anwang.registries.transports.routes import Asking, route_of
from anwang.triage.actions.screening import NotWaiting, screen
from anwang.triage.models import ASKED_ABOUT, Inquiry, LookUp, Matter, Screening

logger = logging.getLogger(__name__)
PURPOSE: Final = "asking-sources"
# Until the stream is known, the law that asks to look at a whole family carries the question.
UNTIL_KNOWN: Final = "vulnerable-family"
MOST_PERSONS: Final = 12
# An inquiry whose worker was killed is ended after this; nobody is left before a turning wheel.
GIVEN_UP_AFTER: Final = dt.timedelta(seconds=60)
_RING: Final = """
insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args)
values ('asking', 'triage.ask_sources', 'triage.ask_sources', '{}') on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the family: who, how old, and the number by which sources know him."""

    id: uuid.UUID
    age: int | None
    number: str | None


@dataclass(frozen=True, slots=True)
class AskedSource:
    """A source, its manifest, and how it may be asked; None where it may not or cannot."""

    manifest: Manifest
    asking: Asking | None
    way: Way | None


class NoReasonToAsk(AnwangError):
    """The report is closed, so there is no reason to ask the sources about the family."""


def begin_inquiry(matter_id: uuid.UUID, permit: Permit) -> uuid.UUID:
    """Note the wish to ask the sources about a report's family now, and ring for the worker.

    While one is under way for the report, it is that one. Raises NoReasonToAsk.
    """
    matter = Matter.objects.only("stream", "state").get(pk=matter_id)
    if matter.state not in ASKED_ABOUT:
        raise NoReasonToAsk(_("這件通報已經結束，沒有再向各來源查詢的理由。"))
    running = Inquiry.objects.filter(matter_id=matter_id, done_at=None).order_by("-at").first()
    if running is not None and clock_now() - running.at < GIVEN_UP_AFTER:
        return running.pk
    made = uuid.uuid4()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into triage_inquiry (id, matter_id, by, role, purpose)"
                " values (%s, %s, %s, %s, %s)",
                [made, matter_id, permit.actor.id, permit.seats[0].role, _purpose(matter.stream)],
            )
            cursor.execute(_RING)
        record_event(
            Act.SOURCES_ASKED, actor=permit.actor, object_kind="report", object_ids=[matter_id],
            purpose=permit.purpose, detail={"inquiry": str(made)},
        )  # fmt: skip
    return made


def _purpose(stream: str | None) -> str:
    return stream if stream and stream not in ("consult", "not-for-us") else UNTIL_KNOWN


def ask_waiting() -> int:
    """Carry out every inquiry that waits; how many there were."""
    done = 0
    while (inquiry := _claim()) is not None:
        ask(inquiry)
        done += 1
    return done


def _claim() -> Inquiry | None:
    """The inquiry that waits longest. Those whose worker was killed are ended."""
    with acting(ASKING, PURPOSE):
        now = clock_now()
        for lost in Inquiry.objects.filter(done_at=None, began_at__lt=now - GIVEN_UP_AFTER):
            _end(lost, "error")
        waiting = Inquiry.objects.filter(done_at=None, began_at=None).order_by("at")
        found = waiting.select_for_update(skip_locked=True).first()
        if found is not None:
            found.began_at = now
            found.save(update_fields=["began_at"])
        return found


def ask(inquiry: Inquiry) -> None:
    """Ask every source about every person of the family, take what they answer, and screen again."""
    if not _persons_known(inquiry.matter_id):
        _screen_again(inquiry.matter_id)  # it may have failed, or the family become known meanwhile
    with acting(ASKING, PURPOSE):
        persons, sources = _persons(inquiry.matter_id), _sources()
        questions = _note_questions(inquiry, persons, sources)
    ways = {id: one.way for id, one in sources.items() if one.way is not None}
    answers = list(_answers(inquiry, questions, ways))
    rows: dict[str, list[Row]] = {}
    for one in answers:
        rows.setdefault(one.question.source, []).extend(one.rows)
    for source, told in rows.items():
        if told:
            _take(inquiry, source, told)
    try:
        _screen_again(inquiry.matter_id)
    finally:  # the page that waits is told in any case
        with acting(ASKING, PURPOSE):
            _end(inquiry, "too-slow")
            _put_on_record(inquiry, persons)


def _persons_known(matter_id: uuid.UUID) -> bool:
    with acting(ASKING, PURPOSE):
        return bool(_persons(matter_id))


def _persons(matter_id: uuid.UUID) -> list[Person]:
    """Who lives or is registered with the family or is named in the report, the dead left out."""
    screening = Screening.objects.filter(matter_id=matter_id).order_by("-at").first()
    picture = screening.picture if screening else {}
    wanted = {*picture.get("living_together", ()), *picture.get("registered_together", ())}
    members = [
        one
        for one in picture.get("members") or []
        if one.get("matched") and not one.get("dead")
        and (one["person_id"] in wanted or one.get("subject") is not None)
    ][:MOST_PERSONS]  # fmt: skip
    numbers = numbers_of([uuid.UUID(one["person_id"]) for one in members])
    return [
        Person(
            uuid.UUID(one["person_id"]), one.get("age"), numbers.get(uuid.UUID(one["person_id"]))
        )
        for one in members
    ]


def _sources() -> dict[str, AskedSource]:
    """Every source but our own; the local systems of counties are asked about nobody."""
    found = {}
    for source in Source.objects.order_by("id"):
        route = route_of(source.manifest)
        if route.kind == "own" or "county" in source.manifest:
            continue
        manifest = manifest_in_force(source.pk)
        connection = connection_to(source.pk) if route.asking else None
        way = None
        if route.asking and connection and connection.for_asking.url.startswith("http"):
            columns = frozenset(one.name for one in manifest.columns)
            way = Way(connection.for_asking, route.asking, columns)
        found[source.pk] = AskedSource(manifest, route.asking, way)
    return found


def _note_questions(
    inquiry: Inquiry, persons: Iterable[Person], sources: Mapping[str, AskedSource]
) -> list[Question]:
    """A row for each source and person, signed where it will be asked; returns what to ask."""
    now = clock_now()
    until = now + dt.timedelta(seconds=transport.OVERALL_SECONDS)
    rows, questions = [], []
    for source_id, source in sources.items():
        kept = _kept(source_id, source, persons, now)
        for person in persons:
            row = LookUp(
                inquiry=inquiry, matter_id=inquiry.matter_id, source_id=source_id, person=person.id
            )
            rows.append(row)
            state, why = _unasked(inquiry, source, person)
            if state:
                row.state, row.why = state, why
            elif before := kept.get(person.id):
                row.state, row.told, row.kept_from = before.state, before.told, before.pk
                row.asked_at, row.answered_at = before.asked_at, before.answered_at
            else:
                assert person.number is not None
                question = Question(
                    row.pk, source_id, person.number, inquiry.purpose, inquiry.matter_id,
                    inquiry.role, now, until,
                )  # fmt: skip
                row.asked_at, row.request = now, question.note
                questions.append(question)
    LookUp.objects.bulk_create(rows)
    return questions


def _unasked(inquiry: Inquiry, source: AskedSource, person: Person) -> tuple[str, str]:
    """Why a source is not asked about somebody: state and reason; both empty: it is."""
    asking = source.asking
    if asking is None:
        return "not-asked", "no-lookup"
    purposes = asking.purposes or source.manifest.purposes
    if inquiry.purpose not in purposes or (
        asking.who_may_ask and inquiry.role not in asking.who_may_ask
    ):
        return "withheld", "not-allowed"
    if source.way is None:
        return "not-asked", "not-connected"
    if person.number is None:
        return "not-asked", "no-number"
    covers = source.manifest.coverage
    if covers.covers.startswith("age") and person.age is not None:
        return ("", "") if covers.covers_age(person.age) else ("not-asked", "not-covered")
    return "", ""


def _kept(
    source_id: str, source: AskedSource, persons: Iterable[Person], now: dt.datetime
) -> dict[uuid.UUID, LookUp]:
    """Answers that are young enough to be shown again instead of asking anew."""
    if source.asking is None or not source.asking.keep_hours:
        return {}
    since = now - dt.timedelta(hours=source.asking.keep_hours)
    young = LookUp.objects.filter(
        source_id=source_id, person__in=[one.id for one in persons], kept_from=None,
        state__in=["value", "none"], answered_at__gte=since,
    ).order_by("answered_at")  # fmt: skip
    return {one.person: one for one in young}


def _answers(
    inquiry: Inquiry, questions: list[Question], ways: Mapping[str, Way]
) -> Iterable[Answer]:
    """Every answer, noted as it comes: the asking runs beside, the database is spoken to here."""
    came: SimpleQueue[Answer | None] = SimpleQueue()

    def run() -> None:
        try:
            limit = transport.OVERALL_SECONDS
            transport.ask_sources(questions, ways, came.put, seconds=limit)
        finally:
            came.put(None)

    Thread(target=run, name="asking", daemon=True).start()
    over = False
    while not over:
        portion = [came.get()]
        while True:
            try:
                portion.append(came.get_nowait())
            except Empty:
                break
        over = None in portion
        answers = [one for one in portion if one is not None]
        _note_answers(inquiry, answers)
        yield from answers


def _note_answers(inquiry: Inquiry, answers: list[Answer]) -> None:
    if not answers:
        return
    with acting(ASKING, PURPOSE):
        rows = LookUp.objects.in_bulk([one.question.id for one in answers])
        for one in answers:
            row = rows[one.question.id]
            row.state, row.why = one.state, one.why
            row.answered_at, row.milliseconds = one.received_at, one.milliseconds
            row.receipt = one.receipt(row.request)
            day = one.received_at.astimezone(TAIPEI).date()
            # No address: whom it could endanger is known where the household is drawn (R7).
            row.told = told_in(one.question.source, one.rows, day, told_without_place)
        LookUp.objects.bulk_update(
            rows.values(), ["state", "why", "answered_at", "milliseconds", "receipt", "told"]
        )
    for one in answers:
        if one.why == "other-person":
            tell_of_other_person(one.question.source, inquiry.matter_id, actor=ASKING)


def _take(inquiry: Inquiry, source_id: str, rows: list[Row]) -> None:
    """Make records and facts of what a source answered."""
    delivery = take_answers(source_id, rows, actor=ASKING)
    if delivery is None:
        return
    identify(delivery, actor=ASKING)
    with acting(ASKING, PURPOSE):
        asked = LookUp.objects.filter(inquiry=inquiry, source_id=source_id, state="value")
        asked.filter(kept_from=None).update(delivery=delivery)


def _end(inquiry: Inquiry, why: str) -> None:
    LookUp.objects.filter(inquiry=inquiry, state="asking").update(state="late", why=why)
    inquiry.done_at = clock_now()
    inquiry.save(update_fields=["done_at"])


def _put_on_record(inquiry: Inquiry, persons: Iterable[Person]) -> None:
    states: dict[str, int] = {}
    for state in LookUp.objects.filter(inquiry=inquiry).values_list("state", flat=True):
        states[state] = states.get(state, 0) + 1
    record_event(
        Act.SOURCE_ANSWERED, actor=ASKING, object_kind="report",
        object_ids=[inquiry.matter_id, *(one.id for one in persons)], purpose=inquiry.purpose,
        detail={"inquiry": str(inquiry.pk), "states": states},
    )  # fmt: skip


def _screen_again(matter_id: uuid.UUID) -> None:
    """Let the picture and the proposal see what is new, unless somebody has decided already."""
    try:
        screen(matter_id)
    except NotWaiting:
        logger.info("The picture of report %s stays as it was decided on.", matter_id)
