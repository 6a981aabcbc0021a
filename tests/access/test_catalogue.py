"""What PostgreSQL's own catalogue says of every table, function and role: a new one fails until ruled.

Proves R1 and R3 of docs/threat-model.md and V4 of docs/design.md.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

from anwang.access.rules.access_sql import NEWCOMER

pytestmark = pytest.mark.django_db

OURS = "('public', 'clock', 'access', 'vault', 'intake', 'triage')"
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
        where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in {OURS}""")
    bare = [name for name, forced, comment in found
            if not forced and not (comment or "").startswith("open: ")]  # fmt: skip
    assert bare == [], f"Tables without a rule: {bare}. Each needs an entry: {NEWCOMER}"
    assert len(found) > 30


def test_every_forced_table_lets_somebody_in():
    found = rows(f"""
        select n.nspname || '.' || c.relname from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and c.relrowsecurity and n.nspname in {OURS}
          and not exists (select from pg_policy p where p.polrelid = c.oid)""")
    assert found == []


def test_nothing_is_granted_on_a_partition():
    found = rows(f"""
        select c.relname, a.grantee::regrole::text from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral aclexplode(c.relacl) a
        where c.relispartition and n.nspname in {OURS}
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
        where c.relkind in ('r', 'p') and n.nspname in {OURS}""")
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
        where p.prosecdef and n.nspname in {OURS}
          and (p.proowner::regrole::text <> 'anwang_vault'
               or not exists (select from unnest(p.proconfig) c where c like 'search_path=%'))""")
    assert found == []


def test_no_definer_function_is_open_to_the_public():
    found = rows(f"""
        select p.oid::regprocedure::text from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.prosecdef and n.nspname in {OURS} and a.grantee = 0""")
    assert found == []


def test_without_a_context_the_application_sees_no_row_of_any_ruled_table():
    tables = rows("""
        select distinct c.relname from pg_class c join pg_policy p on p.polrelid = c.oid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public'
          and has_table_privilege('anwang_app', c.oid, 'select')""")
    assert tables
    for (table,) in tables:
        assert rows(f"select count(*) from {table}") == [(0,)], table


def test_the_door_can_deliver_and_read_nothing():
    readable = rows("""
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
          and has_table_privilege('anwang_door', c.oid, 'select')
          and coalesce(obj_description(c.oid), '') not like 'open: %'""")
    assert readable == []


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
