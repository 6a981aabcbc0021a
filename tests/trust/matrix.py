"""Who may do what to every object of the database: found out by trying, held against a reviewed file.

For each table: role x command x context, as `own` (the rows of one's office), `county` (those of
one's county besides), `all`, `none`, or the rows by name (`own but a1`). For all else what the
catalogue says. The reviewed file leaves out what is denied.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.trust.probing import Answer, TwoCounties, context, run
from tests.trust.two_counties import SIDES, Table

CONTEXTS = ("none", "own", "desk", "other", "rank", "expired", "conflicted", "sealed-out",
            "stale", "replayed", "forged")  # fmt: skip
SIDE_OF = {"other": "b"}  # all others belong to side a
# Programs and the owner have no office; what they see must not hang on a context.
ROLES_WITH_CONTEXTS = ("anwang_app",)
OWNER = "anwang_owner"
PRIVILEGES = ("truncate", "references", "trigger", "maintain")
FEW = 200  # rows: larger tables are public lists, told by their number
Matrix = dict[str, Any]

OURS = "n.nspname !~ '^(pg_|information_schema|probe)'"
NO_EXTENSION = "not exists (select from pg_depend d where d.objid = {oid} and d.deptype = 'e')"
ROLES = "select rolname from pg_roles where rolname ~ '^anwang_' and rolname <> 'anwang_tester' order by 1"
CATALOGUE = {
    "roles": r"""
        select rolname, array_remove(array[case when rolsuper then 'superuser' end,
                case when rolbypassrls then 'bypasses rules' end,
                case when rolcreaterole then 'makes roles' end,
                case when rolcreatedb then 'makes databases' end,
                case when rolreplication then 'replicates' end,
                case when rolinherit then 'inherits' end,
                case when rolcanlogin then 'signs in' end], null)
            || array(select 'is ' || m.roleid::regrole::text from pg_auth_members m
                     where m.member = r.oid order by 1)
            || array(select 'with ' || one from unnest(r.rolconfig) one order by 1)
            || array(select 'may set ' || p.parname from pg_parameter_acl p, aclexplode(p.paracl) a
                     where a.grantee = r.oid order by 1)
        from pg_roles r where rolname ~ '^anwang_' and rolname <> 'anwang_tester'""",
    "schemas": f"""
        select n.nspname, array['owner ' || n.nspowner::regrole::text]
            || array(select distinct case when a.grantee = 0 then 'public'
                        else a.grantee::regrole::text end || ' ' || lower(a.privilege_type)
                     from aclexplode(n.nspacl) a where a.grantee <> n.nspowner order by 1)
        from pg_namespace n where {OURS}""",
    "views": f"""
        select c.oid::regclass::text, array['owner ' || c.relowner::regrole::text, c.relkind::text]
            || coalesce(c.reloptions, '{{}}')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('v', 'm', 'f') and {OURS}""",
    "sequences": f"""
        select c.oid::regclass::text, array(
            select distinct case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
                || ' ' || lower(a.privilege_type)
            from aclexplode(c.relacl) a where a.grantee <> c.relowner order by 1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'S' and {OURS}""",
    "functions": f"""
        select p.oid::regprocedure::text, array_remove(array[
                case when p.prosecdef then 'as ' || p.proowner::regrole::text end,
                case when p.proleakproof then 'LEAKPROOF' end,
                case when p.prosecdef and not exists (select from unnest(p.proconfig) c
                     where c like 'search_path=%') then 'NO SEARCH PATH' end], null)
            || array(select distinct case when a.grantee = 0 then 'public'
                        else a.grantee::regrole::text end
                     from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                     where a.grantee <> p.proowner order by 1)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where {OURS} and {NO_EXTENSION.format(oid="p.oid")}""",
    "granted partitions": f"""
        select c.oid::regclass::text, array(select distinct case when a.grantee = 0 then 'public'
                else a.grantee::regrole::text end || ' ' || lower(a.privilege_type)
            from aclexplode(c.relacl) a where a.grantee <> c.relowner order by 1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relispartition and c.relkind in ('r', 'p') and {OURS}
          and exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner)""",
    "unique keys open to inserts": f"""
        select c.oid::regclass::text, array_agg(regexp_replace(pg_get_indexdef(i.indexrelid),
            '.* USING ', '') order by regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING ', ''))
        from pg_index i join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        where i.indisunique and {OURS} and not c.relispartition
          and coalesce(obj_description(c.oid, 'pg_class'), '') not like 'open: %'
          and (has_any_column_privilege('anwang_app', c.oid, 'insert')
               or has_any_column_privilege('anwang_app', c.oid, 'update'))
        group by 1""",
    "rewriting rules": f"""
        select c.oid::regclass::text, array_agg(r.rulename::text order by r.rulename::text)
        from pg_rewrite r join pg_class c on c.oid = r.ev_class
        join pg_namespace n on n.oid = c.relnamespace where {OURS} and r.rulename <> '_RETURN'
        group by 1""",
    # Who sees a row sees these of it: a new field is as open as its row until somebody says otherwise.
    "columns shown": f"""
        select c.oid::regclass::text, array(
            select r.rolname || ': ' || string_agg(a.attname, ' ' order by a.attname)
            from pg_roles r join pg_attribute a on a.attrelid = c.oid
            where r.rolname in ('anwang_app', 'anwang_auditor', 'anwang_door')
              and a.attnum > 0 and not a.attisdropped
              and has_column_privilege(r.rolname, c.oid, a.attnum, 'select')
            group by r.rolname order by 1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and {OURS}
          and (has_any_column_privilege('anwang_app', c.oid, 'select')
               or has_any_column_privilege('anwang_auditor', c.oid, 'select')
               or has_any_column_privilege('anwang_door', c.oid, 'select'))""",
    "marks of what is closed": f"""
        select c.oid::regclass::text || '.' || a.attname,
            array(select r.rolname || ' ' || p from pg_roles r, unnest(array['select', 'insert', 'update']) p
                  where r.rolname ~ '^anwang_' and r.rolname not in ('anwang_tester', 'anwang_owner')
                    and has_column_privilege(r.rolname, c.oid, a.attnum, p)
                  order by 1)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        join pg_namespace n on n.oid = c.relnamespace
        where a.attname in ('closed_to', 'sealed_for') and c.relkind in ('r', 'p') and {OURS}""",
    "default privileges": """
        select coalesce(d.defaclnamespace::regnamespace::text, 'everywhere') || ' ' || d.defaclobjtype::text,
            array_agg(d.defaclacl::text order by d.defaclacl::text) from pg_default_acl d group by 1""",
    "foreign servers, publications, event triggers": """
        select srvname::text, array['server'] from pg_foreign_server
        union all select pubname, array['publication'] from pg_publication
        union all select evtname, array['event trigger'] from pg_event_trigger""",
}  # fmt: skip


def matrix_of(counties: TwoCounties, connection: Any) -> Matrix:
    """The whole matrix, by a superuser's `connection` to the database; changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(ROLES)
        roles = [role for (role,) in cursor.fetchall()]
        found: Matrix = {}
        for part, statement in CATALOGUE.items():
            cursor.execute(statement)
            told = {name: list(words) for name, words in cursor.fetchall()}
            if told:
                found[part] = dict(sorted(told.items()))
        tables = _tables(cursor, counties.tables)
    found["tables"] = _tried(connection, counties.tables, tables, roles)
    return found


def _tables(cursor: Any, known: dict[str, Table]) -> dict[str, dict[str, Any]]:
    """Name -> how it is held, its rights beyond rows, and the first column each role may change."""
    cursor.execute(f"""
        select c.oid::regclass::text, c.relkind, c.relowner::regrole::text,
            c.relrowsecurity and c.relforcerowsecurity,
            array(select r.rolname || ' ' || p from pg_roles r, unnest(%s::text[]) p
                  where r.rolname ~ '^anwang_' and r.rolname not in ('anwang_tester', 'anwang_owner')
                    and has_table_privilege(r.rolname, c.oid, p)
                  order by 1),
            coalesce((select jsonb_object_agg(r.rolname, (
                select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid
                  and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                  and a.attidentity <> 'a' and has_column_privilege(r.rolname, c.oid, a.attnum, 'update')
                order by a.attnum desc limit 1))
             from pg_roles r where r.rolname ~ '^anwang_'), '{{}}')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and {OURS}""",
        [list(PRIVILEGES)],
    )  # fmt: skip
    return {
        name: {"kind": kind, "owner": owner, "forced": forced, "more": list(more),
               "changeable": json.loads(columns) if isinstance(columns, str) else columns,
               "table": known.get(name)}
        for name, kind, owner, forced, more, columns in cursor.fetchall()
    }  # fmt: skip


def _tried(
    connection: Any, known: dict[str, Table], tables: dict[str, dict[str, Any]], roles: list[str]
) -> dict[str, Any]:
    inserts = {name: _copies(connection, one) for name, one in known.items()}
    found: dict[str, Any] = {}
    for name, one in sorted(tables.items()):
        how = "open" if one["table"] and one["table"].open else "row rules"
        if not one["forced"] and how == "row rules":
            how = {"r": "NO ROW RULES", "p": "NO ROW RULES"}.get(one["kind"], "view")
        found[name] = {"held": how}
        if one["owner"] != OWNER:
            found[name]["owner"] = one["owner"]
        if one["more"]:
            found[name]["beyond rows"] = one["more"]
    for role in roles:
        wanted = CONTEXTS if role in ROLES_WITH_CONTEXTS else ("none", "own")
        tried = {one: _in_context(connection, role, one, tables, inserts) for one in wanted}
        for name in tables:
            commands: dict[str, Any] = {}
            for command in ("select", "insert", "update", "move", "delete"):
                by_context = {one: tried[one][name][command] for one in wanted}
                if set(by_context.values()) != {"denied"}:
                    commands[command] = _short(by_context)
            if role == OWNER and set(commands.values()) <= {"none"}:
                continue  # held by FORCE: it owns the table and reaches no row
            if commands:
                found[name][role.removeprefix("anwang_")] = commands
    return found


def _short(by_context: dict[str, str]) -> Any:
    """One word where all contexts agree, else the contexts that may do something."""
    if len(set(by_context.values())) == 1:
        return next(iter(by_context.values()))
    return {name: what for name, what in by_context.items() if what != "none"}


def _copies(connection: Any, table: Table) -> list[tuple[str, str]]:
    """(label, statement that inserts the same row again): the rules are asked before the keys."""
    columns = [one.name for one in table.columns if one.generated == ""]
    listed = ", ".join(f'"{one}"' for one in columns)
    made: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        for label, key in list(table.rows.items())[: 40 if not table.open else 1]:
            where = " and ".join(f"\"{k}\"::text = '{v}'" for k, v in key.items())
            literals = ", ".join(f'quote_nullable("{one}"::text)' for one in columns)
            cursor.execute(f"select {literals} from {table.name} where {where}")
            row = cursor.fetchone()
            if row:
                made.append((label, f"insert into {table.name} ({listed}) overriding system value"
                                    f" values ({', '.join(row)})"))  # fmt: skip
    return made


def _in_context(
    connection: Any,
    role: str,
    name: str,
    tables: dict[str, dict[str, Any]],
    inserts: dict[str, list[tuple[str, str]]],
) -> dict[str, dict[str, str]]:
    """table -> command -> what it reaches, as `role` in the context `name`."""
    asked: list[tuple[str, str, str]] = []
    for place, one in tables.items():
        table: Table | None = one["table"]
        key = ", ".join(f'"{k}"::text' for k in table.key) if table else "1"
        listed = table is not None and table.total <= FEW
        asked.append((place, "select", f"select {key if listed else '1'} from {place}"))
        column = one["changeable"].get(role) or _first(table)
        asked.append((place, "update", f"update {place} set {column} = {column}"))
        for away, value in _moves(table, SIDE_OF.get(name, "a")):
            asked.append((place, "move", f"update {place} set {away} = {value}"))
        asked.append((place, "delete", f"delete from {place}"))
        asked += [
            (place, f"insert {label}", statement) for label, statement in inserts.get(place, [])
        ]
    with context(connection, name):
        with connection.cursor() as cursor:
            cursor.execute(f"set local role {role}")
        answers = run(connection, [statement for _, _, statement in asked])
    side = SIDE_OF.get(name, "a")
    found: dict[str, dict[str, str]] = {place: {} for place in tables}
    for (place, command, _), answer in zip(asked, answers, strict=True):
        table = tables[place]["table"]
        if command.startswith("insert "):
            continue
        found[place][command] = _reached(command, answer, table, side)
    for place in tables:
        found[place].setdefault("move", "denied")
        found[place]["insert"] = _inserted(
            [(command.removeprefix("insert "), answer)
             for (other, command, _), answer in zip(asked, answers, strict=True)
             if other == place and command.startswith("insert ")], tables[place]["table"], side,
        )  # fmt: skip
    return found


def _first(table: Table | None) -> str:
    return f'"{table.columns[-1].name}"' if table else "id"


def _moves(table: Table | None, side: str) -> Iterable[tuple[str, str]]:
    """An update that would give rows to another county's office."""
    county, _, team = SIDES["a" if side == "b" else "b"]
    for column in table.columns if table and not table.open else ():
        if column.name in ("county", "team_id", "accountable_team", "to_team"):
            yield f'"{column.name}"', f"'{county if column.name == 'county' else team}'"
            return


def _denied(answer: Answer) -> bool:
    return answer.outcome == "42501" and "row-level security" not in answer.said


def _inserted(answers: Sequence[tuple[str, Answer]], table: Table | None, side: str) -> str:
    """Which rows' copies the rules let in; a key that is taken means that they did.

    What a trigger refuses before the rules are asked is refused.
    """
    if not answers or all(_denied(answer) for _, answer in answers):
        return "denied"
    taken = {label for label, answer in answers
             if answer.outcome == "done" or answer.outcome.startswith("23")}  # fmt: skip
    return describe(taken, {label for label, _ in answers}, side)


def _reached(command: str, answer: Answer, table: Table | None, side: str) -> str:
    if _denied(answer):
        return "denied"
    if answer.outcome == "42501":
        return "none"  # the row would leave what one may see
    if answer.outcome != "done":
        return f"error {answer.outcome}"
    if table is None or table.total > FEW or not table.rows:
        whole = table.total if table else None
        return {0: "none", whole: "all"}.get(answer.counted, f"{answer.counted} rows")
    if command == "select":
        rows = [_parts(line) for line in answer.said.splitlines()]
        labels = {table.label(dict(zip(table.key, row, strict=True))) for row in rows}
    else:
        lines = [json.loads(line)["row"] for line in answer.touched.splitlines()]
        labels = {table.label({k: _text(v) for k, v in row.items()}) for row in lines}
    everything = set(table.rows)
    if table.total > len(everything):
        everything.add("shared")
    return describe(labels, everything, side)


def _parts(line: str) -> list[str]:
    return next(csv.reader([line[1:-1]], escapechar="\\"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe(labels: set[str], everything: set[str], side: str) -> str:
    """`own`, `county`, `all`, `none`, or the first with what is missing, or the names."""
    county = {"a": "ac", "c": "ac", "b": "b"}[side]
    own = {one for one in everything if one[0] == side and one != "shared"}
    near = {one for one in everything if one[0] in county and one != "shared"}
    if not labels:
        return "none"
    if labels == everything:
        return "all"
    if labels == own:
        return "own"
    if labels == near:
        return "county"
    if own and len(labels) > 2 and labels < own:
        return "own but " + _listed(own - labels)
    if near and len(labels) > 3 and labels < near:
        return "county but " + _listed(near - labels)
    return _listed(labels)


def _listed(labels: set[str]) -> str:
    """Labels, those of one office and number together: `a1-11` and `a1-21` are `a1 (2)`."""
    groups: dict[str, int] = {}
    for one in sorted(labels):
        groups[re.sub(r"-.*", "", one)] = groups.get(re.sub(r"-.*", "", one), 0) + 1
    return " ".join(one if number == 1 else f"{one}({number})" for one, number in groups.items())
