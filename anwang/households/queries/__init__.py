"""The household picture from the database: who is around some persons, and what is known of each.

Two statements however many people there are: the feeds, and one call that reads outward from the
subjects (decision 6).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from anwang.common.clock import clock_now
from anwang.households.queries.feeds import feeds_as_known
from anwang.households.queries.gathered import Gathered, door_of, uuid_of
from anwang.households.queries.groups import household_id_of, household_ids
from anwang.households.queries.records import kinds, known_around, naming_kinds, together_kinds
from anwang.households.rules.evidence import ReportView
from anwang.households.rules.living_together import MOST_TOGETHER
from anwang.households.rules.picture import Picture, build_picture
from anwang.people.rules.forms import Forms

__all__ = ["MOST_TOGETHER", "household_id_of", "household_ids", "household_of", "picture_of"]

Subject = Mapping[str, Any]


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
    known_at = known_on or clock_now()
    feeds = feeds_as_known(known_at)
    told = [(one, one.get("forms") or Forms()) for one in subjects]
    addresses = [forms.address for _, forms in told]
    centre = [uuid_of(one) for one in focus]
    known = known_around(
        {uuid_of(one["person_id"]) for one in subjects if one.get("person_id")} | set(centre),
        {one.full_key for one in addresses if one.full_key},
        {key for one in addresses if not one.floor and (key := door_of(one))},
        feeds.telling(naming_kinds() + together_kinds()),
        as_of,
        known_at,
        earlier=known_on is not None,
    )
    gathered = Gathered(known, as_of)
    report = ReportView(
        reported_on=as_of,
        subjects=tuple(gathered.subject(one, forms) for one, forms in told),
        concerns=tuple(concerns),
    )
    return build_picture(
        as_of=as_of,
        known_at=known_at,
        persons=gathered.persons({str(one.get("person_id")): one for one in subjects}),
        facts=gathered.facts(),
        sources=feeds.asked,
        report=report if subjects else None,
        focus=[str(one) for one in centre],
        kinds=kinds(),
    )


def household_of(
    person_id: uuid.UUID, as_of: date, known_on: datetime | None = None
) -> Picture | None:
    """The picture around one person; None where nothing was known of anybody of this id."""
    picture = picture_of([], as_of=as_of, known_on=known_on, focus=[person_id])
    return picture if picture["members"] else None
