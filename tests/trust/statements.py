"""Statements that a leak would answer: made by seed and number, to run as the application's role.

Whoever can put SQL into the application knows its tables, its functions and the ids of some rows
that are not his; he does not know what stands in them.
"""

# ruff: noqa: E501 - statements are read whole
from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.trust.two_counties import OBJECTS, ROWS, SIDES, Table, id_of

RELATIONS = r"""
select c.oid::regclass::text, c.relispartition, c.relkind::text,
    array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped and has_column_privilege('anwang_app', c.oid, a.attnum, 'select')
          order by a.attnum),
    array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped order by a.attnum),
    coalesce(obj_description(c.oid, 'pg_class'), '') like 'open: %'
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema|probe)'
order by 1
"""
FUNCTIONS = r"""
select p.oid::regproc::text, p.proargtypes::regtype[]::text[], coalesce(p.proargnames, '{}')
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^(pg_|information_schema|probe)' and p.prokind = 'f'
  and p.prorettype <> 'trigger'::regtype and has_function_privilege('anwang_app', p.oid, 'execute')
  and has_schema_privilege('anwang_app', n.oid, 'usage')
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1, 2
"""
CONTEXTS = (["own"] * 10 + ["conflicted"] * 3 + ["sealed-out"] * 3 + ["desk"] * 4 + ["rank"] * 2
            + ["expired"] * 2 + ["none"] * 2)  # fmt: skip
ROLES = ("anwang_owner", "anwang_vault", "anwang_worker", "anwang_auditor", "anwang_door",
         "anwang_migrator", "postgres", "pg_read_all_data", "none", "default")  # fmt: skip
SETTINGS = ("row_security = off", "session_replication_role = replica", "search_path = pg_temp, vault",
            "debug_print_plan = on", "client_min_messages = debug5", "log_statement = 'all'",
            "plan_cache_mode = force_generic_plan", "transaction_read_only = on",
            "default_transaction_isolation = 'serializable'", "local_preload_libraries = 'x'",
            "enable_seqscan = off", "track_functions = 'all'", "is_superuser = on")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the attacker knows it; `columns` are those he may read."""

    name: str
    partition: bool
    kind: str
    columns: tuple[str, ...]
    everything: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[tuple[str, str], ...]  # name, type


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: in which context, what first, what then. `direct` leaves the probe out."""

    number: int
    context: str
    before: str | None
    statement: str
    direct: bool = False


class Maker:
    """Makes attempts against one database; the same seed and number make the same one."""

    def __init__(self, admin: Any, tables: dict[str, Table], tokens: dict[str, str]) -> None:
        found = admin.execute(RELATIONS).fetchall()
        self.relations = [
            Relation(one[0], one[1], one[2], tuple(one[3]), tuple(one[4]), one[5]) for one in found
        ]
        self.readable = [one for one in self.relations if one.columns and not one.open]
        self.partly = [one for one in self.readable if one.columns != one.everything]
        self.hidden = [one for one in self.relations if not one.columns or one.partition]
        self.personal = [one for one in self.relations if not one.open and not one.partition]
        self.functions = [
            Function(name, tuple(zip([*names, *types][: len(types)], types, strict=True)))
            for name, types, names in admin.execute(FUNCTIONS).fetchall()
        ]
        self.tokens = tokens
        self.ids = {
            kind: [str(id_of(side, tables[place], number))
                   for side, numbers in ROWS.items() for number in numbers]
            for kind, place in OBJECTS.items()
        }  # fmt: skip
        self.all_ids = [one for ids in self.ids.values() for one in ids]
        self.named = {"matter": self.ids["report"], **self.ids}
        for word, place in (("offer", "triage_offer"), ("decision", "triage_decision"),
                            ("attachment", "intake_attachment"), ("notice", "access_notice"),
                            ("request", "access_twofold"), ("seal", "access_seal")):  # fmt: skip
            if place in tables:
                self.named[word] = [
                    str(id_of(side, tables[place], n)) for side in SIDES for n in ROWS[side]
                ]
                self.all_ids += self.named[word]
        # What stands behind a relation, asked at once: for what opens more than one table.
        roots = [one for one in self.readable if one.name in OBJECTS.values()]
        self.everything = " union all ".join(
            f"select row({', '.join(one.columns)})::text from {one.name}" for one in roots
        )

    def attempt(self, seed: int, number: int) -> Attempt:
        """The attempt with this number."""
        chance = random.Random(f"{seed}:{number}")
        context = chance.choice(CONTEXTS)
        if number % 50 == 49:
            return Attempt(number, context, None, self._direct(chance), direct=True)
        family: Callable[[random.Random], str | tuple[str | None, str]]
        family = chance.choices(
            (self._select, self._aggregate, self._write, self._call, self._catalogue, self._as_else,
             self._forged, self._addressed, self._error, self._explain, self._insert),
            (15, 12, 17, 18, 3, 7, 5, 8, 12, 2, 10),
        )[0]  # fmt: skip
        made = family(chance)
        before, statement = made if isinstance(made, tuple) else (None, made)
        return Attempt(
            number, context, before, self._allowed(statement) if number % 8 else statement
        )

    def _allowed(self, statement: str) -> str:
        """With the columns that may be read where a star would be refused for those that may not."""
        for one in self.partly:
            columns = ", ".join(f'"{column}"' for column in one.columns)
            statement = re.sub(
                rf"select \* from {re.escape(one.name)}\b",
                f"select {columns} from {one.name}",
                statement,
            )
        return statement

    # What statements are made of

    def _readable(self, chance: random.Random) -> Relation:
        return chance.choice(self.readable)

    def _column(self, chance: random.Random, relation: Relation) -> str:
        return f'"{chance.choice(relation.columns or relation.everything)}"'

    def _id(self, chance: random.Random) -> str:
        return chance.choice(self.all_ids)

    def _predicate(self, chance: random.Random, relation: Relation, name: str = "") -> str:
        place = f"{name}." if name else ""
        column = place + self._column(chance, relation)
        text = f"{column}::text"
        return chance.choice([
            "true", f"{text} like '%zzb%'", f"{text} ~ 'zz[bc]'", f"{text} > ''", f"{text} is not null",
            f"{column} is null", f"length({text}) > {chance.randrange(40)}",
            f"{text} ilike '%' || left({text}, 3) || '%'", f"not ({text} = 'x')",
            f"{column} is distinct from null", f"md5({text}) < '{chance.choice('0123456789abcdef')}'",
            f"{text} = any(array[{', '.join(repr(self._id(chance)) for _ in range(3))}])",
            f"starts_with({text}, 'zzb')", f"{text} collate \"C\" >= 'zz'", "1 = 1 or access.actor() is null",
            f"pg_typeof({column})::text <> ''", f"to_tsvector('simple', {text}) @@ 'zzb1'::tsquery",
            f"exists (select from {self._readable(chance).name} o where o::text like '%zzb%')",
            f"coalesce({text}, 'zzb') similar to '%zzb%'", f"row_to_json({name or relation.name})::text like '%6300%'",
        ])  # fmt: skip

    def _select(self, chance: random.Random) -> str:
        one, two = self._readable(chance), self._readable(chance)
        column, where = self._column(chance, one), self._predicate(chance, one)
        other = self._predicate(chance, two, "b")
        return chance.choice([
            f"select * from {one.name} where {where}",
            f"select {column} from {one.name} where {where} order by {column}::text desc limit 20",
            f"table {one.name}",
            f"select t from {one.name} t where {self._predicate(chance, one, 't')}",
            f"select distinct {column}::text from only {one.name} where {where}",
            f"with x as materialized (select * from {one.name} where {where}) select * from x",
            f"with recursive x as (select {column}::text as v, 1 as n from {one.name} union all"
            " select v, n + 1 from x where n < 2) select * from x",
            f"select a.{column}, b.* from {one.name} a cross join lateral (select * from {two.name} b"
            f" where {other} limit 3) b limit 30",
            f"select a.{column} from {one.name} a left join {two.name} b on {other} limit 30",
            f"select a.{column} from {one.name} a full join {two.name} b on a::text = b::text limit 40",
            f"select {column}::text from {one.name} union all select b::text from {two.name} b",
            f"select {column}::text from {one.name} except select b::text from {two.name} b",
            f"select (select b::text from {two.name} b where {other} limit 1) from {one.name} limit 3",
            f"select * from {one.name} tablesample bernoulli (100)",
            f"select * from rows from (unnest(array(select {column}::text from {one.name})))",
            f"select row_number() over (order by {column}::text), lag({column}::text) over () from {one.name}",
            f"select x.* from {one.name} t, lateral jsonb_each_text(to_jsonb(t)) x where {self._predicate(chance, one, 't')}",
            f"select ctid, xmin, tableoid::regclass, {column} from {one.name}",
            f"select * from {one.name} for update skip locked",
            f"select * from {one.name} where ctid = '(0,{chance.randrange(1, 9)})'",
            f"select * from {one.name} where {column}::text = '{self._id(chance)}'",
        ])  # fmt: skip

    def _aggregate(self, chance: random.Random) -> str:
        one = self._readable(chance)
        column, where = self._column(chance, one), self._predicate(chance, one, "t")
        return chance.choice([
            f"select count(*) from {one.name} t where {where}",
            f"select count(distinct t.{column}::text), min(t.{column}::text), max(t.{column}::text) from {one.name} t",
            f"select string_agg(t.{column}::text, ',') from {one.name} t where {where}",
            f"select jsonb_agg(t) from {one.name} t where {where}",
            f"select array_agg(t::text) from {one.name} t",
            f"select t.{column}::text, count(*) from {one.name} t group by rollup (1)",
            f"select bool_or(t::text like '%zzb%') from {one.name} t where {where}",
            f"select mode() within group (order by t.{column}::text) from {one.name} t",
            f"select query_to_xml('select * from {one.name}', true, false, '')",
            f"select table_to_xml('{chance.choice(self.relations).name}', true, false, '')",
            f"select schema_to_xml('{chance.choice(['vault', 'access', 'intake', 'cases'])}', true, false, '')",
            f"select * from ts_stat('select to_tsvector(''simple'', {column}::text) from {one.name}')",
            f"select sum(length(t::text)), count(*) filter (where {where}) from {one.name} t",
            f"select xmlagg(xmlelement(name x, t.{column}::text)) from {one.name} t",
        ])  # fmt: skip

    def _write(self, chance: random.Random) -> str:
        one = chance.choice(self.personal)
        column, where = self._column(chance, one), self._predicate(chance, one)
        team = SIDES["a"][2]
        return chance.choice([
            f"update {one.name} set {column} = {column} where {where} returning *",
            f"update {one.name} set {column} = {column}",
            f"update {one.name} t set {column} = t.{column} from {self._readable(chance).name} o returning o.*",
            f"delete from {one.name} where {where} returning *",
            f"delete from {one.name}",
            f"delete from {one.name} t using {self._readable(chance).name} o where true returning o.*",
            f"with gone as (delete from {one.name} returning *) select * from gone",
            f"with new as (update {one.name} set {column} = {column} returning *) select count(*) from new",
            f"merge into {one.name} t using {self._readable(chance).name} s on true"
            f" when matched then update set {column} = t.{column}",
            f"merge into {one.name} t using {self._readable(chance).name} s on true when matched then delete",
            f"update {one.name} set {self._teamed(chance, one)} = '{team}' where {where}",
            f"truncate {one.name}",
            f"update {one.name} set {column} = default where {where}",
            f"select * from {one.name} where {where} for update",
            f"insert into access_relation (id, team_id, object_kind, object_id, ground, through) values"
            f" (gen_random_uuid(), '{team}', 'report', '{self._id(chance)}', 'duty-desk', '{self._id(chance)}')",
        ])  # fmt: skip

    def _teamed(self, chance: random.Random, one: Relation) -> str:
        named = [c for c in one.everything if "team" in c or c == "county"]
        return f'"{chance.choice(named or list(one.everything))}"'

    def _insert(self, chance: random.Random) -> str:
        one, two = chance.choice(self.personal), self._readable(chance)
        column = self._column(chance, one)
        return chance.choice([
            f"insert into {one.name} select * from {one.name} returning *",
            f"insert into {one.name} select * from {one.name} on conflict do nothing returning *",
            f"insert into {one.name} ({column}) select {self._column(chance, two)} from {two.name} returning *",
            f"insert into {one.name} ({column}) values ('{self._id(chance)}') returning *",
            f"insert into {one.name} ({column}) values ('{self._id(chance)}') on conflict do nothing",
            f"insert into {one.name} values ('{self._id(chance)}')",
            f"insert into {one.name} default values returning *",
        ])  # fmt: skip

    def _value(self, chance: random.Random, name: str, type_: str) -> str:
        """A value of a type, of rows that are not the attacker's where it names any."""
        county, desk, team = SIDES[chance.choice("bbbca")]
        if chance.random() < 0.7:
            if "team" in name:
                return f"'{chance.choice([desk, team, SIDES['a'][1], SIDES['a'][2]])}'"
            for word, ids in self.named.items():
                if word in name and type_ == "uuid":
                    return f"'{chance.choice(ids)}'::uuid"
        options = {
            "uuid": [f"'{self._id(chance)}'::uuid", "access.actor()", "null::uuid",
                     "'dddddddd-0000-4000-8000-000000000004'::uuid", "gen_random_uuid()"],
            "uuid[]": [f"array['{self._id(chance)}', '{self._id(chance)}']::uuid[]",
                       "array[" + ", ".join(f"'{one}'" for one in self.ids["person"]) + "]::uuid[]"],
            "text": [f"'{team}'", f"'{desk}'", f"'{county}'", "'invented-other'", "'report'",
                     f"'{self._id(chance)}'", "'zzb'", "'%'", "null", "'case'", "'operator'",
                     "'a reason that is longer than twenty characters'"],
            "jsonb": ["'{}'::jsonb", f"jsonb_build_object('id', '{self._id(chance)}')", "'[]'::jsonb"],
            "bytea": ["'\\x00'::bytea", "sha256('x')", "null::bytea"],
            "boolean": ["true", "false"],
            "integer": ["1", "0", "1000000"], "bigint": ["1", "0", "20001"],
            "interval": ["interval '1 hour'"],
            "timestamp with time zone": ["clock.now()", "'-infinity'::timestamptz", "'infinity'::timestamptz"],
        }  # fmt: skip
        return chance.choice(options.get(type_, [f"null::{type_}"]))

    def _call(self, chance: random.Random) -> tuple[str | None, str]:
        function = chance.choice(self.functions)
        values = ", ".join(self._value(chance, *one) for one in function.arguments)
        call = f"{function.name}({values})"
        if chance.random() < 0.1 and values:
            one = self._readable(chance)
            column = self._column(chance, one)
            return None, f"select {function.name}({values}), t.{column} from {one.name} t limit 5"
        # What a call or a row of one's own making changed may open what was closed.
        after = self._readable(chance)
        then = chance.choice([f"select * from {after.name}", self.everything])
        if chance.random() < 0.3:
            return f"select {call}", then
        if chance.random() < 0.1:
            kind = chance.choice(list(OBJECTS))
            thing, ground = (
                chance.choice(self.ids[kind]),
                chance.choice(["duty-desk", "offer", "case"]),
            )
            return (
                "insert into access_relation (id, team_id, object_kind, object_id, ground, through)"
                f" values (gen_random_uuid(), '{chance.choice(SIDES['a'][1:])}', '{kind}', '{thing}',"
                f" '{ground}', '{chance.choice(self.ids['report'])}')"
            ), then
        return None, f"select * from {call} as called"

    def _error(self, chance: random.Random) -> str:
        """Errors that would say what a hidden row holds."""
        one = self._readable(chance)
        column, where = self._column(chance, one), self._predicate(chance, one, "t")
        key = self._id(chance)
        return chance.choice([
            f"select t.{column}::text::int from {one.name} t where {where}",
            f"select 1 / (case when t::text like '%zzb%' then 0 else 1 end) from {one.name} t",
            f"select * from {one.name} t where 1 / (case when t.{column}::text ~ 'zzb' then 0 else 1 end) = 1",
            f"select * from {one.name} t where t.{column}::text::date > '2020-01-01'",
            f"select * from {one.name} t where (t.{column}::text)::uuid is not null",
            f"select ('[' || t.{column}::text || ']')::jsonb -> 0 -> 'x' from {one.name} t",
            f"select xmlparse(document t.{column}::text) from {one.name} t where {where}",
            f"select * from {one.name} t where t.{column}::text::inet is null",
            f"select (t.{column}::text)::regclass from {one.name} t",
            f"select repeat('x', t.{column}::text::int) from {one.name} t",
            f"select * from {one.name} where {column} = (select {column} from {one.name})",
            f"select chr(t.{column}::text::int) from {one.name} t where {where}",
            f"do $$ declare x record; begin for x in select * from {one.name} loop raise notice '%', x; end loop; end $$",
            f"do $$ begin perform * from {one.name} where {column}::text::int = 1; exception when others then"
            " raise warning '%', sqlerrm; end $$",
            f"insert into access_relation (id, team_id, object_kind, object_id, ground, through)"
            f" values ('{key}', '{SIDES['a'][2]}', 'report', '{key}', 'case', '{key}')",
            f"insert into triage_clock (id, definition_id, matter_id) values (gen_random_uuid(), 'x', '{key}')",
        ])  # fmt: skip

    def _catalogue(self, chance: random.Random) -> str:
        return chance.choice([
            "select * from pg_stats where most_common_vals::text ~ 'zz' or histogram_bounds::text ~ 'zz'",
            "select stavalues1::text from pg_statistic", "select * from pg_stats_ext",
            "select pid, query from pg_stat_activity where pid <> pg_backend_pid()", "select * from pg_prepared_statements",
            "select * from pg_cursors", "select * from pg_largeobject", "select * from pg_authid",
            "select * from pg_shadow", "select * from pg_file_settings", "select * from pg_hba_file_rules",
            "select pg_read_file('postgresql.conf')", "select pg_ls_dir('.')", "select lo_create(0)",
            "select lo_get(oid) from pg_largeobject_metadata", "select * from pg_user_mappings",
            "select current_setting('anwang.context', true)", "select * from pg_stat_statements",
            "select * from pg_locks", "select * from pg_stat_user_tables",
            "select c.relname, c.reltuples from pg_class c", "select * from pg_sequences",
            "select * from vault.context_key", "select pg_get_functiondef('access.actor'::regproc)",
            "select * from pg_policies", "select * from pg_settings where name ~ 'anwang'",
            "select * from information_schema.tables", "select * from pg_db_role_setting",
            "select pg_current_wal_lsn()", "select * from pg_ls_tmpdir()", "select * from pg_backend_memory_contexts",
        ])  # fmt: skip

    def _as_else(self, chance: random.Random) -> tuple[str, str]:
        role = chance.choice(ROLES)
        before = chance.choice([
            f"set role {role}", f"set local role {role}", f"set session authorization {role}",
            f"select set_config('role', '{role}', true)", "reset role", "reset session authorization",
            f"select set_config('session_authorization', '{role}', true)", "discard all",
            f"set {chance.choice(SETTINGS)}", f"set local {chance.choice(SETTINGS)}",
            "create temp table reports_copy as select * from intake_report",
            "create function pg_temp.f() returns int language sql security definer as 'select 1'",
            "create view pg_temp.v as select * from intake_report",
            "create table public.taken as select * from intake_report",
            "create schema mine", f"grant {role} to anwang_app", "alter role anwang_app bypassrls",
            f"alter table {chance.choice(self.personal).name} disable row level security",
            f"drop policy app_select on {chance.choice(self.personal).name}",
            f"create policy mine on {chance.choice(self.personal).name} using (true)",
            f"alter table {chance.choice(self.personal).name} owner to anwang_app",
            f"lock table {chance.choice(self.personal).name} in share mode",
            f"create trigger t before update on {chance.choice(self.personal).name} for each row"
            " execute function suppress_redundant_updates_trigger()",
            "create extension dblink", "load 'auto_explain'",
            "copy intake_report to program 'cat'", "copy intake_report to '/tmp/x'",
        ])  # fmt: skip
        return before, f"select * from {chance.choice(self.personal).name}"

    def _forged(self, chance: random.Random) -> tuple[str, str]:
        """A context that nobody entered here: another's, cut, changed, or old."""
        whose = chance.choice(sorted(self.tokens)) if self.tokens else ""
        token = self.tokens.get(whose, "")
        place = chance.randrange(len(token)) if token else 0
        made = chance.choice([
            token, token[:place], token[place:], token[:place] + "0" + token[place + 1 :],
            token + "0", token[:place] + token[place + 1 :], token.replace(".", ".."),
            token.upper(), "dddddddd-0000-4000-8000-000000000004",
            "dddddddd-0000-4000-8000-000000000002", "", " ", "null",
            '{"actor": "dddddddd-0000-4000-8000-000000000004"}',
        ]).replace("'", "''")  # fmt: skip
        if chance.random() < 0.3:  # within the very transaction
            mine = "current_setting('anwang.context', true)"
            new = chance.choice([
                f"replace({mine}, 'dddddddd-0000-4000-8000-000000000001', 'dddddddd-0000-4000-8000-000000000004')",
                f"overlay({mine} placing '0' from {chance.randrange(1, 65)})",
                f"overlay({mine} placing '4' from {chance.randrange(66, 160)})",
                f"{mine} || '{chance.choice('|0 x')}'", f"left({mine}, {chance.randrange(170)})",
                f"substr({mine}, {chance.randrange(66)})", f"regexp_replace({mine}, 'account', 'program')",
            ])  # fmt: skip
            return f"select set_config('anwang.context', {new}, true)", (
                f"select * from {self._readable(chance).name}")  # fmt: skip
        setting = chance.choice(
            ["anwang.context"] * 5 + ["anwang.actor", "anwang.purpose", "clock.ahead"]
        )
        if setting == "clock.ahead":
            made = chance.choice(["-1 day", "-10 years", "1 day"])
        local = chance.choice(["true", "false"])
        before = f"select set_config('{setting}', '{made}', {local})"
        return before, chance.choice([
            f"select * from {self._readable(chance).name}", "select id from intake_report",
            "select report_id from triage_matter", "select id from people_person",
        ])  # fmt: skip

    def _addressed(self, chance: random.Random) -> str:
        """Partitions, the vault and tables without a grant, by their own names."""
        one = chance.choice(self.hidden)
        return chance.choice([
            f"select * from {one.name}", f"select count(*) from {one.name}", f"delete from {one.name}",
            f"update {one.name} set {self._column(chance, one)} = null returning *",
            f"insert into {one.name} default values returning *", f"truncate {one.name}",
            f"select * from {one.name} tablesample system (100)",
        ])  # fmt: skip

    def _explain(self, chance: random.Random) -> str:
        how = chance.choice(
            ["explain", "explain (analyze, verbose)", "explain (verbose, format json)"]
        )
        return f"{how} {self._select(chance)}"

    def _direct(self, chance: random.Random) -> str:
        """What a function cannot run: copying out, cursors over the wire, several at once."""
        one = self._readable(chance)
        return chance.choice([
            f"copy {one.name} to stdout", f"copy (select * from {one.name}) to stdout with (format csv)",
            f"copy (select t::text from {chance.choice(self.personal).name} t) to stdout",
            f"copy {one.name} ({self._column(chance, one)}) to stdout (format binary)",
        ])  # fmt: skip
