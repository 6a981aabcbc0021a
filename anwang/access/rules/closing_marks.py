"""The marks of rows that are closed to somebody (R5, R8), as SQL made from the access table.

A table that names closed columns has two more columns: `closed_to`, the accounts in conflict with an
object that the row names, and `sealed_for`, those named in its seal, both null where there is none.
Triggers write them when a row is made or named anew, and `access.mark` when a conflict or seal begins
or ends. So a row rule reads its answer off the row, and nobody can ask a function what is closed.
"""

from __future__ import annotations

from collections.abc import Iterable

from anwang.access.rules.access_table import MARKS, Table

FUNCTIONS = "access"
TRIGGER = "mark_closed"


def columns(table: Table) -> str:
    """What adds the columns of the marks."""
    added = ", ".join(f"add column if not exists {mark} uuid[]" for mark in MARKS)
    return f"alter table {table.name} {added}"


def functions(tables: Iterable[Table]) -> list[tuple[str, str]]:
    """Signature and text of the functions that write the marks, to be made as the vault's role."""
    closed = [table for table in tables if table.closed]
    return [*((signature(table), _of_row(table)) for table in closed),
            ("access.mark(uuid[])", _of_objects(closed))]  # fmt: skip


def signature(table: Table) -> str:
    """The trigger function of a table's rows."""
    return f"{FUNCTIONS}.mark_{table.bare}()"


def trigger(table: Table) -> str:
    """What hangs it on its table; the later of two triggers of one kind is the later in the alphabet."""
    return (
        f"create or replace trigger {TRIGGER} before insert or update of {', '.join(table.closed)}"
        f" on {table.name} for each row execute function {signature(table)}"
    )


def _objects(table: Table, row: str) -> str:
    """The ids of all objects that a row names, as one array."""
    single = [f"{row}.{one}" for one in table.closed if one not in table.closed_lists]
    many = [f"{row}.{one}" for one in table.closed_lists]
    return " || ".join([f"array[{', '.join(single)}]::uuid[]", *many])


def _among(table: Table, column: str) -> str:
    """Whether a column of a row `t` names one of `objects`."""
    return (
        f"t.{column} && objects" if column in table.closed_lists else f"t.{column} = any(objects)"
    )


def _of_row(table: Table) -> str:
    named = _objects(table, "new")
    return f"""
create or replace function {signature(table)} returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    named uuid[] := {named};
begin
    new.closed_to := null;
    new.sealed_for := null;
    if exists (select from access_conflict c where c.object_id = any(named))
       or exists (select from access_seal s where s.object_id = any(named)) then
        select c.closed_to, c.sealed_for into new.closed_to, new.sealed_for
        from access.closings(named) c;
    end if;
    return new;
end
$$"""  # noqa: S608 - names of the access table


def _of_objects(tables: Iterable[Table]) -> str:
    made = "\n".join(
        f"""    update {table.name} t set (closed_to, sealed_for) = (select c.closed_to, c.sealed_for
        from access.closings({_objects(table, "t")}) c)
    where {" or ".join(_among(table, column) for column in table.closed)};"""  # noqa: S608 - names of the access table
        for table in tables
    )
    return f"""
create or replace function access.mark(objects uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
{made}
end
$$"""
