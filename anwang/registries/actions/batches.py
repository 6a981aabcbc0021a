"""Rows of a delivery as lines for the database: checked, sealed, with their facts.

Plain numbers of persons end here: a record's values hold tokens, its cipher stands beside them.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from anwang.access.sealing import DataKey, seal, standing_key, token
from anwang.access.tokens import id_token
from anwang.common.copying import NULL, bytes_cell, copy_text, json_cell, text_cell, text_of
from anwang.registries.actions.known_rows import known_places, row_digest
from anwang.registries.rules.cells import InvalidId, cell_reader
from anwang.registries.rules.facts import FactDraft, facts_of
from anwang.registries.rules.faults import CELL_RULES, RowFault, cell_fault
from anwang.registries.rules.feed_watch import Profile
from anwang.registries.rules.files import FileRow
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.rows import Values, row_check

QUARANTINE = "registries_quarantinedrow"
RECORD = "registries_record"

# They outlive the transactions of a load's portions, and are gone with it or with its connection.
TEMPORARY = """
drop table if exists loading_record, loading_fact, loading_quarantine, loading_present, loading_same;
create temporary table loading_record (id uuid, record_key text, values jsonb, id_cipher bytea,
    withdrawn boolean, row_digest bigint);
create temporary table loading_fact (record_id uuid, kind text, key text, value jsonb,
    valid_from date, valid_to date);
create temporary table loading_quarantine (id uuid, sheet text, line int, "column" text, rule text,
    value_class text, text jsonb, fix jsonb, sealed_row bytea);
create temporary table loading_present (record_key text);
create temporary table loading_same (id uuid, record_key text);
"""
# A full delivery says again what is known already: a row that says nothing new makes no new record
# (or a daily file of the nation would double the database every day). It counts as present.
_FIND_UNCHANGED = """
insert into loading_same
select l.id, l.record_key from loading_record l
cross join lateral (
    select r.values, r.withdrawn from registries_record r
    join registries_delivery d on d.id = r.delivery_id
    where r.source_id = %(source)s and r.record_key = l.record_key and d.state = 'published'
    order by d.known_at desc limit 1) before
where before.values = l.values and before.withdrawn = l.withdrawn
"""
DROP_TEMPORARY = (
    "drop table loading_record, loading_fact, loading_quarantine, loading_present, loading_same"
)
_TAKE = (
    """
insert into registries_record (id, source_id, record_key, delivery_id, values, id_cipher, withdrawn,
    row_digest)
select id, %(source)s, record_key, %(delivery)s, values, id_cipher, withdrawn, row_digest
from loading_record l
where not exists (select from loading_same s where s.id = l.id)
""",
    """
insert into registries_fact (source_id, record_id, delivery_id, kind, key, value, valid_from,
    valid_to)
select %(source)s, record_id, %(delivery)s, kind, key, value, valid_from, valid_to from loading_fact f
where not exists (select from loading_same s where s.id = f.record_id)
""",
    """
insert into registries_quarantinedrow (id, delivery_id, source_id, sheet, line, "column", rule,
    value_class, text, fix, sealed_row)
select id, %(delivery)s, %(source)s, sheet, line, "column", rule, value_class, text, fix, sealed_row
from loading_quarantine
""",
    "insert into loading_present select record_key from loading_same",
    "truncate loading_record, loading_fact, loading_quarantine, loading_same",
)


def new_delivery_id(at: datetime) -> uuid.UUID:
    """An id after which its records' ids have room: they begin with the same 80 bits.

    Ids of records rise in the order of the file, since random ones would scatter every index over
    the disk when a nation is loaded. They never leave the system, so they may tell their order.
    """
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    noise = secrets.randbits(26)
    head = f"{milliseconds:012x}7{noise >> 14:03x}{0x8000 | noise & 0x3FFF:04x}"
    return uuid.UUID(head + "0" * 12)


def record_id(delivery_id: uuid.UUID, number: int) -> str:
    """Id of the `number`th row's record, as 32 hex digits."""
    return f"{delivery_id.hex[:20]}{number:012x}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a file: the first is the `first`th of all. `repeats`: places in `rows` whose key
    comes again further down.
    """

    first: int
    rows: list[FileRow | RowFault]
    repeats: frozenset[int]


@dataclass(frozen=True, slots=True)
class MadeBatch:
    """What one batch adds, as text for COPY, and its counts. `known`: places, among the digests of
    what stands, of rows that say nothing new; they count as accepted.
    """

    rows: int
    known: npt.NDArray[np.int64]
    records: bytes
    facts: bytes
    quarantined: bytes
    present: bytes
    accepted: int
    without_key: int
    reasons: Counter[str]
    profile: Profile


@lru_cache(maxsize=65536)
def hex_token(normal_id: str) -> bytes:
    """Token of a number; relatives stand near each other in a file, so most are asked twice."""
    return token(normal_id)


class BatchMaker:
    """Turns batches of one delivery into text for the database. Knows no database itself, and may
    be copied into another process.

    `digest_key`: what digests of rows begin with; `known`: sorted digests of what stands. Of the
    first `behind` rows, which a load that broke off has written, only the keys are told.
    """

    def __init__(
        self,
        manifest: Manifest,
        delivery_id: uuid.UUID,
        delivered_on: date,
        digest_key: bytes,
        known: npt.NDArray[np.int64] | None = None,
        *,
        behind: int = 0,
    ) -> None:
        self._manifest = manifest
        self._digest_key = digest_key
        self._known = np.zeros(0, dtype=np.int64) if known is None else known
        self._delivery_id = delivery_id
        self._behind = behind
        self._check = row_check(manifest)
        self._delivered_on = delivered_on.isoformat()
        self._protected = manifest.protected_columns
        self._code_columns = tuple(one.name for one in manifest.columns if one.type == "code")
        # Columns of which a filled cell need not be a value, or not the value as it stands.
        self._read = {
            one.name: cell_reader(one)
            for one in manifest.columns
            if one.type == "code" or one.when_invalid == "drop"
        }

    def __call__(self, batch: Batch) -> MadeBatch:
        """What `batch` adds."""
        lines, data_key = _Lines(), standing_key(RECORD)
        digests = [
            row_digest(self._digest_key, row.cells) if isinstance(row, FileRow) else 0
            for row in batch.rows
        ]
        known, where = known_places(self._known, digests)
        if batch.first <= self._behind:
            lines.present_again(batch.rows, known, where)
            return lines.made(len(batch.rows))
        for place, row in enumerate(batch.rows):
            if isinstance(row, RowFault):
                lines.set_aside(row, "", {})
                continue
            if place in batch.repeats:
                lines.set_aside(self._repeat(row), row.sheet, row.cells)
                continue
            if known[place]:
                lines.known.append(int(where[place]))
                lines.count(self._values_again(row.cells), self._code_columns)
                continue
            checked = self._check(row.cells, row.line, self._delivered_on)
            if isinstance(checked, RowFault):
                lines.set_aside(checked, row.sheet, row.cells)
            else:
                record = record_id(self._delivery_id, batch.first + place)
                self._take(lines, record, checked.values, digests[place], data_key)
        return lines.made(len(batch.rows))

    def _values_again(self, cells: dict[str, str]) -> Values:
        """What is counted of a row that was found good before."""
        values: Values = {}
        for name, cell in cells.items():
            if text := cell.strip():
                try:
                    values[name] = self._read[name](text) if name in self._read else text
                except InvalidId:
                    continue
        return values

    def _repeat(self, row: FileRow) -> RowFault:
        """The fault of a row whose key comes again further down."""
        column = self._manifest.column("record_key")
        label = column.label if column else CELL_RULES["repeated-key"].text
        return cell_fault(row.line, "record_key", label, "repeated-key", row.cells["record_key"])

    def _take(
        self, lines: _Lines, record: str, values: Values, digest: int, data_key: DataKey
    ) -> None:
        withdrawn = values.get("deleted") is True
        line = record_line(self._protected, record, values, data_key, withdrawn=withdrawn)
        lines.records.append(f"{line}\t{digest}")
        if not withdrawn:
            lines.count(values, self._code_columns)
            facts = facts_of(self._manifest, values, hex_token)
            lines.facts.extend([fact_line(record, fact) for fact in facts])


class _Lines:
    """Lines of one batch while it is made."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.facts: list[str] = []
        self.known: list[int] = []
        self._quarantined: list[str] = []
        self._present: list[str] = []
        self._without_key = 0
        self._reasons: Counter[str] = Counter()
        self._profile = Profile()

    def count(self, values: Values, code_columns: tuple[str, ...]) -> None:
        """Count what the columns of a row taken hold."""
        self._profile.rows += 1
        self._profile.filled.update(values.keys())
        for name in code_columns:
            if name in values:
                self._profile.codes[name, str(values[name])] += 1

    def present_again(
        self,
        rows: list[FileRow | RowFault],
        known: npt.NDArray[np.bool_],
        where: npt.NDArray[np.int64],
    ) -> None:
        """Rows that were written before: all that is still asked is which keys the file has."""
        for place, row in enumerate(rows):
            if isinstance(row, RowFault):
                continue
            if known[place]:
                self.known.append(int(where[place]))
            elif key := row.cells.get("record_key", "").strip():
                self._present.append(text_cell(_storable(key)))

    def set_aside(self, fault: RowFault, sheet: str, cells: dict[str, str]) -> None:
        """Add a row to the quarantine, sealed."""
        self._reasons[fault.rule] += 1
        if fault.rule == "code-unknown":
            self._profile.unknown[fault.column] += 1
        if key := cells.get("record_key", "").strip():
            self._present.append(text_cell(_storable(key)))
        else:
            self._without_key += 1
        row_id = str(uuid.uuid4())
        plain = json.dumps({"line": fault.line, "cells": cells}).encode()
        sealed = seal(plain, table=QUARANTINE, column="sealed_row", row=row_id)
        self._quarantined.append(
            "\t".join((
                row_id, text_cell(sheet[:60]), str(fault.line), text_cell(fault.column),
                text_cell(fault.rule), text_cell(fault.value_class),
                json_cell(fault.text.as_dict()), json_cell(fault.fix.as_dict()),
                bytes_cell(sealed),
            ))
        )  # fmt: skip

    def made(self, rows: int) -> MadeBatch:
        """All of it as text."""
        return MadeBatch(
            rows=rows,
            known=np.array(self.known, dtype=np.int64),
            records=text_of(self.records),
            facts=text_of(self.facts),
            quarantined=text_of(self._quarantined),
            present=text_of(self._present),
            accepted=len(self.records) + len(self.known),
            without_key=self._without_key,
            reasons=self._reasons,
            profile=self._profile,
        )


def record_line(
    protected: frozenset[str],
    record: str,
    values: Values,
    data_key: DataKey,
    *,
    withdrawn: bool = False,
) -> str:
    """A line of loading_record, without its digest. Of a withdrawn record nothing is kept but that
    it is.
    """
    if withdrawn:
        return f"{record}\t{text_cell(str(values['record_key']))}\t{{}}\t\\N\tt"
    kept, cipher = protect(protected, record, values, data_key)
    key = text_cell(str(values["record_key"]))
    return f"{record}\t{key}\t{json_cell(kept)}\t{bytes_cell(cipher)}\tf"


def protect(
    protected: frozenset[str], record: str, values: Values, data_key: DataKey | None = None
) -> tuple[dict[str, Any], bytes | None]:
    """`values` with tokens (hex) for numbers, and the record's own number sealed, by `data_key` or
    the table's own key.

    A number that fails its check has no token: it stands in the cipher alone.
    """
    kept = dict(values)
    cipher = None
    for column in protected:
        number = kept.pop(column, None)
        if number is None:
            continue
        text = str(number)
        if column == "national_id":
            row = _with_dashes(record)
            plain = text.encode("utf-8", "replace")
            cipher = seal(plain, table=RECORD, column="id_cipher", row=row, data_key=data_key)
            found = id_token(text)
        else:
            found = hex_token(text)
        if found is not None:
            kept[column] = found.hex()
    return kept, cipher


def _with_dashes(record: str) -> str:
    """A record's id as `str` of its uuid gives it."""
    return f"{record[:8]}-{record[8:12]}-{record[12:16]}-{record[16:20]}-{record[20:]}"


def fact_line(record: str, fact: FactDraft) -> str:
    """A line of loading_fact."""
    key = NULL if fact.key is None else text_cell(fact.key)
    value = json_cell(fact.value) if fact.value else "{}"
    since = fact.valid_from.isoformat() if fact.valid_from else NULL
    until = fact.valid_to.isoformat() if fact.valid_to else NULL
    return f"{record}\t{fact.kind}\t{key}\t{value}\t{since}\t{until}"


def write_batch(
    connection: psycopg.Connection[Any],
    source_id: str,
    delivery_id: str,
    made: MadeBatch,
    *,
    seen_before: bool,
) -> None:
    """Write one batch within the running transaction; may run in another thread.

    `seen_before`: the source delivered earlier, so its rows are held against their last version.
    """
    if not (made.records or made.quarantined or made.present):
        return
    with connection.cursor() as cursor:
        copy_text(cursor, "loading_record",
                   _columns("id record_key values id_cipher withdrawn row_digest"),
                   made.records)  # fmt: skip
        copy_text(cursor, "loading_fact", _columns("record_id kind key value valid_from valid_to"),
                   made.facts)  # fmt: skip
        copy_text(cursor, "loading_quarantine",
                   _columns("id sheet line column rule value_class text fix sealed_row"),
                   made.quarantined)  # fmt: skip
        copy_text(cursor, "loading_present", ["record_key"], made.present)
        place = {"source": source_id, "delivery": delivery_id}
        if seen_before:
            cursor.execute(_FIND_UNCHANGED, place)
        for statement in _TAKE:
            cursor.execute(statement, place if "%(" in statement else None)


def _storable(text: str) -> str:
    """`text` without what no text column holds (zero bytes, halves of characters)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _columns(names: str) -> list[str]:
    return names.split()
