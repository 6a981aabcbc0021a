"""The access table as SQL: grants, row rules, county floor, what is closed to an actor."""

from __future__ import annotations

import re
from collections.abc import Iterable

from anwang.access.rules.access_table import COMMANDS, ROLES, AccessTable, Rule, Table, Use

EVERY_ROLE = ", ".join(ROLES.values())
OPEN_TO_ME = "({0} is null or {0} <> all(array(select access.closed_to_me())))"
# Several columns ask once: every question of a rule to a function costs a query its time.
NONE_CLOSED = "not array[{0}] && array(select access.closed_to_me())"
OF_MY_COUNTY = "coalesce({0}, '00000') = any(array(select access.my_counties()))"


def predicate(uses: Iterable[Use], table: Table) -> str:
    """That one of the relations holds for a row of `table`."""
    parts = dict.fromkeys(_sql(use, table) for use in uses)
    return " or ".join(parts) if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _sql(use: Use, table: Table) -> str:
    text = use.relation.sql
    for place, column in enumerate(use.on, start=1):
        text = text.replace(f"${place}", f"{table.bare}.{column}")
    return text


def statements(table: Table, sequences: Iterable[tuple[str, bool]] = ()) -> list[str]:
    """What puts `table` from any state into the one that the access table says.

    `sequences` are those that fill its columns: name, and whether who inserts must be granted it
    (an identity's need not be). Policies are dropped by who applies this, since only the catalogue
    knows them.
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
    made += _grants(table)
    made += _numbers(table, sequences)
    if not table.open:
        made += _policies(table)
    return made


def _grants(table: Table) -> list[str]:
    made = []
    for rule in table.rules:
        columns = f" ({', '.join(rule.columns)})" if rule.columns else ""
        for role in rule.who:
            for command in rule.commands:
                made.append(f"grant {command}{columns} on {table.name} to {ROLES[role]}")
    return made


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
    if table.county and not _floor_is_said(table):
        beyond = predicate(table.beyond, table)
        floor = OF_MY_COUNTY.format(f"{table.bare}.{table.county}")
        made.append(
            _restrictive(table, "county_floor", f"{floor} or {beyond}" if beyond else floor)
        )
    if table.closed:
        columns = [f"{table.bare}.{column}" for column in table.closed]
        form = OPEN_TO_ME if len(columns) == 1 else NONE_CLOSED
        closed = form.format(", ".join(columns))
        if but := predicate(table.closed_but, table):
            closed = f"({closed}) or ({but})"
        made.append(_restrictive(table, "closed_to_me", closed))
    return made


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
    """One policy a role and command, so that a second permissive one is always a fault."""
    before = predicate([use for rule in rules for use in rule.relation], table)
    after = predicate([use for rule in rules for use in rule.after or rule.relation], table)
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
