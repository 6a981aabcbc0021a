"""The household of a family or a report, of any day, as known on any day, for whoever works with it.

The database looks who asks and around whom it reads (migrations/0017_household_evidence.py).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection

from anwang.access.permissions import Permit
from anwang.cases.models import FamilyMember
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries.feeds import feeds_as_known
from anwang.households.queries.gathered import Gathered
from anwang.households.queries.records import (
    Known,
    asking,
    bounds,
    kinds,
    naming_kinds,
    together_kinds,
)
from anwang.households.rules.evidence import FactView
from anwang.households.rules.picture import Picture, build_picture
from anwang.households.rules.protected import Safety, without_protected_places

# Roles of those whom a family's cases are about.
SERVED: Final = ("victim", "person-in-need", "witness-child")
_EVIDENCE: Final = """
select person, source, record_key, record, token, forms::text, said, facts::text, protected, safe_from
from cases.household_evidence(%s, %s::text[], %s::text[], %s::text[], %s::text[], %s, %s::date,
    %s::timestamptz, %s)
"""


@dataclass(frozen=True, slots=True)
class Household:
    """What a page of a household is drawn from. `protected`: whether its places are."""

    picture: Picture
    facts: list[FactView]
    protected: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which day, and as known when; `known_on` None: as known now."""

    as_of: dt.date
    known_at: dt.datetime
    known_on: dt.date | None = None


def household_about(
    about: uuid.UUID,
    focus: Iterable[str],
    asked: Asked,
    permit: Permit,
    *,
    withheld: Collection[str] = (),
) -> Household:
    """The household around the persons of a family file or report; empty where nobody is known.

    `focus`: ids of those it is drawn for; whom the database does not give is left out. `withheld`:
    sources that this role is not told of, for everybody alike.
    """
    if permit.audit_id is None:
        raise PermissionError("A household is read on a permit whose reading is on record.")
    feeds = feeds_as_known(asked.known_at)
    rows = _rows(about, asked, feeds.telling(naming_kinds() + together_kinds()))
    known = Known.of(row[:-2] for row in rows)
    safe = _safety(rows)
    gathered = Gathered(known, asked.as_of)
    sources = [replace(one, withheld=one.id in withheld) for one in feeds.asked]
    told = [one for one in gathered.facts() if one.source not in set(withheld)]
    facts = without_protected_places(told, kinds(), safe)
    persons = gathered.persons({})
    there = {one.person_id for one in persons}
    picture = build_picture(
        as_of=asked.as_of,
        known_at=asked.known_at,
        persons=persons,
        facts=facts,
        sources=sources,
        focus=[one for one in focus if one in there] or sorted(there)[:1],
        kinds=kinds(),
    )
    return Household(picture, facts, protected=safe is not None)


def focus_of_family(family_id: uuid.UUID) -> list[str]:
    """Whom a family's household is drawn for: those served, else everybody known in the file."""
    members = FamilyMember.objects.filter(family=family_id, until=None).exclude(person_id=None)
    told = list(members.order_by("since", "pk").values_list("person_id", "role"))
    chosen = [pid for pid, role in told if role in SERVED] or [pid for pid, _role in told]
    return list(dict.fromkeys(str(one) for one in chosen))


def reach(now: dt.datetime) -> list[Any]:
    """By which kinds and sources, and how far, the database goes on from a person."""
    sources = feeds_as_known(now).telling(naming_kinds() + together_kinds())
    return bounds(sources)


def _safety(rows: list[tuple[Any, ...]]) -> Safety | None:
    """Since when somebody of a household is kept safe, and from whom; None where nobody is."""
    since = [row[-2] for row in rows if row[-2] is not None]
    if not since:
        return None
    return Safety(
        min(since).astimezone(TAIPEI).date(), frozenset(str(row[0]) for row in rows if row[-1])
    )


def _rows(about: uuid.UUID, asked: Asked, sources: list[str]) -> list[tuple[Any, ...]]:
    earlier = asked.known_on is not None
    with connection.cursor() as cursor:
        cursor.execute(
            _EVIDENCE, [about, *asking(sources, asked.as_of, asked.known_at, earlier=earlier)]
        )
        return list(cursor.fetchall())
