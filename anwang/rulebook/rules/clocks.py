"""Duties in time: what must be done by when, and how the law counts.

Hours run at once, through nights and holidays (Administrative Procedure Act art. 48-1). Of days and
months the first day is not counted (48-2); an end on a Sunday, holiday or other day of rest moves
to the next day that is none, an end on a Saturday to the morning of the Monday after (48-4).
Someone waits for each of these: a date too late hurts a family.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.calendar import WorkCalendar
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.tables import CONFIDENCES

Unit = Literal["hours", "days", "working_days", "months"]
UNITS: Final[tuple[Unit, ...]] = ("hours", "days", "working_days", "months")
# A duty is done once; a cycle comes again when it was done; a window is how long something is to be
# watched; what is kept until its retention ends is then looked at.
Kind = Literal["duty", "cycle", "window", "retention"]
KINDS: Final[tuple[Kind, ...]] = ("duty", "cycle", "window", "retention")

TAIPEI: Final = ZoneInfo("Asia/Taipei")
# The Act says "Monday morning" (星期一上午) and no hour: noon is its last moment.
END_OF_MORNING: Final = time(12, 0)
# The last whole second, so that the date of a due instant is the last day itself.
END_OF_DAY: Final = time(23, 59, 59)


class ClockFault(AnwangError):
    """A clock definition is not well formed. The text names the clock and what to correct."""


@dataclass(frozen=True, slots=True)
class ClockDefinition:
    """One duty. `start` and `stop` name events; `owner` who must act; `before` counts back from
    `start`.

    `legal` is False for a term that a programme or this system sets without a law that names it.
    `warn`: how long before the due instant its owner is warned, longest first. `pause`: reasons for
    which it may stand still; without any it never does.
    """

    id: str
    unit: Unit
    amount: int
    before: bool
    start: str
    stop: str
    owner: str
    legal: bool
    text: Mapping[str, str]
    citation: str
    confidence: str
    valid_from: date
    valid_to: date | None = None
    kind: Kind = "duty"
    warn: tuple[timedelta, ...] = ()
    pause: tuple[str, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        """Whether the clock is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why a clock may stand still, who may say so, and for how many days at most."""

    id: str
    by: tuple[str, ...]
    at_most_days: int
    text: Mapping[str, str]
    citation: str
    confidence: str


def read_clocks(doc: Doc) -> tuple[ClockDefinition, ...]:
    """All definitions of a clocks file. Raises ClockFault."""
    found = tuple(_definition(said, doc) for said in doc["clocks"])
    known = {one.id for one in read_pauses(doc)}
    events: Mapping[str, Doc] | None = doc.get("events")
    for one in found:
        if strange := set(one.pause) - known:
            raise ClockFault(f"Clock {one.id}: no such pause: {', '.join(sorted(strange))}.")
        for event in (one.start, one.stop):
            if events is not None and event not in events:
                raise ClockFault(
                    f"Clock {one.id}: the event {event} has no words. Add it to events."
                )
    return found


def read_pauses(doc: Doc) -> tuple[PauseReason, ...]:
    """All reasons of a clocks file for which a clock may stand still. Raises ClockFault."""
    found = []
    for said in doc.get("pauses", ()):
        if not said.get("by") or not isinstance(said.get("at_most_days"), int):
            raise ClockFault(f"Pause {said.get('id')}: say by whom and for at_most_days.")
        if said.get("confidence") not in CONFIDENCES or not said.get("citation"):
            raise ClockFault(
                f"Pause {said['id']}: citation and confidence (V, S, D, U) are needed."
            )
        found.append(
            PauseReason(
                id=said["id"],
                by=tuple(said["by"]),
                at_most_days=said["at_most_days"],
                text=said["text"],
                citation=said["citation"],
                confidence=said["confidence"],
            )
        )
    return tuple(found)


def _warnings(said: Doc, unit: Unit, doc: Doc) -> tuple[timedelta, ...]:
    """As the clock says, else as the file says for its unit: `6h`, `3d`; longest first."""
    told = said.get("warn", doc.get("warnings", {}).get(unit, ()))
    found = []
    for text in told:
        read = re.fullmatch(r"(\d+)([hd])", str(text))
        if read is None:
            raise ClockFault(f"Clock {said['id']}: a warning is written 6h or 3d, not {text!r}.")
        number = int(read[1])
        found.append(timedelta(hours=number) if read[2] == "h" else timedelta(days=number))
    return tuple(sorted(found, reverse=True))


def _definition(said: Doc, doc: Doc) -> ClockDefinition:
    if said.get("kind", "duty") not in KINDS:
        raise ClockFault(f"Clock {said.get('id')}: kind is one of {', '.join(KINDS)}.")
    units = [unit for unit in UNITS if unit in said]
    if len(units) != 1 or not isinstance(said[units[0]], int) or said[units[0]] < 1:
        raise ClockFault(f"Clock {said.get('id')}: give one of {', '.join(UNITS)}, a whole number.")
    if said.get("confidence") not in CONFIDENCES or not said.get("citation"):
        raise ClockFault(f"Clock {said['id']}: citation and confidence (V, S, D, U) are needed.")
    return ClockDefinition(
        id=said["id"],
        unit=units[0],
        amount=said[units[0]],
        before=bool(said.get("before", False)),
        start=said["start"],
        stop=said["stop"],
        owner=said["owner"],
        legal=bool(said.get("legal", True)),
        text=said["text"],
        citation=said["citation"],
        confidence=said["confidence"],
        valid_from=said.get("valid_from", doc["valid_from"]),
        valid_to=said.get("valid_to"),
        kind=said.get("kind", "duty"),
        warn=_warnings(said, units[0], doc),
        pause=tuple(said.get("pause", ())),
    )


def first_clock(definitions: Iterable[ClockDefinition]) -> ClockDefinition:
    """The clock that runs from the receipt of any report until it is dispatched.

    Raises ClockFault when the policy names none: a report must never be without one.
    """
    for definition in definitions:
        if definition.start == "report-received" and definition.stop == "dispatched":
            return definition
    raise ClockFault("No clock runs from report-received to dispatched. Add it to clocks.yaml.")


def clocks_in_force(
    definitions: tuple[ClockDefinition, ...], day: date
) -> dict[str, ClockDefinition]:
    """Clock id -> the definition in force on `day`. Raises ClockFault where two are."""
    found: dict[str, ClockDefinition] = {}
    for definition in definitions:
        if definition.is_valid_on(day):
            if definition.id in found:
                raise ClockFault(f"Clock {definition.id}: two definitions on {day.isoformat()}.")
            found[definition.id] = definition
    return found


def due_at(
    start: datetime, definition: ClockDefinition, calendar: WorkCalendar, paused_days: int = 0
) -> datetime:
    """The last moment of the duty, in Taipei time. `start` must carry an offset.

    `paused_days` are days that a clock of days, working days or months stood still: so many days of
    the calendar (working days for working days) are added to its last day before it is moved.

    Days and months end at the last second of the last day, or at noon when that day was a
    Saturday. A clock that counts back (`before`) ends on the last working day at or before the day
    counted to, since later would be too late.
    """
    if start.tzinfo is None:
        raise ValueError("A clock cannot start at an instant without an offset.")
    if definition.unit == "hours":
        hours = timedelta(hours=-definition.amount if definition.before else definition.amount)
        return (start.astimezone(UTC) + hours).astimezone(TAIPEI)
    first = start.astimezone(TAIPEI).date()
    if definition.before:
        return _at(_back(first, definition, calendar), END_OF_DAY)
    last = _last_day(first, definition, calendar)
    if definition.unit == "working_days":
        for _ in range(paused_days):
            last = calendar.next_working_day(last)
    else:
        last += timedelta(days=paused_days)
    return _moved(last, calendar)


def days_paused(
    since: datetime, until: datetime, definition: ClockDefinition, calendar: WorkCalendar
) -> int:
    """How many days a clock stood still: the first day is not counted (48-2), none in hours.

    Of a clock of working days, only those count.
    """
    if definition.unit == "hours":
        return 0
    first, last = since.astimezone(TAIPEI).date(), until.astimezone(TAIPEI).date()
    if definition.unit != "working_days":
        return max(0, (last - first).days)
    days = (first + timedelta(days=step) for step in range(1, (last - first).days + 1))
    return sum(1 for day in days if not calendar.is_rest_day(day))


def next_warning(
    definition: ClockDefinition, started: datetime, due: datetime, given: int
) -> datetime | None:
    """When its owner is to be warned next, after `given` warnings; None where no more come.

    A warning that would lie before the start of a short clock is none.
    """
    wanted = [due - before for before in definition.warn if due - before > started]
    return wanted[given] if given < len(wanted) else None


def is_provisional(due: datetime, calendar: WorkCalendar) -> bool:
    """True if the day lies beyond the announced calendar and may still move."""
    return due.astimezone(TAIPEI).date() > calendar.assured_until


def _last_day(first: date, definition: ClockDefinition, calendar: WorkCalendar) -> date:
    if definition.unit == "days":
        return first + timedelta(days=definition.amount)
    if definition.unit == "working_days":
        day = first
        for _ in range(definition.amount):
            day = calendar.next_working_day(day)
        return day
    return _months_after(first, definition.amount)


def _months_after(first: date, months: int) -> date:
    """Art. 48-3, counted from the day after `first`: ends the day before the corresponding one.

    A month without that day ends on its last day.
    """
    begins = first + timedelta(days=1)
    year, month = divmod(begins.year * 12 + begins.month - 1 + months, 12)
    length = monthrange(year, month + 1)[1]
    if begins.day > length:
        return date(year, month + 1, length)
    return date(year, month + 1, begins.day) - timedelta(days=1)


def _back(end: date, definition: ClockDefinition, calendar: WorkCalendar) -> date:
    if definition.unit == "working_days":
        day = end
        for _ in range(definition.amount):
            day = calendar.previous_working_day(day)
        return day
    if definition.unit == "months":
        year, month = divmod(end.year * 12 + end.month - 1 - definition.amount, 12)
        day = date(year, month + 1, min(end.day, monthrange(year, month + 1)[1]))
    else:
        day = end - timedelta(days=definition.amount)
    return calendar.previous_working_day(day) if calendar.is_rest_day(day) else day


def _moved(last: date, calendar: WorkCalendar) -> datetime:
    """Art. 48-4, step by step: each day of rest moves to the next day, a Saturday to a morning.

    A holiday that moves onto a Saturday therefore ends on a morning too; so a longer term never
    ends before a shorter one. Where the Monday is a day of rest, it is the morning of the next
    working day.
    """
    hour = END_OF_DAY
    while calendar.is_rest_day(last):
        if calendar.is_closed_saturday(last):
            hour = END_OF_MORNING
        last += timedelta(days=1)
    return _at(last, hour)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=TAIPEI)
