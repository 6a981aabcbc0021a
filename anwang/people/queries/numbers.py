"""The identity numbers of persons, opened for the one program that must name them to a source."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.access.sealing import CannotUnseal, unseal
from anwang.access.tokens import id_token

_SEALED: Final = f"""
select distinct on (i.person_id, i.id_token) i.person_id, i.id_token, r.id, r.id_cipher
from people_identity i join registries_record r on r.id = i.record_id and r.source_id = i.source_id
where i.person_id = any(%s::uuid[]) and i.id_token is not null and not i.superseded
    and r.id_cipher is not null and {not_sealed("i.record_id")}
order by i.person_id, i.id_token, i.no desc
"""  # noqa: S608 - constants only


def numbers_of(persons: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Person -> number, for those whose records agree on one. Our own programs' alone (S15).

    Who is known under two numbers is asked about under neither: one of them is somebody else's.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SEALED, [list(persons)])
        rows = cursor.fetchall()
    found: dict[uuid.UUID, str] = {}
    disputed: set[uuid.UUID] = set()
    for person, token, record, cipher in rows:
        try:
            plain = unseal(
                cipher, table="registries_record", column="id_cipher", row=str(record)
            ).decode()
        except CannotUnseal:
            continue
        if id_token(plain) != bytes(token):
            continue
        if person in found:
            disputed.add(person)
        found[person] = plain
    return {person: number for person, number in found.items() if person not in disputed}
