"""The context functions and the audit's partitions."""

import datetime as dt

from django.db import migrations

from anwang.common.row_rules import VaultFunction

AUDIT_TABLE = """
create sequence access_auditentry_no;
create table access_auditentry (
    id uuid not null,
    no bigint not null default nextval('access_auditentry_no'),
    at timestamptz not null,
    actor uuid,
    actor_kind text not null,
    role text not null,
    team_id text not null,
    act text not null,
    object_kind text not null,
    object_ids text[] not null,
    purpose text not null,
    fields text[] not null,
    result text not null,
    request_id uuid,
    detail jsonb not null,
    primary key (at, id)
) partition by range (at);
create index audit_entries_by_no on access_auditentry (no);
create index audit_entries_of_actor on access_auditentry (actor, at);
create table access_auditentry_other partition of access_auditentry default;
"""


def monthly(first: dt.date, months: int) -> str:
    lines = []
    for number in range(months):
        year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
        later, next_month = divmod(year * 12 + month + 1, 12)
        lines.append(
            f"create table access_auditentry_{year}_{month + 1:02} partition of access_auditentry"
            f" for values from ('{year}-{month + 1:02}-01Z') to ('{later}-{next_month + 1:02}-01Z');"
        )
    return "\n".join(lines)


CONTEXT = """
create function access.actor() returns uuid
    language sql stable parallel safe set search_path = pg_catalog
as $$ select nullif(current_setting('anwang.actor', true), '')::uuid $$;

create function access.my_teams() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct team_id from access_membership
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
$$;

create function access.my_counties() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct coalesce(county, '00000') from access_membership
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
$$;

create function access.i_am(wanted text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership
        where account_id = access.actor() and role = wanted and since <= clock.now()
          and (until is null or until > clock.now()))
$$;

create function access.seats_of(wanted uuid)
    returns table (team_id text, county text, role text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select m.team_id, m.county, m.role from access_membership m
    where m.account_id = wanted and wanted = access.actor() and m.since <= clock.now()
      and (m.until is null or m.until > clock.now())
    order by 1, 3
$$;

create function access.account_named(wanted text) returns setof access_account
    language sql stable security definer set search_path = public, pg_temp
as $$ select * from access_account where username = wanted $$;

create function access.account_of(wanted uuid) returns setof access_account
    language sql stable security definer set search_path = public, pg_temp
as $$ select * from access_account where id = wanted $$;

create function access.sender_of(secret text) returns table (id uuid, name text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.id, s.name::text from access_sender s
    where s.secret_sha256 = sha256(convert_to(secret, 'UTF8')) and s.ended_at is null
$$;
"""
EVERYBODY = ("app", "door", "worker", "vault", "auditor")
SIGNATURES = {
    "access.actor()": EVERYBODY,
    "access.my_teams()": EVERYBODY,
    "access.my_counties()": EVERYBODY,
    "access.i_am(text)": EVERYBODY,
    "access.seats_of(uuid)": ("app", "worker"),
    "access.account_named(text)": ("app", "worker"),
    "access.account_of(uuid)": ("app", "worker"),
    "access.sender_of(text)": ("app", "door", "worker"),
}
SIGNED_IN = "access.actor() is not null"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("sessions", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [
        migrations.RunSQL(AUDIT_TABLE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(monthly(dt.date(2025, 1, 1), 48), reverse_sql=migrations.RunSQL.noop),
        VaultFunction(CONTEXT, SIGNATURES),
    ]
