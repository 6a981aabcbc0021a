"""Current records of persons: their normal forms, and what of them is shown beside a match."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.people.queries.prepared import array_text, fetch_prepared
from anwang.people.rules.forms import Forms

# Who reads the forms or columns of an identity `i` takes those of `w`: records in the same words keep
# them with the first of them (actions/alike.py).
WORDS: Final = "join people_identity w on w.no = coalesce(i.like_no, i.no)"
_IDENTITIES: Final = f"""
select i.person_id, i.source_id, i.record_key, i.record_id, i.id_token, w.forms::text
from people_identity i {WORDS}
where i.person_id = any(%s::uuid[]) and not i.superseded and {not_sealed("i.record_id")}
order by i.person_id, i.source_id, i.record_key
"""  # noqa: S608 - constants only
_TOLD: Final = f"""
select i.person_id, i.source_id, i.record_key, i.id_token is not null, coalesce(w.forms->>'n', ''),
    (w.forms->>'y')::int, (w.forms->>'m')::int, (w.forms->>'d')::int, coalesce(w.forms->>'x', ''),
    case when w.forms ? 'nm' or not w.forms ? 'n' then 0 when w.forms ? 'g' then 2
        when w.forms ? 'l' then 1 else 0 end
from unnest((select %s::uuid[])) as asked (person)
join people_identity i on i.person_id = asked.person {WORDS}
where not i.superseded and {not_sealed("i.record_id")}
order by i.person_id, i.source_id, i.record_key
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class IdentityView:
    """The normal forms of one current record of a person."""

    person_id: uuid.UUID
    source: str
    record_key: str
    record_id: uuid.UUID
    id_token: bytes | None
    forms: Forms

    @property
    def fullness(self) -> tuple[Any, ...]:
        """Higher tells the person more fully; ties fall the same way at every call."""
        return self.told.fullness

    @property
    def told(self) -> Told:
        """What of the record is shown beside a match."""
        one = self.forms
        return Told(
            self.person_id, self.source, self.record_key, self.id_token is not None, one.name,
            one.year, one.month, one.day, one.sex, _name_told(one),
        )  # fmt: skip


class Told(NamedTuple):
    """What of one current record is shown beside a match; `written`: 2 where it has an unmasked name,
    1 where that is in Latin letters alone, else 0.
    """

    person_id: uuid.UUID
    source: str
    record_key: str
    has_number: bool
    name: str
    year: int | None
    month: int | None
    day: int | None
    sex: str
    written: int

    @property
    def fullness(self) -> tuple[Any, ...]:
        """Higher tells the person more fully; ties fall the same way at every call."""
        dated = self.year is not None and self.month is not None and self.day is not None
        return (self.has_number, dated, self.written, bool(self.sex), self.source)

    @property
    def born(self) -> date | None:
        """The whole date of birth, None where a part is missing or it is no date."""
        return _date_of(self.year, self.month, self.day)


def identities_of(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[IdentityView]]:
    """Current identities by person, ordered by source and key. One query."""
    wanted = list(person_ids)
    found: dict[uuid.UUID, list[IdentityView]] = {}
    if not wanted:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITIES, [wanted])
        for person, source, key, record, token, packed in cursor.fetchall():
            forms = Forms.unpack(json.loads(packed))
            number = bytes(token) if token is not None else None
            found.setdefault(person, []).append(
                IdentityView(person, source, key, record, number, forms)
            )
    return found


def told_of(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Told]]:
    """What the current records of persons tell, ordered by source and key. One round trip."""
    found: dict[uuid.UUID, list[Told]] = {}
    if wanted := array_text(person_ids).strip("{}"):
        for row in fetch_prepared(_TOLD, [f"{{{wanted}}}"]):
            found.setdefault(row[0], []).append(Told._make(row))
    return found


def addresses_of(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
    """Keys of the addresses (down to the floor) that each person's current records name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select person_id, array_agg(distinct full_key) from people_identity"  # noqa: S608 - constants
            " where person_id = any(%s::uuid[]) and not superseded and full_key is not null"
            f" and {not_sealed('people_identity.record_id')}"
            " group by person_id",
            [list(person_ids)],
        )
        return dict(cursor.fetchall())


def _name_told(forms: Forms) -> int:
    """How well a record's name tells who it is, as `Told.written`."""
    if forms.name_masked or not forms.name:
        return 0
    return 2 if forms.given else int(bool(forms.latin))


def told_best(identities: Sequence[IdentityView]) -> Forms:
    """The forms of the record that tells the person most fully; empty forms for none."""
    return max(identities, key=lambda one: one.fullness).forms if identities else Forms()


def born_on(forms: Forms) -> date | None:
    """The whole date of birth, None where a part is missing or it is no date."""
    return _date_of(forms.year, forms.month, forms.day)


def _date_of(year: int | None, month: int | None, day: int | None) -> date | None:
    if year is None or month is None or day is None:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
