"""Whom somebody at the duty desk may mean by one typed line: at most 20 persons of the desk's own reports.

The database says who may be told, and the linkage model ranks those
(docs/adr/0017-whom-a-search-may-tell.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from django.db import connection

from anwang.access.permissions import Permit
from anwang.access.sealing import token
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.queries import model_in_force, population_for
from anwang.people.rules.addresses import NO_ADDRESS
from anwang.people.rules.columns import Row, row_of, unpack, without_places
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import query_keys
from anwang.people.rules.places import districts_of
from anwang.people.rules.scoring import Model, Scored, rank
from anwang.triage.models import Matter
from anwang.triage.queries.matters import MOST_FOUND

# A nickname with a near age has as much; less is anybody's, and would be browsing (R15).
LEAST_BITS: Final = 7.5
SHOWN_REPORTS: Final = 3
_MOST_KEYS: Final = 1200
_SEARCHED: Final = "select * from cases.searched_persons(%s::bigint[], %s::bigint[])"


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Somebody who may be meant, by the name that his nearest record tells; `matters`: the newest
    of the asker's own reports on him, `more` how many there are besides.
    """

    person: uuid.UUID
    name: str
    scored: Scored
    matters: tuple[Matter, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, as the search asks for it. Without keys it tells nothing."""

    forms: Forms
    keys: Sequence[int]
    known: Sequence[int]


def asked_of(told: Mapping[str, str], permit: Permit) -> Asked:
    """Forms and keys of what was typed.

    Who names no place is asked for in each district of the desk's county: a name by ear has keys
    with a district or a year alone.
    """
    today = clock_now().astimezone(TAIPEI).date()
    forms = forms_of(told, token=token, query=True, told_on=today)
    keys = query_keys(forms)
    if not forms.address.district:
        for seat in permit.seats:
            for district in districts_of(seat.county or ""):
                here = replace(forms.address, district=district)
                keys += query_keys(replace(forms, address=here))
    placeless = replace(forms, address=NO_ADDRESS, prev_address=NO_ADDRESS, phones=())
    return Asked(forms, list(dict.fromkeys(keys))[:_MOST_KEYS], query_keys(placeless))


def persons_found(
    asked: Asked, permit: Permit, *, most: int = MOST_FOUND, without: Iterable[uuid.UUID] = ()
) -> list[PersonFound]:
    """At most `most` persons who may be meant, the likeliest first. Who is told of in the reports
    `without` alone is left out, since those are shown already.

    One statement, and another one where somebody is found.
    """
    rows = _told(asked)
    model = model_in_force()
    model = model.for_population(
        population_for(model, max((row.persons for row in rows), default=0))
    )
    mine = row_of(asked.forms, model.names)
    records = {person: list(their) for person, their in groupby(rows, key=attrgetter("person"))}
    shown = set(without)
    ranked = [
        (_nearest(mine, records[person], model), scored)
        for person, scored in rank(mine, [(one.person, _columns(one)) for one in rows], model)
        if scored.weight >= LEAST_BITS and not shown.issuperset(records[person][0].reports)
    ][:most]
    matters = _matters((one for told, _ in ranked for one in told.reports[:SHOWN_REPORTS]), permit)
    found = [
        PersonFound(
            told.person, told.name, scored,
            tuple(matters[one] for one in told.reports[:SHOWN_REPORTS] if one in matters),
            max(0, len(told.reports) - SHOWN_REPORTS),
        )
        for told, scored in ranked
    ]  # fmt: skip
    return [one for one in found if one.matters]


class _Told(NamedTuple):
    """One record that may be compared, as `cases.searched_persons` tells it."""

    person: uuid.UUID
    packed: bytes
    name: str
    kept_safe: bool
    reports: list[uuid.UUID]
    persons: int


def _nearest(mine: Row, records: Sequence[_Told], model: Model) -> _Told:
    """The record of a person that speaks most for being the one meant: its name is shown."""
    at, _ = rank(mine, ((at, _columns(one)) for at, one in enumerate(records)), model, 1)[0]
    return records[at]


def _columns(told: _Told) -> Row:
    row = unpack(bytes(told.packed))
    return without_places(row) if told.kept_safe else row


def _told(asked: Asked) -> list[_Told]:
    """What of whom may be told, by person. Asked even without keys, so that each search is alike."""
    with connection.cursor() as cursor:
        cursor.execute(_SEARCHED, [list(asked.keys), list(asked.known)])
        return [_Told._make(row) for row in cursor.fetchall()]


def _matters(reports: Iterable[uuid.UUID], permit: Permit) -> dict[uuid.UUID, Matter]:
    """Those that the row rules open at the permit's desks: said once more where they are read."""
    among = Matter.objects.filter(desk_team__in=permit.team_ids, pk__in=set(reports))
    return {one.pk: one for one in among.select_related("report")}
