"""The marks of rows that are closed to somebody (R5, R8), as SQL made from the access table.

A table that names closed columns has two more columns: `closed_to`, the accounts in conflict with an
object that the row names, and `sealed_for`, those named in its seal, both null where there is none.
Triggers write them when a row is made or named anew (where rows are loaded by thousands, once for a
whole statement), and `access.mark` when a conflict or seal begins or ends. So a row rule reads its
answer off the row, and nobody can ask a function what is closed.
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
    loaded = [table for table in closed if table.in_bulk]
    return [*((signature(table), _of_row(table)) for table in closed),
            *((signature_of_new(table), _of_new_rows(table)) for table in loaded),
            ("access.mark(uuid[])", _of_objects(closed))]  # fmt: skip


def signature(table: Table) -> str:
    """The trigger function of a table's rows."""
    return f"{FUNCTIONS}.mark_{table.bare}()"


def signature_of_new(table: Table) -> str:
    """The trigger function of the rows that one statement makes."""
    return f"{FUNCTIONS}.mark_new_{table.bare}()"


def triggers(table: Table) -> list[str]:
    """What hangs them on their table; the later of two triggers of one kind is the later in the
    alphabet.
    """
    made = "update" if table.in_bulk else "insert or update"
    hung = [
        f"create or replace trigger {TRIGGER} before {made} of {', '.join(table.closed)}"
        f" on {table.name} for each row execute function {signature(table)}"
    ]
    if table.in_bulk:
        hung.append(
            f"create or replace trigger {TRIGGER}_new after insert on {table.name}"
            f" referencing new table as fresh for each statement"
            f" execute function {signature_of_new(table)}"
        )
    return hung


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


def _of_new_rows(table: Table) -> str:
    named = _objects(table, "t")
    closing = " or ".join(
        f"exists (select from {one} o where o.object_id = f.{column})"
        for one in ("access_conflict", "access_seal")
        for column in table.closed
    )
    return f"""
create or replace function {signature_of_new(table)} returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    -- First, and by itself: almost always there is none, and no plan that was made while the table was
    -- small may then walk it once for every new row.
    if exists (select from fresh f where {closing}) then
        update {table.name} t set (closed_to, sealed_for) = (select c.closed_to, c.sealed_for
            from access.closings({named}) c)
        where t.{table.id} = any(array(select f.{table.id} from fresh f where {closing}));
    end if;
    return null;
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
