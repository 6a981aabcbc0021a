"""What PostgreSQL's own catalogue says of every table, function and role: a new one fails until ruled.

Proves R1 and R3 of docs/threat-model.md and V4 of docs/design.md.
"""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connection

from anwang.access.rules.access_sql import NEWCOMER

pytestmark = pytest.mark.django_db

# Every schema that is not the system's own: a new one is looked at without a line here.
OURS = "n.nspname !~ '^(pg_|information_schema$)'"
LOGIN_ROLES = "('anwang_app', 'anwang_door', 'anwang_worker', 'anwang_auditor')"


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_table_has_forced_row_rules_or_says_why_it_is_open():
    found = rows(f"""
        select n.nspname || '.' || c.relname, c.relrowsecurity and c.relforcerowsecurity,
            obj_description(c.oid)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition and {OURS}""")
    bare = [name for name, forced, comment in found
            if not forced and not (comment or "").startswith("open: ")]  # fmt: skip
    assert bare == [], f"Tables without a rule: {bare}. Each needs an entry: {NEWCOMER}"
    assert len(found) > 30


def test_every_forced_table_lets_somebody_in():
    found = rows(f"""
        select n.nspname || '.' || c.relname from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and c.relrowsecurity and {OURS}
          and not exists (select from pg_policy p where p.polrelid = c.oid)""")
    assert found == []


def test_no_index_repeats_how_another_begins():
    """Each row would be written into both, and the longer one finds what the shorter finds."""
    found = rows(f"""
        select a.indrelid::regclass::text, short.relname, long.relname
        from pg_index a join pg_class short on short.oid = a.indexrelid
        join pg_index b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid
        join pg_class long on long.oid = b.indexrelid and long.relam = short.relam
        join pg_class c on c.oid = a.indrelid join pg_namespace n on n.oid = c.relnamespace
        where {OURS} and not short.relispartition and not a.indisunique
          and a.indpred is null and b.indpred is null and a.indexprs is null and b.indexprs is null
          and b.indkey::text || ' ' like a.indkey::text || ' %' and a.indclass[0] = b.indclass[0]
          and (a.indkey::text <> b.indkey::text or b.indisunique or a.indexrelid < b.indexrelid)""")
    ours = {one._meta.db_table for one in apps.get_models() if one.__module__.startswith("anwang.")}
    repeated = [row for row in found if row[0] in ours]
    assert repeated == [], (
        f"{repeated}: give the foreign key db_index=False, or drop the second index"
    )


def test_nothing_is_granted_on_a_partition():
    found = rows(f"""
        select c.relname, a.grantee::regrole::text from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral aclexplode(c.relacl) a
        where c.relispartition and {OURS}
          and a.grantee <> c.relowner""")
    assert found == []


def test_no_role_of_ours_bypasses_rules_or_owns_a_table():
    assert (
        rows("""select rolname from pg_roles
        where rolname like 'anwang_%' and (rolbypassrls or rolsuper or rolcreaterole)""")
        == []
    )
    owners = rows(f"""
        select distinct c.relowner::regrole::text from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and {OURS}""")
    assert owners == [("anwang_owner",)]


def test_no_login_role_may_truncate_reference_or_trigger():
    found = rows(f"""
        select c.relname, a.grantee::regrole::text, a.privilege_type from pg_class c
        cross join lateral aclexplode(c.relacl) a
        where a.grantee::regrole::text in {LOGIN_ROLES}
          and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')""")
    assert found == []


def test_every_definer_function_sets_its_search_path_and_belongs_to_the_vault():
    found = rows(f"""
        select p.oid::regprocedure::text from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where p.prosecdef and {OURS}
          and (p.proowner::regrole::text <> 'anwang_vault'
               or not exists (select from unnest(p.proconfig) c where c like 'search_path=%'))""")
    assert found == []


def test_no_definer_function_is_open_to_the_public():
    found = rows(f"""
        select p.oid::regprocedure::text from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.prosecdef and {OURS} and a.grantee = 0""")
    assert found == []


def test_without_a_context_the_application_sees_no_row_of_any_ruled_table():
    tables = rows("""
        select distinct c.relname from pg_class c join pg_policy p on p.polrelid = c.oid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public'
          and has_any_column_privilege('anwang_app', c.oid, 'select')""")
    assert tables
    for (table,) in tables:
        assert rows(f"select count(*) from {table}") == [(0,)], table


def test_the_door_can_deliver_and_read_nothing():
    readable = rows("""
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
          and has_any_column_privilege('anwang_door', c.oid, 'select')
          and coalesce(obj_description(c.oid), '') not like 'open: %'""")
    assert readable == []


def test_every_view_asks_as_its_reader_and_none_is_stored():
    found = rows(f"""
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where {OURS} and (c.relkind in ('m', 'f') or c.relkind = 'v'
            and not coalesce(c.reloptions, '{{}}')
                && array['security_invoker=true', 'security_invoker=on'])""")
    assert found == [], (
        "Give the view security_invoker; row rules do not hold stored or foreign rows."
    )


def test_no_login_role_reads_or_sets_a_sequence():
    """The state of a sequence tells how much others have written."""
    found = rows(f"""
        select c.oid::regclass::text, a.grantee::regrole::text, a.privilege_type from pg_class c
        join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
        where c.relkind = 'S' and {OURS} and a.grantee <> c.relowner
          and (a.privilege_type <> 'USAGE' or a.grantee = 0)""")
    assert found == []


def test_nothing_is_granted_before_it_exists():
    assert rows("select defaclobjtype, defaclacl::text from pg_default_acl") == []


def test_only_owner_and_vault_make_objects():
    found = rows(f"""
        select n.nspname, case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
        from pg_namespace n cross join lateral aclexplode(n.nspacl) a
        where {OURS} and a.privilege_type = 'CREATE' and a.grantee <> n.nspowner
          and a.grantee is distinct from 'anwang_vault'::regrole""")
    assert found == []


def test_nothing_of_ours_is_granted_to_the_public():
    found = rows(f"""
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join lateral aclexplode(c.relacl) a where {OURS} and a.grantee = 0
        union all
        select c.oid::regclass || '.' || t.attname from pg_attribute t
        join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
        cross join lateral aclexplode(t.attacl) a where {OURS} and a.grantee = 0""")
    assert found == []


def test_no_function_of_ours_is_called_leakproof():
    """The planner runs such a function before the row rules: what it raises tells hidden rows."""
    found = rows(f"""
        select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where p.proleakproof and {OURS}
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')""")
    assert found == []


def test_nothing_that_may_run_in_parallel_asks_what_may_not():
    """The clock begins a command of its own, which a statement of several processes refuses: with a
    full register it would be planned so, and fail. Who calls such a function is such a function."""
    found = rows(f"""
        select n.nspname || '.' || p.proname, p.proparallel, p.provolatile, p.prosrc
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where {OURS} and n.nspname <> 'public'""")
    alone = {name for name, parallel, *_ in found if parallel == "u"}
    assert "clock.now" in alone
    wrong = [
        name for name, parallel, volatile, body in found
        if parallel != "u" and (volatile == "v" or set(re.findall(r"\w+\.\w+", body)) & alone)
    ]  # fmt: skip
    assert wrong == [], f"Declare them parallel unsafe: {wrong}"


@pytest.mark.parametrize("asked", ["clock.now()", "access.teams()", "access.counties()"])
def test_what_asks_the_clock_is_answered_within_a_change_that_reads_in_parallel(asked):
    with connection.cursor() as cursor:
        cursor.execute("set local role anwang_worker")
        # Planned for several processes, of which this one does all the work.
        for setting in ("parallel_setup_cost", "parallel_tuple_cost",
                        "min_parallel_table_scan_size", "max_parallel_workers"):  # fmt: skip
            cursor.execute(f"set local {setting} = 0")
        cursor.execute("create temporary table told (found bigint) on commit drop")
        cursor.execute(f"""create function pg_temp.found() returns bigint language plpgsql stable as $$
            begin return (select count(*) from clock.instance where {asked} is not null); end $$""")
        cursor.execute("insert into told select pg_temp.found() returning found")
        assert cursor.fetchone() == (1,)


def test_the_public_calls_only_the_clock_the_queue_and_triggers():
    found = rows(f"""
        select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where {OURS} and p.prorettype <> 'trigger'::regtype
          and p.proname !~ '^procrastinate_' and p.oid <> 'clock.now()'::regprocedure
          and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                      where a.grantee = 0)
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')""")
    assert found == []


def test_no_session_shows_its_statements_to_others_of_its_role():
    """pg_stat_activity would give one request's values to another (config/roles.sql)."""
    found = rows(f"""
        select r.rolname from pg_roles r where r.rolname in {LOGIN_ROLES}
          and not exists (select from pg_db_role_setting s where s.setrole = r.oid
              and 'track_activities=off' = any(s.setconfig))""")
    assert found == []


LAYERS = ["web", "cases", "triage", "intake", "households", "people", "registries", "rulebook",
          "directory", "access", "common"]  # fmt: skip


def test_foreign_keys_point_down_the_house():
    """Decision 18: a string foreign key would slip past the import contract."""
    rank = {app: number for number, app in enumerate(LAYERS)}
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in rank
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.concrete
        and rank[field.related_model._meta.app_label] < rank[model._meta.app_label]
    ]  # fmt: skip
    assert upward == []
