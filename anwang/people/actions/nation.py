"""Builds the nation's index from the identities in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from django.db import connection

from anwang.common.clock import clock_now
from anwang.common.working import Workers, workers_for
from anwang.people.nation.building import Builder, Part, Progress, watermark_under_way
from anwang.people.nation.layout import Manifest, folder_of
from anwang.people.queries.identities import WORDS
from anwang.people.queries.nation import instance_of
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import blocking_keys

# Records of the newest numbers may still be on their way while a build reads (numbers are drawn
# before they are committed): they are left to the tables, which every question asks as well.
SETTLED_BEHIND: Final = 100_000
_ROWS: Final = 10_000
_Row = tuple[int, bytes, str]

_NEWEST: Final = "select coalesce(max(no), 0) from people_identity"
_COUNT: Final = "select count(*) from people_identity where no > %s and no <= %s and not superseded"
_READ: Final = f"""
select i.no, w.packed, w.forms::text from people_identity i {WORDS}
where i.no > %s and i.no <= %s and not i.superseded order by i.no limit %s
"""  # noqa: S608 - constants only


def build_index(
    *, settled_behind: int = SETTLED_BEHIND, progress: Progress = lambda *_: None
) -> Manifest:
    """Build the index anew, or finish an interrupted build, and put it in use.

    Each batch is read in a statement of its own: what changes meanwhile, a question's look-up tells.
    """
    folder, source = folder_of(), instance_of(0)
    # An interrupted build goes on to where it was going.
    watermark = watermark_under_way(folder, source)
    if watermark is None:
        watermark = max(_one(_NEWEST) - settled_behind, 0)
    builder = Builder(folder, watermark=watermark, source=source)
    count = _one(_COUNT, builder.last, watermark)
    whole = builder.state.records + count
    try:
        with Workers(_part, workers_for(count)) as workers:
            for part in workers.each(_batches(builder.last, watermark)):
                builder.add(part)
                progress("records", builder.state.records, whole)
        return builder.finish(
            instance=instance_of(builder.last),
            made_at=clock_now().isoformat(timespec="seconds"),
            progress=progress,
        )
    finally:
        builder.close()


def _batches(last: int, watermark: int) -> Iterator[list[_Row]]:
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_READ, [last, watermark, _ROWS])
            rows: list[_Row] = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield [(number, bytes(packed), forms) for number, packed, forms in rows]


def _part(rows: list[_Row]) -> Part:
    keys = [blocking_keys(Forms.unpack(json.loads(forms))) for _, _, forms in rows]
    return Part(
        numbers=np.array([number for number, _, _ in rows], dtype=np.int64),
        packed=b"".join(packed for _, packed, _ in rows),
        keys=np.array([key for mine in keys for key in mine], dtype=np.int64),
        of=np.repeat(np.arange(len(rows), dtype=np.uint32), [len(mine) for mine in keys]),
    )


def _one(statement: str, *parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.fetchone()[0])
