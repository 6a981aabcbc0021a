"""The access table: what it refuses, what it makes of a rule, and that the database says the same."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from anwang.access.actions.access_table import access_table
from anwang.access.rules.access_page import page
from anwang.access.rules.access_sql import differences, statements
from anwang.access.rules.access_table import WrongTable, read_access, read_relations
from tests.docs.test_docs import ROOT

RELATIONS = read_relations(
    {"relations": {
        "team": {"sql": "$1 = any(array(select access.my_teams()))", "means": "team", "ground": "R2"},
        "self": {"sql": "$1 = (select access.actor())", "means": "self", "ground": "R2"},
    }}
)  # fmt: skip
RULE = {
    "who": "app",
    "relation": "team(team_id)",
    "commands": "select",
    "purpose": "p",
    "ground": "g",
}
THING = {"object": "thing", "county": "county", "closed": "id", "rules": [RULE]}


def table(**changed):
    return read_access(RELATIONS, {"app": {"tables": {"a_thing": THING | changed}}}).tables[
        "a_thing"
    ]


def test_a_rule_becomes_a_grant_and_one_policy_a_role_and_command():
    own = RULE | {"relation": "self(owner)", "columns": ["id", "name"]}
    made = "\n".join(statements(table(rules=[RULE, own])))
    assert "grant select on a_thing to anwang_app" in made
    assert "grant select (id, name) on a_thing to anwang_app" in made
    assert made.count("create policy app_select") == 1
    assert "(a_thing.owner = (select access.actor()))" in made
    assert "county_floor on a_thing as restrictive" in made
    assert "closed_to_me on a_thing as restrictive" in made


def test_the_floor_is_left_out_only_where_every_rule_reaches_over_it():
    over = {"beyond": ["team(team_id)", "self(owner)"]}
    assert not any("county_floor" in one for one in statements(table(**over)))
    for more in (
        RULE | {"relation": "self(reader)"},
        RULE | {"commands": ["update"], "after": "self(reader)"},
    ):
        made = statements(table(**over, rules=[RULE, more]))
        assert any("create policy county_floor" in one for one in made)


def test_what_is_closed_is_read_off_the_row_and_hidden_from_the_application():
    made = statements(
        table(closed=["id", "other"]), columns=["id", "other", "closed_to", "sealed_for"]
    )
    (closed,) = (one for one in made if "closed_to_me on" in one)
    assert "a_thing.closed_to is null and a_thing.sealed_for is null" in closed
    assert not any("closed_to_me()" in one for one in made)
    assert "grant select (id, other) on a_thing to anwang_app" in made
    assert "grant update (closed_to, sealed_for) on a_thing to anwang_vault" in made


def test_a_refusal_of_writing_names_no_policy():
    """Postgres names the restrictive policy that a row breaks, so the permissive one says it first."""
    made = statements(table(rules=[RULE | {"commands": ["insert", "update"]}]))
    writing = [one for one in made if "policy app_insert" in one or "policy app_update" in one]
    assert len(writing) == 2
    assert all("closed_to is null" in one and "access.counties()" in one for one in writing)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rules": []}, "lets nobody in"),
        ({"object": ""}, "of which object"),
        ({"open": "no persons"}, "is open"),
        ({"rules": [RULE | {"relation": "friend(team_id)"}]}, "no relation friend"),
        ({"rules": [RULE | {"relation": "team"}]}, "takes 1 columns"),
        ({"rules": [RULE | {"who": "postgres"}]}, "no database role"),
        ({"rules": [RULE | {"commands": "truncate"}]}, "commands are among"),
        ({"rules": [RULE | {"ground": ""}]}, "its purpose and its ground"),
        ({"rules": [RULE | {"columns": ["id; drop table x"]}]}, "no column's name"),
        ({"rules": [RULE | {"columsn": ["id"]}]}, "means nothing"),
        ({"colour": "red"}, "means nothing"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(changed, why):
    with pytest.raises(WrongTable, match=why):
        table(**changed)


def test_a_newcomer_is_told_what_to_do():
    access = read_access(RELATIONS, {"app": {"tables": {"a_thing": THING}}})
    told = differences(access, ["public.a_thing", "public.b_new"])
    assert len(told) == 1
    assert told[0].startswith(
        "public.b_new has no entry: add it to policies/access.yaml of its app"
    )


def test_the_page_of_who_may_see_is_not_stale():
    kept = (ROOT / "docs" / "who-may-see.md").read_text(encoding="utf-8")
    assert kept == page(access_table()), "renew it with: python tools/write_who_may_see.py"


@pytest.mark.django_db
def test_no_table_has_a_second_permissive_policy_for_a_role_and_command():
    with connection.cursor() as cursor:
        cursor.execute("""
            select tablename, roles::text, cmd, count(*) from pg_policies
            where permissive = 'PERMISSIVE' group by 1, 2, 3 having count(*) > 1""")
        assert cursor.fetchall() == []


def test_prepare_stops_at_a_table_that_no_file_names_and_says_what_to_do(
    own_database, postgres_server
):
    with psycopg.connect(
        postgres_server.address("postgres", own_database), autocommit=True
    ) as admin:
        admin.execute("create table b_new (id int); alter table b_new owner to anwang_owner")
        admin.execute("comment on table b_new is 'row rules'")
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare", "--kind", "test"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {
            "ANWANG_SOCKETS": str(postgres_server.sockets),
            "ANWANG_DATABASE": own_database,
            "ANWANG_DATABASE_ROLE": "migrator",
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        },
    )  # fmt: skip
    assert done.returncode != 0
    assert "public.b_new has no entry: add it to policies/access.yaml of its app" in done.stderr


def test_relations_are_everybodys_own_teams_alone():
    """The relation `related` leaves the team to the rule of access_relation itself."""
    rules = access_table().tables["access_relation"].rules
    reading = [str(use) for one in rules if "app" in one.who for use in one.relation]
    assert reading == ["team(team_id)"]
