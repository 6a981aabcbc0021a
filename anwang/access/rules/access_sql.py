"""The access table as SQL: grants, row rules, county floor, what is closed to an actor."""

from __future__ import annotations

import re
from collections.abc import Iterable

from anwang.access.rules.access_table import (
    COMMANDS,
    MARKS,
    ROLES,
    AccessTable,
    Rule,
    Table,
    Use,
)

EVERY_ROLE = ", ".join(ROLES.values())
# Who is asked for only where a row bears a mark: nearly none does.
OPEN_TO_ME = (
    "({0}.closed_to is null and {0}.sealed_for is null)"
    " or access.stands_open((select access.actor()), {0}.closed_to, {0}.sealed_for)"
)
_RESERVED = frozenset({"column", "end", "from", "order", "table", "to", "user", "when"})
OF_MY_COUNTY = "coalesce({0}, '00000') = any((select access.counties())::text[])"


def predicate(uses: Iterable[Use], table: Table) -> str:
    """That one of the relations holds for a row of `table`."""
    parts = dict.fromkeys(_sql(use, table) for use in uses)
    return " or ".join(parts) if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _sql(use: Use, table: Table) -> str:
    text = use.relation.sql
    for place, column in enumerate(use.on, start=1):
        text = text.replace(f"${place}", f"{table.bare}.{column}")
    return text


def statements(
    table: Table, sequences: Iterable[tuple[str, bool]] = (), columns: Iterable[str] = ()
) -> list[str]:
    """What puts `table` from any state into the one that the access table says.

    `sequences` are those that fill its columns: name, and whether who inserts must be granted it
    (an identity's need not be). `columns` are all of its columns, which a table with closed ones
    needs. Policies are dropped by who applies this, since only the catalogue knows them.
    """
    made = [f"revoke all on {table.name} from public, {EVERY_ROLE}"]
    if table.open:
        reason = table.open.replace("'", "''")
        made += [
            f"alter table {table.name} no force row level security",
            f"alter table {table.name} disable row level security",
            f"comment on table {table.name} is 'open: {reason}'",
        ]
    else:
        made += [
            f"alter table {table.name} enable row level security",
            f"alter table {table.name} force row level security",
            f"comment on table {table.name} is 'row rules'",
        ]
    made += _grants(table, [one for one in columns if one not in MARKS])
    made += _numbers(table, sequences)
    if not table.open:
        made += _policies(table)
    return made


def _grants(table: Table, all_but_marks: list[str]) -> list[str]:
    made = []
    for rule in table.rules:
        for role in rule.who:
            for command in rule.commands:
                named: Iterable[str] = rule.columns
                # The application may not read to whom a row is closed, and is not asked to say it.
                if table.closed and role == "app" and command != "delete":
                    named = rule.columns or all_but_marks
                columns = f" ({', '.join(map(_word, named))})" if named else ""
                made.append(f"grant {command}{columns} on {table.name} to {ROLES[role]}")
    return made


def _word(column: str) -> str:
    """A column's name as SQL takes it where it is one of SQL's own words."""
    return f'"{column}"' if column in _RESERVED else column


def _numbers(table: Table, sequences: Iterable[tuple[str, bool]]) -> list[str]:
    inserting = {role for rule in table.rules if "insert" in rule.commands for role in rule.who}
    made = []
    for name, must_be_granted in sequences:
        made.append(f"revoke all on sequence {name} from public, {EVERY_ROLE}")
        drawing = {*table.numbers, *(inserting if must_be_granted else ())}
        if drawing:
            to = ", ".join(ROLES[role] for role in ROLES if role in drawing)
            made.append(f"grant usage on sequence {name} to {to}")
    return made


def _policies(table: Table) -> list[str]:
    made = []
    for role, login in ROLES.items():
        for command in COMMANDS:
            rules = [one for one in table.rules if role in one.who and command in one.commands]
            if rules:
                made.append(_policy(table, f"{role}_{command}", login, command, rules))
    made += [_restrictive(table, name, text) for name, text in _restrictions(table).items()]
    return made


def _restrictions(table: Table) -> dict[str, str]:
    """What holds of every row that the application sees, whatever its rules say."""
    found = {}
    if table.county and not _floor_is_said(table):
        beyond = predicate(table.beyond, table)
        floor = OF_MY_COUNTY.format(f"{table.bare}.{table.county}")
        found["county_floor"] = f"{floor} or {beyond}" if beyond else floor
    if table.closed:
        closed = OPEN_TO_ME.format(table.bare)
        but = predicate(table.closed_but, table)
        found["closed_to_me"] = f"{closed} or {but}" if but else closed
    return found


def _floor_is_said(table: Table) -> bool:
    """Whether every rule of the application is by relations that reach over the county floor.

    Then the floor holds of every row that passes: P and (county or P or Q) is P. It would only be
    asked in vain for each row.
    """
    used = {
        use for rule in table.rules if "app" in rule.who for use in (*rule.relation, *rule.after)
    }
    return used <= set(table.beyond)


def _policy(table: Table, name: str, login: str, command: str, rules: list[Rule]) -> str:
    """One policy a role and command, so that a second permissive one is always a fault.

    Of writing it says the restrictions, too: a refusal names the restrictive policy that it breaks,
    and would tell what is closed from what is another county's.
    """
    before = predicate([use for rule in rules for use in rule.relation], table)
    after = predicate([use for rule in rules for use in rule.after or rule.relation], table)
    if login == ROLES["app"] and command in ("insert", "update"):
        for more in _restrictions(table).values():
            before, after = f"({before}) and ({more})", f"({after}) and ({more})"
    using = "" if command == "insert" else f" using ({before})"
    check = f" with check ({after})" if command in ("insert", "update") else ""
    return f"create policy {name} on {table.name} for {command} to {login}{using}{check}"


def _restrictive(table: Table, name: str, text: str) -> str:
    return (
        f"create policy {name} on {table.name} as restrictive for all to {ROLES['app']}"
        f" using ({text})"
    )


def differences(access: AccessTable, found: Iterable[str]) -> list[str]:
    """What stands in only one of the access table and the database; empty when they agree."""
    there = set(found)
    said = {qualified(name) for name in access.tables}
    return [
        *(f"{name} has no entry: {NEWCOMER}" for name in sorted(there - said)),
        *(f"{name} has an entry and is no table" for name in sorted(said - there)),
    ]


NEWCOMER = (
    "add it to policies/access.yaml of its app, with object, rules (who, relation, commands, columns,"
    " purpose, ground) and, where they apply, county and closed, or with the reason why it is open;"
    " then renew docs/who-may-see.md with: python tools/write_who_may_see.py"
)


def qualified(name: str) -> str:
    """With its schema, which is public where none is said."""
    return name if re.search(r"\.", name) else f"public.{name}"
