"""Which readings are odd: pure rules over who opened what, when, and with which task (D5, S3, S8)."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from anwang.common.values.roc_dates import TAIPEI
from anwang.common.yaml_files import read_yaml

ALARMS: Final = Path(__file__).resolve().parent.parent / "policies" / "alarms.yaml"
NIGHT_ENDS: Final = 5  # o'clock in Taipei; the night begins at midnight
Near = Literal["", "relative", "neighbour"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of alarms.yaml: more than `most` distinct ones within `hours` are odd."""

    id: str
    most: int
    hours: int
    text: Mapping[str, str]
    citation: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One opening of one object by one account.

    `task`: the account or its team had work to do with it. `near`: what the object's people are to
    the account. `leaving`: the account's last weeks. `night_duty`: its office works at night.
    """

    at: dt.datetime
    account: str
    object: str
    task: bool = True
    near: Near = ""
    leaving: bool = False
    night_duty: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm: once a rule, account, object (where one stands out) and day."""

    rule: str
    account: str
    day: dt.date
    object: str | None
    counted: int


def load_rules(path: Path = ALARMS) -> dict[str, Rule]:
    """The rules in `path` by id."""
    return {
        row["id"]: Rule(
            row["id"], int(row["most"]), int(row.get("hours", 24)), row["text"], row["citation"]
        )
        for row in read_yaml(path)["rows"]
    }


def alarms_in(readings: Iterable[Reading], rules: Mapping[str, Rule]) -> list[Found]:
    """What is odd in `readings`, which come in the order of time; sorted by day, rule, account."""
    found: dict[tuple[object, ...], Found] = {}
    windows: dict[tuple[str, str], _Window] = {}
    for one in readings:
        day = one.at.astimezone(TAIPEI).date()
        for rule, key, counts, stands_out in _concerns(one):
            limits = rules[rule]
            window = windows.get((rule, key))
            if window is None:
                window = windows[(rule, key)] = _Window(dt.timedelta(hours=limits.hours))
            number = window.add(one.at, counts)
            if number > limits.most:
                slot = (rule, one.account, day, stands_out)
                found[slot] = Found(rule, one.account, day, stands_out, number)
    return sorted(found.values(), key=lambda f: (f.day, f.rule, f.account, f.object or ""))


def _concerns(one: Reading) -> Iterable[tuple[str, str, str, str | None]]:
    """(rule, what is watched, what is counted there, the object that stands out)."""
    if one.near == "relative":
        yield "relative", f"{one.account} {one.object}", one.object, one.object
    if one.near == "neighbour" and not one.task:
        yield "neighbour", f"{one.account} {one.object}", one.object, one.object
    if not one.task:
        yield "burst", one.object, one.account, one.object
        yield "no-task", one.account, one.object, None
        yield "bulk", one.account, one.object, None
    if one.leaving:
        yield "leaver", one.account, one.object, None
    if not one.night_duty and one.at.astimezone(TAIPEI).hour < NIGHT_ENDS:
        yield "night", one.account, one.object, None


class _Window:
    """How many distinct ones came within the last hours."""

    __slots__ = ("_came", "_last", "_long")

    def __init__(self, long: dt.timedelta) -> None:
        self._long = long
        self._came: deque[tuple[dt.datetime, str]] = deque()
        self._last: dict[str, dt.datetime] = {}

    def add(self, at: dt.datetime, what: str) -> int:
        self._came.append((at, what))
        self._last[what] = at
        while self._came and self._came[0][0] <= at - self._long:
            then, gone = self._came.popleft()
            if self._last.get(gone) == then:
                del self._last[gone]
        return len(self._last)
