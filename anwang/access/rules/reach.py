"""Which tables answer "what can this account see, and why?", and in which words; from the access table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from anwang.access.rules.access_table import AccessTable, Table, Use

# What hangs on a report is open with it: no number of its own.
_PARTS: Final = frozenset({"with-report", "with-matter", "with-case", "desk-of"})
# The log is open whole, and may be long: it is named and not counted.
_WHOLE: Final = frozenset({"reads-the-log", "reads-what-is-open"})
_THROUGH_RELATIONS: Final = frozenset({"related", "broken-glass"})


@dataclass(frozen=True, slots=True)
class Ways:
    """One table that people may read, and by which relations. `counted`: its rows have a number."""

    table: Table
    uses: tuple[Use, ...]
    purpose: str
    counted: bool
    part: bool

    @property
    def only_own(self) -> bool:
        """Whether nobody but the account itself is ever shown its rows."""
        return all(use.relation.name == "self" for use in self.uses)

    @property
    def closed(self) -> tuple[str, ...]:
        """Columns whose objects may be closed; none where people read rows without those columns."""
        columns = [r.columns for r in self.table.rules if "app" in r.who and "select" in r.commands]
        whole = not all(columns)
        return tuple(c for c in self.table.closed if whole or any(c in named for named in columns))

    @property
    def related_column(self) -> str:
        """The one column by which relations alone lead here: counting may begin with them."""
        columns = {use.on[0] for use in self.uses if use.on}
        names = {use.relation.name for use in self.uses}
        return columns.pop() if names <= _THROUGH_RELATIONS and len(columns) == 1 else ""


def readable(access: AccessTable) -> list[Ways]:
    """Every table with row rules that signed-in people may read, in the order of the access table.

    Seals are left out: that there is one is told to the named alone (R8).
    """
    found = []
    for table in access.tables.values():
        rules = [r for r in table.rules if "app" in r.who and "select" in r.commands]
        if table.open or not rules or table.object == "seal":
            continue
        uses = tuple(dict.fromkeys(use for rule in rules for use in rule.relation))
        names = {use.relation.name for use in uses}
        part = bool(names & _PARTS)
        counted = not part and not names & _WHOLE and names != {"self"}
        found.append(Ways(table, uses, rules[0].purpose, counted, part))
    return found


def withheld(access: AccessTable) -> list[str]:
    """Kinds of objects that nobody reads through the application, whatever his role."""
    open_kinds = {ways.table.object for ways in readable(access)} | {"seal"}
    return list(
        dict.fromkeys(
            table.object
            for table in access.tables.values()
            if not table.open and table.object not in open_kinds
        )
    )


def fields_of(access: AccessTable, roles: Iterable[str]) -> list[dict[str, Any]]:
    """For each screen's object: the fields shown in these roles, and those hidden from them."""
    held = set(roles)
    every: dict[str, list[str]] = {}
    shown: dict[str, set[str]] = {}
    for one in access.seen:
        every.setdefault(one.object, []).extend(one.fields)
        if held & set(one.roles):
            shown.setdefault(one.object, set()).update(one.fields)
    return [
        {
            "object": name,
            "shown": [f for f in dict.fromkeys(fields) if f in shown.get(name, ())],
            "hidden": [f for f in dict.fromkeys(fields) if f not in shown.get(name, ())],
        }
        for name, fields in every.items()
    ]
