"""The household picture from the database: who is around some persons, and what is known of each.

Two statements however many people and pictures there are: the feeds, and one that reads outward from
the subjects of each (decision 6).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from anwang.common.clock import clock_now
from anwang.households.queries.feeds import Feeds, feeds_as_known
from anwang.households.queries.gathered import Gathered, door_of, uuid_of
from anwang.households.queries.groups import household_id_of, household_ids
from anwang.households.queries.records import (
    Centre,
    Known,
    kinds,
    known_around,
    naming_kinds,
    together_kinds,
)
from anwang.households.rules.evidence import ReportView
from anwang.households.rules.living_together import MOST_TOGETHER
from anwang.households.rules.picture import Picture, build_picture
from anwang.people.rules.forms import Forms

__all__ = [
    "MOST_TOGETHER",
    "Around",
    "household_id_of",
    "household_ids",
    "household_of",
    "picture_of",
    "pictures_of",
]

Subject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What one picture is drawn around, and of which day; see `picture_of`."""

    subjects: Sequence[Subject]
    as_of: date
    concerns: Sequence[str] = ()
    focus: Sequence[uuid.UUID | str] = ()

    def centre(self) -> Centre:
        """Where the reading begins."""
        addresses = [(one.get("forms") or Forms()).address for one in self.subjects]
        return Centre(
            {uuid_of(one["person_id"]) for one in self.subjects if one.get("person_id")}
            | {uuid_of(one) for one in self.focus},
            {one.full_key for one in addresses if one.full_key},
            {key for one in addresses if not one.floor and (key := door_of(one))},
            self.as_of,
        )


def picture_of(
    subjects: Sequence[Subject],
    *,
    as_of: date,
    known_on: datetime | None = None,
    concerns: Sequence[str] = (),
    focus: Iterable[uuid.UUID | str] = (),
) -> Picture:
    """The picture around a report's subjects on `as_of`, with what was known at `known_on` (now).

    A subject has `index`, `role`, `person_id` (None where nobody was accepted) and, as far as told,
    `forms`, `name`, `sex`, `age`, `relation_to_victim`, and `identification` where a person
    confirmed who it is. Without subjects it is drawn around `focus`.
    """
    return pictures_of([Around(subjects, as_of, concerns, tuple(focus))], known_on=known_on)[0]


def pictures_of(asked: Sequence[Around], *, known_on: datetime | None = None) -> list[Picture]:
    """`picture_of` for several, in their order and as known at one instant."""
    known_at = known_on or clock_now()
    feeds = feeds_as_known(known_at)
    known = known_around(
        [one.centre() for one in asked],
        feeds.telling(naming_kinds() + together_kinds()),
        known_at,
        earlier=known_on is not None,
    )
    return [_drawn(one, read, feeds, known_at) for one, read in zip(asked, known, strict=True)]


def _drawn(asked: Around, known: Known, feeds: Feeds, known_at: datetime) -> Picture:
    gathered = Gathered(known, asked.as_of)
    report = ReportView(
        reported_on=asked.as_of,
        subjects=tuple(
            gathered.subject(one, one.get("forms") or Forms()) for one in asked.subjects
        ),
        concerns=tuple(asked.concerns),
    )
    return build_picture(
        as_of=asked.as_of,
        known_at=known_at,
        persons=gathered.persons({str(one.get("person_id")): one for one in asked.subjects}),
        facts=gathered.facts(),
        sources=feeds.asked,
        report=report if asked.subjects else None,
        focus=[str(uuid_of(one)) for one in asked.focus],
        kinds=kinds(),
    )


def household_of(
    person_id: uuid.UUID, as_of: date, known_on: datetime | None = None
) -> Picture | None:
    """The picture around one person; None where nothing was known of anybody of this id."""
    picture = picture_of([], as_of=as_of, known_on=known_on, focus=[person_id])
    return picture if picture["members"] else None
