"""Migration operations for functions that belong to the vault, and for data on ruled tables.

Who may see a table is no migration's business: `policies/access.yaml` of its app says it, and
`anwang prepare` makes the grants and row rules after migrating (ADR 0010). A new table without an
entry stops it.
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
