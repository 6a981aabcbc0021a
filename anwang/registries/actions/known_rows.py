"""Rows of a full delivery that say again what is known: told by a digest, and neither read nor written.

A daily file of the nation is nearly all of this kind. A row is known where its keyed digest, under the
same manifest, is that of a record's standing version; its cells are not checked a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from anwang.access.sealing import keyed_digest
from anwang.common.copying import copy_text, text_of

# It outlives the transactions of a load's portions.
_STANDING: Final = """
drop table if exists loading_standing;
create temporary table loading_standing as
select distinct on (r.record_key) r.record_key, r.row_digest, r.withdrawn
from registries_record r join registries_delivery d on d.id = r.delivery_id
where r.source_id = %(source)s and d.state = 'published'
order by r.record_key, d.known_at desc
"""
_DIGESTS: Final = """
copy (select distinct row_digest from loading_standing
      where row_digest is not null and not withdrawn order by row_digest) to stdout
"""
# Rows set aside are present all the same, and rows that say something new have their record.
_ABSENT: Final = """
create temporary table loading_absent on commit drop as
select s.record_key from loading_standing s
where not s.withdrawn
  and (s.row_digest is null or exists (select from loading_unseen u where u.digest = s.row_digest))
  and not exists (select from registries_record n where n.source_id = %(source)s
                  and n.delivery_id = %(delivery)s and n.record_key = s.record_key)
  and not exists (select from loading_present p where p.record_key = s.record_key)
"""
_END: Final = """
insert into registries_record (id, source_id, record_key, delivery_id, values, withdrawn)
select (%(prefix)s || lpad(to_hex(%(first)s + row_number() over ()), 12, '0'))::uuid, %(source)s,
    record_key, %(delivery)s, '{}', true from loading_absent
"""


def digest_key(manifest: Mapping[str, Any]) -> bytes:
    """What every digest of rows begins with: under another manifest no row is known."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).digest()


def row_digest(key: bytes, cells: Mapping[str, str]) -> int:
    """Keyed digest of a row's filled cells, in whatever order their columns come."""
    told = "\x1f".join([f"{name}\x1e{cells[name]}" for name in sorted(cells)])
    return keyed_digest(key + told.encode("utf-8", "surrogatepass"))


class KnownRows:
    """Digests of a source's standing records, and which of them the file has said again."""

    def __init__(self, connection: psycopg.Connection[Any], source_id: str) -> None:
        """Read what stands, within the load's transaction."""
        with connection.cursor() as cursor:
            cursor.execute(_STANDING, {"source": source_id})
            with cursor.copy(_DIGESTS) as copy:
                found = b"".join(copy).split()
        self.digests: npt.NDArray[np.int64] = np.array([int(one) for one in found], dtype=np.int64)
        self._seen = np.zeros(len(self.digests), dtype=bool)

    def note(self, places: npt.NDArray[np.int64]) -> None:
        """These of the digests have come again."""
        self._seen[places] = True

    def end_absent(
        self, connection: psycopg.Connection[Any], place: Mapping[str, object], *, without_key: int
    ) -> None:
        """A withdrawn record for every key that the file no longer has; `place` as `_END` needs it.

        Where as many rows came without a readable key as records are missing, these may be those:
        nothing is ended.
        """
        unseen = self.digests[~self._seen].tolist()
        with connection.cursor() as cursor:
            cursor.execute("create temporary table loading_unseen (digest bigint) on commit drop")
            copy_text(cursor, "loading_unseen", ["digest"], text_of(map(str, unseen)))
            cursor.execute("analyze loading_unseen")
            cursor.execute(_ABSENT, place)
            if cursor.rowcount > without_key:
                cursor.execute(_END, place)
            cursor.execute("drop table loading_absent, loading_unseen, loading_standing")


def known_places(
    known: npt.NDArray[np.int64], digests: list[int]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """For each digest whether it is among the sorted `known` ones, and where."""
    asked = np.array(digests, dtype=np.int64)
    if not len(known):
        return np.zeros(len(asked), dtype=bool), np.zeros(len(asked), dtype=np.int64)
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return known[places] == asked, places
