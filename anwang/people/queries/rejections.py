"""What a person has said is not the same: no version of the model proposes it again.

A word counts for every version of a record (the same source and key), until a person takes it back.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import psycopg


def rejected(source: str, key: str, person: str) -> str:
    """SQL that holds where a person's last word is that a record is not somebody.

    The columns (or constants) of source, record key and person are ours to name, never typed.
    """
    return f"""exists (
        select from people_identity version join people_link word using (record_id)
        where version.source_id = {source} and version.record_key = {key}
            and word.person_id = {person} and word.by_person and word.judgement = 'not-same'
            and not exists (
                select from people_identity any_version join people_link later using (record_id)
                where any_version.source_id = {source} and any_version.record_key = {key}
                    and later.person_id = {person} and later.by_person
                    and later.judgement <> 'not-same' and later.judged_at > word.judged_at))"""  # noqa: S608 - constants only


_REJECTED: Final = f"""
select distinct asked.key, somebody.person_id
from unnest(%(keys)s::text[]) as asked (key)
join people_identity one on one.source_id = %(source)s and one.record_key = asked.key
join people_link somebody on somebody.record_id = one.record_id and somebody.by_person
where {rejected("%(source)s", "asked.key", "somebody.person_id")}
"""  # noqa: S608 - constants only


def rejected_pairs(
    connection: psycopg.Connection[Any], source: str, record_keys: Sequence[str]
) -> set[tuple[str, uuid.UUID]]:
    """(record key, person) of all that people have said of these records not to be. One query."""
    if not record_keys:
        return set()
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(_REJECTED, {"source": source, "keys": list(record_keys)})
        return set(cursor.fetchall())
