"""Puts the access table into the database: one transaction, as the owner, after every migration."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.rules.access_sql import EVERY_ROLE, differences, qualified, statements
from anwang.access.rules.access_table import AccessTable, read_access, read_relations
from anwang.access.rules.closing_marks import columns, functions, triggers
from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml

APPS: Final = Path(__file__).resolve().parents[2]
FILE: Final = "access.yaml"
_LOCK: Final = 815_040
# A table may have got its marks after what closes its rows.
_MARK_ALL: Final = "select access.mark_all()"


class TablesWithoutRules(AnwangError):
    """The access table and the database name different tables."""


@cache
def access_table() -> AccessTable:
    """The access table as shipped. Raises WrongTable where it contradicts itself."""
    relations = read_relations(read_yaml(APPS / "access" / "policies" / "relations.yaml"))
    files = sorted(APPS.glob(f"*/policies/{FILE}"))
    return read_access(relations, {path.parents[1].name: read_yaml(path) for path in files})


@transaction.atomic
def apply_access_table() -> None:
    """Make every grant and row rule anew from the access table. Raises TablesWithoutRules.

    Whatever else was granted or allowed on our tables is gone afterwards.
    """
    access = access_table()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if wrong := differences(access, _tables(cursor)):
            raise TablesWithoutRules("\n".join(wrong))
        cursor.execute(";\n".join(_marks(access)))
        sequences, held = _sequences(cursor), _columns(cursor)
        made = [f"drop policy {policy} on {table}" for policy, table in _policies(cursor, access)]
        made += [f"revoke all on {one} from public, {EVERY_ROLE}" for one in _partitions(cursor)]
        for name, table in access.tables.items():
            made += statements(table, sequences[qualified(name)], held[qualified(name)])
        made.append(_MARK_ALL)
        cursor.execute(";\n".join(made))


def _marks(access: AccessTable) -> list[str]:
    """The columns, functions and triggers that keep what is closed to whom on the rows themselves."""
    made = [columns(table) for table in access.tables.values() if table.closed]
    made.append("set local role anwang_vault")
    for signature, text in functions(access.tables.values()):
        made += [text, f"revoke all on function {signature} from public",
                 f"grant execute on function {signature} to anwang_owner"]  # fmt: skip
    made.append("set local role anwang_owner")
    closed = [table for table in access.tables.values() if table.closed]
    return made + [each for table in closed for each in triggers(table)]


def _columns(cursor: Any) -> defaultdict[str, list[str]]:
    cursor.execute("""
        select n.nspname || '.' || c.relname, a.attname from pg_attribute a
        join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p')
          and n.nspname !~ '^(pg_|information_schema)' order by a.attnum""")
    found: defaultdict[str, list[str]] = defaultdict(list)
    for table, column in cursor.fetchall():
        found[table].append(column)
    return found


def _tables(cursor: Any) -> set[str]:
    """Every table and view of ours, with its schema; partitions belong to their parent."""
    cursor.execute("""
        select n.nspname || '.' || c.relname from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
          and n.nspname !~ '^(pg_|information_schema)'""")
    return {name for (name,) in cursor.fetchall()}


def _policies(cursor: Any, access: AccessTable) -> list[tuple[str, str]]:
    """Name and table of every row rule that there is."""
    cursor.execute("""
        select quote_ident(policyname), schemaname || '.' || tablename from pg_policies""")
    ours = {qualified(name) for name in access.tables}
    return [(policy, table) for policy, table in cursor.fetchall() if table in ours]


def _partitions(cursor: Any) -> list[str]:
    cursor.execute("""
        select n.nspname || '.' || quote_ident(c.relname) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where c.relispartition
          and c.relkind in ('r', 'p')
          and n.nspname !~ '^(pg_|information_schema)'""")
    return [name for (name,) in cursor.fetchall()]


def _sequences(cursor: Any) -> defaultdict[str, list[tuple[str, bool]]]:
    """Table -> the sequences that fill it, and whether who inserts must be granted them.

    An identity draws by the table's own right; a default is evaluated with the inserter's.
    """
    cursor.execute("""
        select distinct tn.nspname || '.' || t.relname,
            n.nspname || '.' || c.relname, d.deptype <> 'i'
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join (
            select objid as sequence, refobjid as of_table, deptype from pg_depend
            where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
              and deptype in ('a', 'i')
            union all
            select d.refobjid, a.adrelid, 'n' from pg_depend d
            join pg_attrdef a on a.oid = d.objid
            where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
        ) d on d.sequence = c.oid
        join pg_class t on t.oid = d.of_table and not t.relispartition and t.relkind in ('r', 'p')
        join pg_namespace tn on tn.oid = t.relnamespace
        where c.relkind = 'S' and n.nspname !~ '^(pg_|information_schema)'""")
    found: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for table, sequence, must in cursor.fetchall():
        found[table][sequence] = found[table].get(sequence, False) or must
    return defaultdict(list, {table: sorted(own.items()) for table, own in found.items()})
