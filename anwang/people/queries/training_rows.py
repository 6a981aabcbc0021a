"""What a model learns from: the columns of a sample of records, and everybody's names to count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from anwang.people.queries.identities import WORDS
from anwang.people.rules.columns import STORED

MOST_RECORDS: Final = 400_000
_ROWS: Final = 50_000
_COUNTED: Final = """
select count(*), count(distinct person_id) from people_identity
where not superseded and person_id is not null
"""
# Every so-many-th number: the same records at every call over the same register.
_PACKED: Final = f"""
select w.packed from people_identity i {WORDS}
where not i.superseded and i.person_id is not null and i.no %% %s = 0 order by i.no
"""  # noqa: S608 - constants only
_NAMES: Final = """
select distinct on (person_id) coalesce(forms->>'sn', ''), coalesce(forms->>'g', '')
from people_identity
where not superseded and person_id is not null and forms ? 'sn' and not forms ? 'nm'
    and like_no is null
order by person_id, source_id
"""


def counted_records() -> tuple[int, int]:
    """How many current records there are, and of how many persons."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        records, persons = cursor.fetchone() or (0, 0)
    return records, persons


def sampled_rows(most: int = MOST_RECORDS) -> npt.NDArray[np.void]:
    """Stored columns of at most `most` records (some more where numbers lie unevenly)."""
    every = max(1, -(-counted_records()[0] // most))
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_PACKED, [every])
        packed = []
        while rows := cursor.fetchmany(_ROWS):
            packed.append(b"".join(bytes(one) for (one,) in rows))
    return np.frombuffer(b"".join(packed), dtype=STORED)


def names_of_persons() -> Iterator[tuple[str, str]]:
    """(surname, given name) of each person once."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_NAMES)
        while rows := cursor.fetchmany(_ROWS):
            yield from rows
