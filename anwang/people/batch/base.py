"""Columns, keys and scored pairs of all records in DuckDB; compares what is new with the rest.

A base holds nothing that cannot be made anew from the database. What it finds does not depend on
the order in which records came: a key counts for all its holders or, where more than
`MOST_OF_A_KEY` hold it, for none, and pairs follow when a key grows or shrinks past that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from anwang.people.rules.clusters import Pairs, Places, Records, register_size
from anwang.people.rules.columns import STORED
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.engines import (
    COMPARED,
    agrees_beside_name,
    both_sides,
    levels_sql,
    weights_of,
)
from anwang.people.rules.ranking import charge
from anwang.people.rules.scoring import LASTING, Model

# A key that more records hold (a dormitory's door, a very common name) says little of any of them.
MOST_OF_A_KEY: Final = 100
# Pairs this many bits below even odds weigh nothing beside anything that could be accepted.
_BITS_BELOW_EVEN: Final = 6.0
# Who asks has no number that another's could contradict.
_MAY_BE_UNTOLD: Final = tuple(name for name in LASTING if name != "national_id")
_ASKERS_AT_ONCE: Final = 100_000
_ROWS_A_BLOCK: Final = 4_096
_ROWS_A_PIECE: Final = 65_536
_COMPARED: Final = ", ".join(f'"{name}"' for name in COMPARED)
_LEVELS: Final = ", ".join(one.name for one in COMPARISONS)
_KINDS: Final = {"<i8": "bigint", "<i4": "integer", "<i2": "smallint"}
_COLUMNS: Final = ", ".join(
    f'"{name}" {_KINDS[kind]}{"[]" if width else ""}'
    for name, kind, *width in [*STORED.descr, ("near", "<i8", True)]
)
TABLES: Final = ("record", "held", "asked", "edge", "fresh", "reopened", "compared")
_MADE: Final = f"""
create table if not exists record (no bigint, tie bigint, {_COLUMNS});
create table if not exists held (key bigint, no bigint);
create table if not exists asked (key bigint, no bigint);
create table if not exists edge (l bigint, r bigint, {_LEVELS.replace(",", " tinyint,")} tinyint);
create table if not exists fresh (no bigint);
create table if not exists reopened (key bigint);
create table if not exists compared (no bigint);
"""
# A pair that contradicts itself in the whole name and in the birth is nobody without a number:
# members of one household share everything else.
WORTH_COMPARING: Final = """
not (a.year <> 0 and b.year <> 0 and abs(a.year - b.year) > 1
     and not (a.month <> 0 and a.month = b.month and a.day = b.day))
or a.given = 0 or b.given = 0 or a.given = b.given or a.given_sounds = b.given_sounds
or a.coarse = b.coarse or a.masked <> 0 or b.masked <> 0
"""
# What is touched by something fresh; where nothing else is there, that is every key.
_TOUCHED: Final = """
and key in (
    select key from asked where no in (select no from fresh)
    union all select key from held where no in (select no from fresh)
    union all select key from reopened)
"""
_SIZES: Final = """
create or replace temp table key_size as
select key, count(*) as size from held where key in (select key from asked) {touched} group by key
"""
_OPEN: Final = f"""
create or replace temp table open_key as select key from key_size where size <= {MOST_OF_A_KEY};
create or replace temp table closed as select key from key_size where size > {MOST_OF_A_KEY}
"""  # noqa: S608 - constants only
# Those who ask in this portion against all; those who asked before against what is fresh.
_FRESH_ASK: Final = """
select a.no as l, h.no as r
from asked a join open_key using (key) join held h using (key)
where a.no in (select no from portion) and a.no <> h.no
"""
_OTHERS_ASK: Final = """
select a.no as l, h.no as r
from asked a join open_key using (key) join held h using (key)
where a.no not in (select no from fresh) and h.no in (select no from fresh)
union all
select a.no, h.no
from asked a join open_key using (key) join reopened using (key) join held h using (key)
where a.no <> h.no
"""
_PAIRS: Final = f"""
create or replace temp table pair as
select l, r from (
    select distinct case when b.id = 0 then least(l, r) else l end as l,
        case when b.id = 0 then greatest(l, r) else r end as r
    from ({{candidates}}) c join record a on a.no = c.l join record b on b.no = c.r
    where {WORTH_COMPARING}
)
"""  # noqa: S608 - constants only
_SCORED: Final = f"""
select l, r, {levels_sql("duckdb")}
from (select p.l, p.r, {both_sides("a", "b")}
      from {{pairs}} p join record a on a.no = p.l join record b on b.no = p.r)
"""  # noqa: S608 - constants only
_DROP_CLOSED: Final = f"""
delete from edge where (l, r) in (
    with suspect as (
        select distinct e.l, e.r from edge e join asked a on a.no = e.l
        join closed using (key) join held h on h.no = e.r and h.key = a.key),
    common as (
        select s.l, s.r, a.key from suspect s join asked a on a.no = s.l
        join held h on h.no = s.r and h.key = a.key
        union
        select s.l, s.r, a.key from suspect s join asked a on a.no = s.r
        join held h on h.no = s.l and h.key = a.key),
    small as (select key from held where key in (select key from common) group by key
              having count(*) <= {MOST_OF_A_KEY})
    select l, r from common group by l, r having not bool_or(key in (select key from small)))
"""  # noqa: S608 - constants only
# What the other holders of a number say where the one that was compared does not tell.
_OTHER_HOLDERS: Final = f"""
select l, r, {levels_sql("duckdb")}
from (select e.l, e.r, {both_sides("a", "b")}
      from edge e join record a on a.no = e.l join record spoke on spoke.no = e.r
      join record b on b.id = spoke.id and b.no <> e.r
      where spoke.id <> 0
          and (e.sex < 0 and a.sex <> 0 or e.birth < 0 and a.year + a.about_year <> 0))
"""  # noqa: S608 - constants only
# Holders of one number whose names and births both differ somehow: to be looked at by levels.
_ONE_NUMBER: Final = """
with doubtful as (
    select id from record where id <> 0 group by id
    having min(sounds) <> max(sounds)
       and min(year::int * 400 + month * 32 + day) <> max(year::int * 400 + month * 32 + day))
select a.no as l, b.no as r from record a join record b using (id)
where a.no < b.no and id in (select id from doubtful) and a.sounds <> b.sounds
  and (a.year, a.month, a.day) <> (b.year, b.month, b.day)
"""
# One name and one birth under two numbers: one person with a slip that passed, or two.
_TWO_NUMBERS: Final = """
with told as (
    select id, sounds, year, month, day, arg_min(no, tie) as no from record
    where id <> 0 and sounds <> 0 and day <> 0 group by all)
select a.no as l, b.no as r from told a join told b using (sounds, year, month, day)
where a.id < b.id
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Base:
    """The base over a DuckDB connection, in memory or in a file. One user at a time."""

    db: duckdb.DuckDBPyConnection
    model: Model

    def prepare(self) -> None:
        """Make the tables that are missing."""
        self.db.execute("set enable_progress_bar = false; set preserve_insertion_order = false")
        self.db.execute(_MADE)

    def take(self, records: pa.Table, held: pa.Table, near: pa.Table | None = None) -> None:
        """Add cleaned records (no, tie, the columns) with the keys under which they are found, and
        the keys that a slipped number asks beside them. `compare` follows.
        """
        self.db.register("taken", _in_pieces(records))
        self.db.register("taken_keys", _in_pieces(held))
        self.db.execute(
            f"begin; delete from compared; insert into record select no, tie, {_COMPARED} from taken;"  # noqa: S608
            "insert into held select key, no from taken_keys;"
            "insert into asked select key, no from taken_keys"
            " where no in (select no from taken where id = 0);"
            "insert into fresh select no from taken"
        )
        if near is not None:
            self.db.register("taken_near", near)
            self.db.execute(
                "insert into asked select key, no from taken_near"
                " where no in (select no from taken where id = 0)"
            )
        self.db.execute("commit")
        self.db.unregister("taken")
        self.db.unregister("taken_keys")

    def leave_out(self, numbers: pa.Table) -> None:
        """Take away records (no) that hold no longer, all of them or, broken off, none. `compare`
        follows.
        """
        self.db.register("gone", numbers)
        self.db.execute(f"""
            begin;
            delete from compared;
            insert into reopened select key from held
            where key in (select key from held where no in (select no from gone)) group by key
            having count(*) > {MOST_OF_A_KEY}
               and count(*) filter (no not in (select no from gone)) <= {MOST_OF_A_KEY};
            delete from record where no in (select no from gone);
            delete from held where no in (select no from gone);
            delete from asked where no in (select no from gone);
            delete from fresh where no in (select no from gone);
            delete from edge where l in (select no from gone) or r in (select no from gone);
            commit
        """)  # noqa: S608 - constants only
        self.db.unregister("gone")

    def compare(self, progress: Progress | None = None) -> int:
        """Score what is fresh against everybody; returns how many pairs were scored. Broken off, the
        next call goes on behind the last whole portion, unless records came or went since.
        """
        db = self.db
        partly = self._partly()
        done = _count(db, "select count(*) from compared")
        db.execute(_SIZES.format(touched=_TOUCHED if partly else ""))
        db.execute(_OPEN)
        # Edges are of an earlier run, or of one that was broken off.
        if _count(db, "select count(*) from edge") and _count(db, "select count(*) from closed"):
            db.execute(_DROP_CLOSED)
        least = self.least()
        scored = 0
        askers = db.execute(
            "select r.no from record r join fresh using (no)"
            " where r.id = 0 and r.no not in (select no from compared) order by r.no"
        ).fetchnumpy()["no"]
        others = partly and not done  # they ask in the first portion
        for at in range(0, max(len(askers), int(others)), _ASKERS_AT_ONCE):
            db.register("portion", pa.table({"no": askers[at : at + _ASKERS_AT_ONCE]}))
            first = others and at == 0
            scored += self._score(
                f"{_FRESH_ASK} union all {_OTHERS_ASK}" if first else _FRESH_ASK, least
            )
            db.execute("insert into compared select no from portion")
            if progress and len(askers):
                progress(done + min(at + _ASKERS_AT_ONCE, len(askers)), done + len(askers))
        self._all_compared()
        return scored

    def _all_compared(self) -> None:
        self.db.execute(
            "begin; delete from fresh; delete from reopened; delete from compared; commit"
        )

    def numbers(self) -> npt.NDArray[np.int64]:
        """Numbers of the records held, in ascending order."""
        found: npt.NDArray[np.int64] = self.db.execute(
            "select no from record order by no"
        ).fetchnumpy()["no"]
        return found

    def records(self) -> tuple[npt.NDArray[np.int64], Records]:
        """Numbers in ascending order, and the records in their places; nobody is pinned."""
        found = self.db.execute("select no, id, tie from record order by no").fetchnumpy()
        pinned = np.full(len(found["no"]), -1)
        return found["no"], Records(found["id"], found["tie"], pinned)

    def pairs(self, numbers: Places) -> tuple[Pairs, dict[str, npt.NDArray[np.int8]]]:
        """The scored pairs as places of `numbers`, and their levels. A record with a number speaks for
        all that hold it: what it does not tell, the others may contradict.
        """
        found = self._levels_of("edge")
        self._charge(found, numbers)
        pairs, levels = self._weighed(found, numbers)
        kept = pairs.weight >= self.least()  # the register has grown since some were kept
        return pairs[kept], {name: places[kept] for name, places in levels.items()}

    def contradicting(self, numbers: Places) -> list[tuple[int, int]]:
        """Pairs of one number whose name and birth both speak against one person."""
        found = self._levels_of(f"({_SCORED.format(pairs=f'({_ONE_NUMBER})')})")
        pairs, levels = self._weighed(found, numbers)
        weights = weights_of(levels, self.model)
        against = (weights["name"] < 0) & (weights["birth"] < 0)
        return list(zip(pairs.left[against].tolist(), pairs.right[against].tolist(), strict=True))

    def alike(self, numbers: Places) -> Pairs:
        """Pairs with one name, one birth and two valid numbers that the score takes for one."""
        found = self._levels_of(f"({_SCORED.format(pairs=f'({_TWO_NUMBERS})')})")
        pairs, _ = self._weighed(found, numbers)
        odds = np.exp2(pairs.weight)
        return pairs[odds / (odds + self._population()) >= self.model.accept]

    def _levels_of(self, table: str) -> dict[str, npt.NDArray[Any]]:
        """`l` and `r` (numbers of records) and the levels of all pairs of a table."""
        return self.db.execute(f"select l, r, {_LEVELS} from {table}").fetchnumpy()  # noqa: S608

    def _weighed(
        self, found: dict[str, npt.NDArray[Any]], numbers: Places
    ) -> tuple[Pairs, dict[str, npt.NDArray[np.int8]]]:
        levels = {one.name: found[one.name] for one in COMPARISONS}
        weights = weights_of(levels, self.model)
        return Pairs(
            np.searchsorted(numbers, found["l"]), np.searchsorted(numbers, found["r"]),
            total(weights), agrees_beside_name(weights, self.model),
        ), levels  # fmt: skip

    def _charge(self, found: dict[str, npt.NDArray[Any]], numbers: Places) -> None:
        """Fill the levels of pairs as `scoring.rank` does; the few that leave anything open."""
        others = self.db.execute(_OTHER_HOLDERS).fetchnumpy()
        if not len(others["l"]):
            return
        open_ = np.flatnonzero(np.logical_or.reduce([found[name] < 0 for name in _MAY_BE_UNTOLD]))
        mine = self._pair_keys(found, numbers)[open_]
        order = np.argsort(mine)
        of_other = order[np.searchsorted(mine, self._pair_keys(others, numbers), sorter=order)]
        pair = np.concatenate([np.arange(len(open_)), of_other])
        for comparison in COMPARISONS:
            name = comparison.name
            if name in _MAY_BE_UNTOLD:
                known = [self.model.weights[name][level].weight for level in comparison.names]
                levels = np.concatenate([found[name][open_], others[name]])
                charge(levels, pair, comparison.names, known)
                found[name][open_] = levels[: len(open_)]

    @staticmethod
    def _pair_keys(found: dict[str, npt.NDArray[Any]], numbers: Places) -> Places:
        left, right = (np.searchsorted(numbers, found[side]) for side in "lr")
        keys: Places = left * len(numbers) + right
        return keys

    def least(self) -> float:
        """The weight from which a pair is kept."""
        return math.log2(self._population()) - _BITS_BELOW_EVEN

    def _population(self) -> int:
        persons = _count(
            self.db, "select count(distinct nullif(id, 0)) + count(*) filter (id = 0) from record"
        )
        return register_size(persons, self.model)

    def _partly(self) -> bool:
        """Whether there is anything beside what is fresh."""
        return _count(self.db, "select count(*) from record") > _count(
            self.db, "select count(*) from fresh"
        ) or bool(_count(self.db, "select count(*) from reopened"))

    def _score(self, candidates: str, least: float) -> int:
        self.db.execute(_PAIRS.format(candidates=candidates))
        found = self.db.sql(_SCORED.format(pairs="pair")).to_arrow_table()
        levels = {one.name: found[one.name].to_numpy() for one in COMPARISONS}
        kept = found.filter(pa.array(total(weights_of(levels, self.model)) >= least))
        self.db.register("kept", kept)
        self.db.execute(
            f"insert into edge select l, r, {_LEVELS} from kept"  # noqa: S608
            " where (l, r) not in (select l, r from edge)"
        )
        self.db.unregister("kept")
        return len(found)


def total(weights: dict[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The sum of all comparisons, in their order, as `scoring.score` adds them."""
    found = np.zeros(len(weights[COMPARISONS[0].name]))
    for comparison in COMPARISONS:
        found = found + weights[comparison.name]
    return found


def arrow_rows(rows: npt.NDArray[np.void]) -> dict[str, pa.Array]:
    """Packed columns (`STORED`) as Arrow columns, lists as lists.

    Taken apart block by block: column by column, all rows would pass through memory for each.
    """
    columns = {
        name: np.empty((len(rows), *STORED[name].shape), dtype=STORED[name].base)
        for name in STORED.names or ()
    }
    for begin in range(0, len(rows), _ROWS_A_BLOCK):
        block = rows[begin : begin + _ROWS_A_BLOCK]
        for name, column in columns.items():
            column[begin : begin + _ROWS_A_BLOCK] = block[name]
    return {name: _arrow(column) for name, column in columns.items()}


def _in_pieces(table: pa.Table) -> pa.Table:
    """The same rows in pieces, which DuckDB reads with all its threads; one piece it reads with one."""
    return pa.Table.from_batches(table.to_batches(max_chunksize=_ROWS_A_PIECE), table.schema)


def _arrow(column: npt.NDArray[Any]) -> pa.Array:
    if column.ndim == 1:
        return pa.array(column)
    rows, width = column.shape
    ends = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))
    return pa.ListArray.from_arrays(ends, pa.array(column.ravel()))


def near_lists(rows: int, near: dict[int, list[int]]) -> pa.Array:
    """The `near` column: the neighbours of a number with a slip by place, [0] for all others."""
    lengths = np.ones(rows, dtype=np.int32)
    slipped = sorted(near)
    lengths[slipped] = [len(near[place]) for place in slipped]
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    told = np.zeros(int(ends[-1]), dtype=np.int64)
    for place in slipped:
        told[ends[place] : ends[place + 1]] = near[place]
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(told))


def _count(db: duckdb.DuckDBPyConnection, statement: str) -> int:
    return int(db.execute(statement).fetchall()[0][0])
