"""Two counties in one database of their own: every table holds rows of three offices.

Side `a` is the office that asks, `c` another office of its county, `b` another county's. Every text,
json and bytea of a row holds its canary (`zzb2:intake_report.body`), every id its side's prefix
(`bbbbbbbb-…2`). Rows on a report, family, case or person are numbered: 1 is in conflict with the
account `conflicted`, 2 is sealed from `sealed-out`, 3 was both and is no longer. Rows of their own
bear 7. The catalogue says what tables there are, so a new one is filled without a line here.

Written by the superuser past all triggers and foreign keys; values follow names and types.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

SIDES = {
    "a": ("68000", "68000-desk", "68000-protection"),
    "c": ("68000", "68000-desk", "68000-welfare"),
    "b": ("63000", "63000-desk", "63000-protection"),
}
ROWS = {"a": (1, 2, 3), "c": (1, 2), "b": (1, 2)}
OF_ITS_OWN = 7  # the number of a row that is on no report, family, case or person
OBJECTS = {"report": "intake_report", "family": "cases_familyfile", "case": "cases_case",
           "person": "people_person"}  # fmt: skip
# Column names that hold an object's id without a foreign key.
OBJECT_COLUMNS = {"report_id": "report", "of_report": "report", "matter_id": "report",
                  "through": "report", "object_id": "report", "family_id": "family",
                  "case_id": "case", "person_id": "person"}  # fmt: skip
# Account, in which team it sits in what role; the teams are those of its side.
SEATS = {
    "own": [("a", "team", "team-worker")],
    "desk": [("a", "desk", "desk")],
    "peer": [("c", "team", "team-worker")],
    "other": [("b", "team", "team-worker")],
    "rank": [("a", "office", role) for role in ("operator", "auditor", "manager", "county-admin")],
    "expired": [("a", "team", "team-worker"), ("a", "desk", "desk")],
    "conflicted": [("a", "team", "team-worker")],
    "sealed-out": [("a", "team", "team-worker")],
}
WORKS = {"a": "own", "c": "peer", "b": "other"}  # who wrote a side's rows
ACCOUNTS = {name: uuid.UUID(f"dddddddd-0000-4000-8000-{number:012d}")
            for number, name in enumerate(SEATS, 1)}  # fmt: skip
# Made row by row below, since the context is read from them.
BY_HAND = ("access_account", "access_membership", "access_relation", "access_conflict",
           "access_seal", "access_sealmember")  # fmt: skip
ACCOUNT_WORDS = {"author", "actor", "by", "lead", "taker", "account", "account_id", "to_account"}
# What ends is open, but for these: there may be one that is open.
HAPPENED = {"registries_outgoing.sent_at"}
WHOLE = {"no", "entry_no", "position", "number"}
LATER_WORDS = {"ends_at", "expires_at", "due_at", "expires", "valid_until"}
CODES = {"object_kind": "report", "role": "team-worker", "actor_kind": "account",
         "source_id": "zz-source"}  # fmt: skip
BY_NUMBER = {"triage_matter.state": {2: "accepted"}, "triage_offer.answer": {2: "accepted"}}
USUAL = {"triage_matter.state": "offered", "triage_offer.answer": "refused"}
# Staff and their sign-in names stand on screens of every county; what is secret here is the rest.
ACCOUNT = """
insert into access_account (id, username, display_name, display_name_en, county, is_active, password)
values (%s, %s, 'invented', 'invented', %s, true, %s)
"""

# Without the marks of what is closed, which triggers write.
COLUMNS = """
select n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), a.attname,
    t.typname, t.typtype, t.typcategory, a.attnotnull, a.attidentity, a.attgenerated,
    case when a.atttypmod > 4 then a.atttypmod - 4 else 100 end,
    coalesce(a.attnum = any(k.conkey), false),
    (select f.confrelid::regclass::text from pg_constraint f
     where f.contype = 'f' and f.conrelid = c.oid and f.conkey = array[a.attnum] limit 1),
    (select min(e.enumlabel) from pg_enum e where e.enumtypid = t.oid)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname !~ '^(pg_|information_schema|probe)'
  and a.attname not in ('closed_to', 'sealed_for')
order by 1, 2, a.attnum
"""


@dataclass(slots=True)
class Column:
    """One column as the catalogue tells it."""

    name: str
    type: str
    kind: str
    category: str
    required: bool
    identity: str
    generated: str
    length: int
    key: bool
    target: str | None
    label: str | None


@dataclass(slots=True)
class Table:
    """A table that is no partition, and the rows it was given: label (`b2`) -> column -> text."""

    name: str
    comment: str
    number: int
    columns: list[Column] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    total: int = 0

    @property
    def open(self) -> bool:
        """Whether it says of itself that nothing personal stands there."""
        return self.comment.startswith("open: ")

    @property
    def key(self) -> list[str]:
        return [one.name for one in self.columns if one.key] or [self.columns[0].name]

    def label(self, row: dict[str, Any]) -> str:
        """`b2` of a row given as text by column; `shared` for one that was there before."""
        wanted = [str(row.get(name)) for name in self.key]
        for label, values in self.rows.items():
            if [values.get(name) for name in self.key] == wanted:
                return label
        return "shared"


def canary(side: str, number: int, place: str = "") -> str:
    return f"zz{side}{number}:{place}"


def id_of(side: str, table: Table, number: int) -> uuid.UUID:
    """The id of a side's row: its prefix tells the side, its end the row's number."""
    prefix = "e" * 8 if table.open else side * 8
    return uuid.UUID(f"{prefix}-{table.number:04x}-4000-8000-{number:012d}")


class Filler:
    """Fills every table of one database; `tables` is what was found there."""

    def __init__(self, admin: psycopg.Connection[Any]) -> None:
        self.admin = admin
        self.tables: dict[str, Table] = {}
        for space, name, comment, *column in admin.execute(COLUMNS).fetchall():
            full = name if space == "public" else f"{space}.{name}"
            table = self.tables.setdefault(full, Table(full, comment, len(self.tables) + 1))
            table.columns.append(Column(*column))

    def fill(self) -> None:
        """All rows, triggers and foreign keys aside."""
        self.admin.execute("set session_replication_role = replica")
        # In production no session can shift the clock.
        self.admin.execute("update clock.instance set kind = 'production', ahead = '0'")
        self._offices()
        self._standing()
        for table in self.tables.values():
            single = all(one.type == "bool" for one in table.columns if one.key)
            there = single or (table.open and self._count(table))
            if table.name not in BY_HAND and not there:
                self._rows(table)
        for table in self.tables.values():
            table.total = self._count(table)
        self.admin.execute("set session_replication_role = origin")
        self.admin.execute("select access.mark_all()")
        self.admin.execute("analyze")

    def _count(self, table: Table) -> int:
        found = self.admin.execute(f"select count(*) from {table.name}").fetchone()
        return int(found[0]) if found else 0

    def _offices(self) -> None:
        """The directory's teams, and a source for the tables that are partitioned by one."""
        for county, _, team in SIDES.values():
            self.admin.execute(
                "insert into directory_team (id, county_id, agency_kind, is_desk, name_zh, name_en,"
                " streams, districts, reviewing_team_id, workers)"
                " values (%s, %s, 'invented', false, 'x', 'x', '[]', '[]', '', 3)"
                " on conflict do nothing",
                [team, county],
            )

    def _standing(self) -> None:
        """Accounts, seats, relations, conflicts and seals."""
        for name, seats in SEATS.items():
            side = seats[0][0]
            self.admin.execute(
                ACCOUNT, [ACCOUNTS[name], f"invented-{name}", SIDES[side][0],
                          canary(side, OF_ITS_OWN, "password")],
            )  # fmt: skip
            self._known("access_account", {"a": "a7", "b": "b7", "c": "c7"}[side] + f"-{name}",
                        {"id": str(ACCOUNTS[name])})  # fmt: skip
            for number, (where, what, role) in enumerate(seats):
                county, desk, team = SIDES[where]
                self._put("access_membership", where, 10 * ACCOUNTS[name].int % 1000 + number, {
                    "id": uuid.UUID(int=ACCOUNTS[name].int + 1000 * (number + 1)),
                    "account_id": ACCOUNTS[name], "role": role, "county": county,
                    "team_id": {"team": team, "desk": desk}.get(what, f"{county}-office"),
                    "until": "yesterday" if name == "expired" else None,
                })  # fmt: skip
        for kind, place in OBJECTS.items():
            for side, numbers in ROWS.items():
                for number in numbers:
                    self._related(side, kind, place, number)
        self._closed()

    def _related(self, side: str, kind: str, place: str, number: int) -> None:
        _, desk, team = SIDES[side]
        thing = id_of(side, self.tables[place], number)
        report = id_of(side, self.tables["intake_report"], number)
        code = list(OBJECTS).index(kind) * 10 + number
        what = {"object_kind": kind, "object_id": thing, "through": report}
        self._put("access_relation", side, code, what | {"team_id": team, "ground": "case"}, number)
        if kind == "report":
            of_desk = what | {"team_id": desk, "ground": "duty-desk"}
            self._put("access_relation", side, 100 + code, of_desk, number)
        if side == "b" and kind == "report":
            # A ground that the county floor does not take across the border.
            lent = what | {"team_id": SIDES["a"][2], "ground": "case"}
            self._put("access_relation", "b", 200 + code, lent, number)

    def _closed(self) -> None:
        """1 is in conflict with one account, 2 is sealed, 3 was both until yesterday."""
        named = ["own", "desk", "conflicted"]
        for order, (kind, place) in enumerate(OBJECTS.items()):
            for number in (1, 3):
                self._put("access_conflict", "a", 10 * order + number, {
                    "account_id": ACCOUNTS["conflicted"], "object_kind": kind, "ground": "relative",
                    "object_id": id_of("a", self.tables[place], number), "source": "declared",
                    "until": "yesterday" if number == 3 else None,
                }, number)  # fmt: skip
            for side, number in (("a", 2), ("a", 3), ("b", 2)):
                code = 100 * order + 10 * list(SIDES).index(side) + number
                self._put("access_seal", side, code, {
                    "object_kind": kind, "ground": "sealed", "since": "two days ago",
                    "object_id": id_of(side, self.tables[place], number),
                    "until": "yesterday" if number == 3 else None,
                }, number)  # fmt: skip
                for turn, name in enumerate(named if side == "a" else ["other"]):
                    self._put("access_sealmember", side, 1000 * turn + code, {
                        "account_id": ACCOUNTS[name], "since": "two days ago",
                        "seal_id": id_of(side, self.tables["access_seal"], code),
                    }, number)  # fmt: skip

    def _put(
        self, name: str, side: str, code: int, values: dict[str, Any], number: int = OF_ITS_OWN
    ) -> None:
        """One row made by hand; what is not said follows the columns."""
        table = self.tables[name]
        times = {"yesterday": "1 day", "two days ago": "2 days"}
        given = {
            key: sql.SQL("clock_timestamp() - interval {}").format(times[value])
            if value in times else value
            for key, value in values.items()
        }  # fmt: skip
        row = {"id": id_of(side, table, code)} | given
        for column in table.columns:
            if column.name not in row and column.required:
                row[column.name] = self.value(table, column, side, number)
        self._insert(table, f"{side}{number}-{code}", row)

    def _rows(self, table: Table) -> None:
        bound = table.name in OBJECTS.values() or any(self._object(one) for one in table.columns)
        for side, numbers in ROWS.items() if not table.open else [("a", ())]:
            for number in numbers if bound and numbers else (OF_ITS_OWN,):
                row = {
                    column.name: self.value(table, column, side, number)
                    for column in table.columns
                    if column.generated == ""
                }
                self._insert(table, f"{side}{number}", row)

    def _insert(self, table: Table, label: str, row: dict[str, Any]) -> None:
        """Insert; a check of the table that invented values do not meet is taken off here."""
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(
            one if isinstance(one, sql.Composable) else sql.Literal(one) for one in row.values()
        )
        statement = sql.SQL(
            "insert into {} ({}) overriding system value values ({}) returning {}"
        ).format(
            sql.SQL(table.name), names, values,
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(k)) for k in table.key),
        )  # fmt: skip
        for _ in range(12):
            try:
                found = self.admin.execute(statement).fetchone()
                break
            except psycopg.errors.CheckViolation as error:
                self.admin.execute(
                    f'alter table {table.name} drop constraint "{error.diag.constraint_name}"'
                )
        else:
            raise AssertionError(f"{table.name} could not be filled")
        assert found
        self._known(table.name, label, dict(zip(table.key, found, strict=True)))

    def _known(self, name: str, label: str, key: dict[str, str]) -> None:
        self.tables[name].rows[label] = key

    def _object(self, column: Column) -> str | None:
        """The table of the report, family, case or person that the column names, if it does."""
        if column.type != "uuid":
            return None
        if column.target:
            return self._root(column.target)
        kind = OBJECT_COLUMNS.get(column.name)
        return OBJECTS[kind] if kind else None

    def _root(self, name: str) -> str | None:
        """Follows keys that are foreign keys themselves; None where no object stands at the end."""
        for _ in range(5):
            if name in OBJECTS.values():
                return name
            table = self.tables.get(name)
            onward = next((c for c in table.columns if c.key and c.target), None) if table else None
            if onward is None or onward.target is None:
                break
            name = onward.target
        table = self.tables.get(name)
        if table and any(self._object(c) for c in table.columns if c.name != "id" and c.required):
            return name  # a row of it is bound to an object, so a row on it is bound, too
        return None

    def value(self, table: Table, column: Column, side: str, number: int) -> Any:
        """What stands in a column of a side's row, by its name and type."""
        county, desk, team = SIDES[side]
        name, text = column.name, canary(side, number, f"{table.name}.{column.name}")
        if table.open:
            text = f"n{side}{number} {name}"
        worker = ACCOUNTS[WORKS[side]]
        if f"{table.name}.{name}" in HAPPENED:
            return sql.SQL("clock_timestamp() - interval '1 day'")
        instant = self._instant(column)
        if instant is not None:
            return instant
        if column.type == "uuid":
            return self._uuid(table, column, side, number, worker)
        if column.target and (target := self.tables.get(column.target)):
            return self._reference(target, column, side, number)
        if column.kind == "e":
            return column.label
        if column.type in ("text", "varchar", "bpchar"):
            if name.startswith("county") or name.endswith("county"):
                return county
            if "team" in name:
                return desk if name.startswith("desk") else team
            place = f"{table.name}.{name}"
            code = BY_NUMBER.get(place, {}).get(number) or USUAL.get(place) or CODES.get(name)
            if code:
                return code
            short = text if column.length >= len(text) else text.split(":")[0]
            return short[: column.length]
        return self._plain(table, column, side, number, text)

    def _instant(self, column: Column) -> Any:
        """Times: what ends is open, what is due lies ahead, all else was yesterday."""
        if column.type not in ("timestamptz", "timestamp", "date"):
            return None
        if column.name in LATER_WORDS:
            return sql.SQL("clock_timestamp() + interval '20 days'")
        if not column.required:
            return sql.NULL
        return sql.SQL("clock_timestamp() - interval '1 day'")

    def _uuid(
        self, table: Table, column: Column, side: str, number: int, worker: uuid.UUID
    ) -> uuid.UUID | None:
        if column.target and column.target in self.tables:
            target = self.tables[column.target]
            onward = next((c for c in target.columns if c.key and c.target), None)
            if target.name == "access_account":
                return worker
            if onward:
                return self._uuid(target, onward, side, number, worker)
            return id_of(side, target, number)
        kind = OBJECT_COLUMNS.get(column.name)
        if kind and not (column.key and column.name == "id"):
            return id_of(side, self.tables[OBJECTS[kind]], number)
        if set(column.name.split("_")) & ACCOUNT_WORDS or column.name.endswith("_account"):
            return worker
        if column.name == "same_event_as":
            return None
        return id_of(side, table, number)

    def _reference(self, target: Table, column: Column, side: str, number: int) -> Any:
        """The key of a row that is there: the side's where the table has sides."""
        county, _, team = SIDES[side]
        if target.name.startswith("directory_"):
            return county if "county" in column.name else team
        key = next(c for c in target.columns if c.key)
        if target.open:
            found = self.admin.execute(f"select {key.name} from {target.name} limit 1").fetchone()
            if found:
                return found[0]
        return self.value(target, key, side, number)

    def _plain(self, table: Table, column: Column, side: str, number: int, text: str) -> Any:
        if column.type in ("json", "jsonb"):
            return sql.SQL("{}::jsonb").format(f'{{"canary": "{text}"}}')
        if column.type == "bytea":
            return text.encode() + bytes(max(0, 32 - len(text)))
        if column.category == "N":
            whole = column.key or column.identity or column.name in WHOLE
            return (
                10_000 * (1 + list(SIDES).index(side)) + 10 * table.number + number if whole else 1
            )
        if column.category == "B":
            return False
        if column.category == "A":
            element = column.type.removeprefix("_")
            words = [text[:30]] if element in ("text", "varchar") else []
            return sql.SQL("{}::{}[]").format(words, sql.SQL(element))
        if column.category == "R":
            return sql.SQL("tstzrange(clock_timestamp() - interval '1 day', null)")
        if column.category == "T":
            return sql.SQL("interval '1 hour'")
        if not column.required:
            return None
        raise AssertionError(
            f"{table.name}.{column.name}: say in tests/trust/two_counties.py what stands in a {column.type}"
        )
