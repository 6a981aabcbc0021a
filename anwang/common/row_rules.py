"""Migration operations for the database's own rules: row rules, grants, definer functions.

A new table is invisible: nobody but the owner has a grant, and the owner is held by FORCE. It
becomes visible by `RowRules` (personal data) or `OpenTable` (none), which leaves its reason as the
table's comment; a catalogue test fails for a table that has neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.migrations.operations import RunSQL

ROLES = {
    "app": "anwang_app",
    "door": "anwang_door",
    "worker": "anwang_worker",
    "vault": "anwang_vault",
    "auditor": "anwang_auditor",
}
COMMANDS = ("select", "insert", "update", "delete")

Rules = Mapping[str, Mapping[str, str]]
"""role -> command -> predicate that a row must satisfy; `true` lets every row through."""


def _policy(table: str, role: str, command: str, predicate: str) -> str:
    name = f"{role}_{command}"
    using = "" if command == "insert" else f" using ({predicate})"
    check = f" with check ({predicate})" if command in ("insert", "update") else ""
    return f"create policy {name} on {table} for {command} to {ROLES[role]}{using}{check};"


def _statements(table: str, rules: Rules) -> list[str]:
    made = [f"grant {command} on {table} to {ROLES[role]};" for role, commands in rules.items()
            for command in commands]  # fmt: skip
    made += [
        _policy(table, role, command, predicate)
        for role, commands in rules.items()
        for command, predicate in commands.items()
    ]
    return made


class RowRules(RunSQL):
    """Row-level security on `table`, enabled and forced, with one policy a role and command.

    `rules` maps role -> command -> predicate. `floor` is a restrictive predicate that every row
    must satisfy for the application role besides (the county floor of decision 6).
    """

    def __init__(self, table: str, rules: Rules, floor: str | None = None) -> None:
        lines = [
            f"alter table {table} enable row level security;",
            f"alter table {table} force row level security;",
            f"comment on table {table} is 'row rules';",
            *_statements(table, rules),
        ]
        if floor:
            lines.append(
                f"create policy county_floor on {table} as restrictive for all"
                f" to anwang_app using ({floor});"
            )
        super().__init__("\n".join(lines), reverse_sql=RunSQL.noop)


class ClosedToMe(RunSQL):
    """A row of which one of `columns` is closed to the actor is not there for it (R5, R8)."""

    def __init__(self, table: str, *columns: str) -> None:
        open_to_me = " and ".join(
            f"({one} is null or {one} <> all(array(select access.closed_to_me())))"
            for one in columns
        )
        super().__init__(
            f"create policy closed_to_me on {table} as restrictive for all to anwang_app"
            f" using ({open_to_me});",
            reverse_sql=RunSQL.noop,
        )


class OpenTable(RunSQL):
    """A table without personal data: readable by role, never by row. `reason` says why."""

    def __init__(self, table: str, reason: str, **grants: str) -> None:
        lines = [f"comment on table {table} is 'open: {reason}';"]
        for role, commands in grants.items():
            lines.append(f"grant {commands} on {table} to {ROLES[role]};")
        super().__init__("\n".join(lines), reverse_sql=RunSQL.noop)


class VaultFunction(RunSQL):
    """Security-definer functions, owned by the vault role, executable by `roles` alone.

    `sql` creates exactly the functions named in `signatures`; each must set its search_path.
    """

    def __init__(self, sql: str, signatures: Mapping[str, tuple[str, ...]]) -> None:
        lines = ["set role anwang_vault;", sql]
        for signature, roles in signatures.items():
            lines.append(f"revoke all on function {signature} from public;")
            # The owner needs it to hang triggers on its tables; it signs in nowhere.
            granted = ", ".join(["anwang_owner", *(ROLES[role] for role in roles)])
            lines.append(f"grant execute on function {signature} to {granted};")
        lines.append("set role anwang_owner;")
        super().__init__("\n".join(lines), reverse_sql=RunSQL.noop)


class WithForceLifted(RunSQL):
    """A data migration on forced tables: lifts FORCE for `tables` and restores it (decision 5).

    Without it the owner's statements touch 0 rows and nobody is told.
    """

    def __init__(self, tables: tuple[str, ...], sql: str, **more: Any) -> None:
        lift = [f"alter table {table} no force row level security;" for table in tables]
        restore = [f"alter table {table} force row level security;" for table in tables]
        super().__init__("\n".join([*lift, sql, *restore]), reverse_sql=RunSQL.noop, **more)
