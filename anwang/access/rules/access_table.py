"""The access table: who may do what with which rows, by which relation, for what, on what ground.

Each app says it for its own tables in `policies/access.yaml`, in the form that the classes here
spell out; what a relation means in SQL is said once, in `anwang/access/policies/relations.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

ROLES: Final = {
    "app": "anwang_app",
    "door": "anwang_door",
    "worker": "anwang_worker",
    "vault": "anwang_vault",
    "auditor": "anwang_auditor",
}
COMMANDS: Final = ("select", "insert", "update", "delete")
# The columns that prepare adds to a table with closed ones, and keeps (closing_marks.py).
MARKS: Final = ("closed_to", "sealed_for")
LIST: Final = "[]"  # behind the name of a closed column that names many objects
_WITH_COLUMNS: Final = ("select", "insert", "update")
_USE: Final = re.compile(r"([a-z][a-z0-9-]*)(?:\(([a-z0-9_, ]*)\))?")
_COLUMN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_TABLE: Final = re.compile(r"(?:[a-z_]+\.)?[a-z_][a-z0-9_]*")


class WrongTable(ValueError):
    """The access table contradicts itself; the text says where and what."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How an actor stands to a row. `sql` has `$1`, `$2`... for the columns that it is used on."""

    name: str
    sql: str
    means: str
    ground: str

    @property
    def columns(self) -> int:
        """How many columns it takes."""
        return len(set(re.findall(r"\$\d", self.sql)))


@dataclass(frozen=True, slots=True)
class Use:
    """A relation used on columns of one table: `team(desk_team)`."""

    relation: Relation
    on: tuple[str, ...]

    def __str__(self) -> str:
        return self.relation.name + (f"({', '.join(self.on)})" if self.on else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """Leave for database roles. A row passes when one of `relation` holds; none: an open table.

    `after` must hold of a row as written, where that differs. `columns` empty: all of them.
    """

    who: tuple[str, ...]
    commands: tuple[str, ...]
    relation: tuple[Use, ...]
    after: tuple[Use, ...]
    columns: tuple[str, ...]
    purpose: str
    ground: str


@dataclass(frozen=True, slots=True)
class Table:
    """What holds for one table. `open` is the reason why it needs no row rule, else empty.

    `county` is the column behind the county floor and `beyond` what reaches over it; `closed` are
    the columns whose objects may be closed to an actor (R5, R8), `closed_lists` those of them that
    name many, `closed_but` who sees the row all the same; `numbers` are the roles that may draw from
    its sequence. `in_bulk`: rows come by thousands, and are marked by the statement that makes them.
    """

    name: str
    object: str
    id: str = ""
    open: str = ""
    county: str = ""
    beyond: tuple[Use, ...] = ()
    closed: tuple[str, ...] = ()
    closed_lists: tuple[str, ...] = ()
    closed_but: tuple[Use, ...] = ()
    numbers: tuple[str, ...] = ()
    in_bulk: bool = False
    rules: tuple[Rule, ...] = ()

    @property
    def bare(self) -> str:
        """The name without its schema, as policies qualify columns."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Seen:
    """Which named fields of a screen's object somebody sees in these roles by this relation."""

    object: str
    relation: str
    roles: tuple[str, ...]
    fields: tuple[str, ...]
    purpose: str
    ground: str


@dataclass(frozen=True, slots=True)
class AccessTable:
    """All of it: the tables of every app, and what the screens show."""

    relations: Mapping[str, Relation]
    tables: Mapping[str, Table] = field(default_factory=dict)
    apps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()


def read_relations(body: Mapping[str, Any]) -> dict[str, Relation]:
    """The named relations of relations.yaml. Raises WrongTable."""
    made = {}
    for name, said in body["relations"].items():
        lacking = [key for key in ("sql", "means", "ground") if not said.get(key)]
        if lacking:
            raise WrongTable(f"relation {name}: say {', '.join(lacking)}")
        made[name] = Relation(name, " ".join(said["sql"].split()), said["means"], said["ground"])
    return made


def read_access(
    relations: Mapping[str, Relation], bodies: Mapping[str, Mapping[str, Any]]
) -> AccessTable:
    """The access table from the parsed access.yaml of each app. Raises WrongTable."""
    tables: dict[str, Table] = {}
    apps: dict[str, tuple[str, ...]] = {}
    seen: list[Seen] = []
    for app, body in bodies.items():
        own = [_table(name, said, relations) for name, said in (body.get("tables") or {}).items()]
        for table in own:
            if table.name in tables:
                raise WrongTable(f"{table.name} is in two files, one of them of {app}")
            tables[table.name] = table
        apps[app] = tuple(table.name for table in own)
        for name, entries in (body.get("fields") or {}).items():
            seen += [_seen(name, one) for one in entries]
    return AccessTable(relations, tables, apps, tuple(seen))


def _table(name: str, said: Mapping[str, Any], relations: Mapping[str, Relation]) -> Table:
    known = {"object", "id", "open", "county", "beyond", "closed", "closed_but", "numbers", "in_bulk",
             "rules"}  # fmt: skip
    if unknown := sorted(said.keys() - known):
        raise WrongTable(f"{name}: {', '.join(unknown)} means nothing; known are {sorted(known)}")
    if not _TABLE.fullmatch(name):
        raise WrongTable(f"{name} is no table's name")
    table = Table(
        name=name,
        object=str(said.get("object") or ""),
        id=str(said.get("id") or ""),
        open=str(said.get("open") or ""),
        county=str(said.get("county") or ""),
        beyond=_uses(name, said.get("beyond"), relations),
        closed=tuple(one.removesuffix(LIST) for one in _names(said.get("closed"))),
        closed_lists=tuple(
            one.removesuffix(LIST) for one in _names(said.get("closed")) if one.endswith(LIST)
        ),
        closed_but=_uses(name, said.get("closed_but"), relations),
        numbers=_roles(name, said.get("numbers")),
        in_bulk=said.get("in_bulk") is True,
        rules=tuple(_rule(name, one, relations) for one in said.get("rules") or ()),
    )
    if not table.object:
        raise WrongTable(f"{name}: say of which object it tells (object:)")
    if table.in_bulk and not (table.closed and table.id and not table.closed_lists):
        raise WrongTable(f"{name}: in_bulk needs an id and closed columns of one object each")
    if table.beyond and not table.county:
        raise WrongTable(f"{name}: beyond means nothing without county")
    if table.open and (table.county or table.closed or any(r.relation for r in table.rules)):
        raise WrongTable(f"{name} is open, so it has no relation, county or closed")
    if not table.open and not all(r.relation for r in table.rules):
        raise WrongTable(f"{name}: every rule names a relation, or the table says why it is open")
    if not table.open and not table.rules:
        raise WrongTable(f"{name} lets nobody in: give it a rule")
    for column in (table.id, table.county, *table.closed):
        if column and not _COLUMN.fullmatch(column):
            raise WrongTable(f"{name}: {column} is no column's name")
    return replace(table, rules=table.rules + _marking(table)) if table.closed else table


def _marking(table: Table) -> tuple[Rule, ...]:
    """What the vault needs to mark the rows of a table with closed columns."""
    anyone = Use(
        Relation(
            "our-functions", "true", "the vault's functions, each with checks of its own", "B4"
        ),
        (),
    )
    why = "keeping who may not see the row", "R5, R8"
    read = (*table.closed, *MARKS)
    return (
        Rule(("vault",), ("select",), (anyone,), (), read, *why),
        Rule(("vault",), ("update",), (anyone,), (), MARKS, *why),
    )


def _rule(table: str, said: Mapping[str, Any], relations: Mapping[str, Relation]) -> Rule:
    known = {"who", "relation", "after", "commands", "columns", "purpose", "ground"}
    if unknown := sorted(said.keys() - known):
        raise WrongTable(f"{table}: {', '.join(unknown)} means nothing; known are {sorted(known)}")
    commands = _names(said.get("commands"))
    if not commands or set(commands) - set(COMMANDS):
        raise WrongTable(f"{table}: commands are among {', '.join(COMMANDS)}, not {commands}")
    columns = () if said.get("columns", "all") == "all" else _names(said["columns"])
    if columns and set(commands) - set(_WITH_COLUMNS):
        raise WrongTable(f"{table}: a row is deleted whole, so delete names no columns")
    for column in columns:
        if not _COLUMN.fullmatch(column):
            raise WrongTable(f"{table}: {column} is no column's name")
    rule = Rule(
        who=_roles(table, said.get("who")),
        commands=commands,
        relation=_uses(table, said.get("relation"), relations),
        after=_uses(table, said.get("after"), relations),
        columns=columns,
        purpose=str(said.get("purpose") or ""),
        ground=str(said.get("ground") or ""),
    )
    if rule.after and "update" not in commands:
        raise WrongTable(f"{table}: after means nothing without update")
    if not rule.who:
        raise WrongTable(f"{table}: a rule says who")
    if rule.relation and not (rule.purpose and rule.ground):
        raise WrongTable(
            f"{table}: a rule for {', '.join(rule.who)} says its purpose and its ground"
        )
    return rule


def _seen(name: str, said: Mapping[str, Any]) -> Seen:
    made = Seen(
        object=name,
        relation=str(said.get("relation") or ""),
        roles=_names(said.get("role")),
        fields=_names(said.get("fields")),
        purpose=str(said.get("purpose") or ""),
        ground=str(said.get("ground") or ""),
    )
    lacking = [key for key in ("relation", "roles", "fields", "purpose", "ground")
               if not getattr(made, key)]  # fmt: skip
    if lacking:
        raise WrongTable(f"fields of {name}: say {', '.join(lacking)}")
    return made


def _uses(table: str, said: Any, relations: Mapping[str, Relation]) -> tuple[Use, ...]:
    return tuple(_use(table, text, relations) for text in _names(said))


def _use(table: str, text: str, relations: Mapping[str, Relation]) -> Use:
    found = _USE.fullmatch(text)
    if not found or found[1] not in relations:
        raise WrongTable(f"{table}: no relation {text} in relations.yaml")
    relation = relations[found[1]]
    on = tuple(part.strip() for part in (found[2] or "").split(",") if part.strip())
    if len(on) != relation.columns:
        raise WrongTable(
            f"{table}: {relation.name} takes {relation.columns} columns, not {len(on)}"
        )
    return Use(relation, on)


def _roles(table: str, said: Any) -> tuple[str, ...]:
    names = _names(said)
    if unknown := sorted(set(names) - set(ROLES)):
        raise WrongTable(f"{table}: {', '.join(unknown)} is no database role of {sorted(ROLES)}")
    return names


def _names(said: Any) -> tuple[str, ...]:
    if said is None:
        return ()
    if isinstance(said, str):
        return (said,)
    if isinstance(said, Iterable):
        return tuple(str(one) for one in said)
    raise WrongTable(f"{said!r} is neither a name nor a list of names")
