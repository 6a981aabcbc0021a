"""Codes with which people set their own first password, and lost second factors (I8).

Whoever gives a code never learns the password, and may not take away the second factors of the same
account: one administrator alone could otherwise sign in as anybody of his county.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether the actor administers this account: of his county (or he is the nation's), no account of his
-- own, and nobody of his rank or above, who runs the machine, or who looks over shoulders.
create function access.administers(target uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (select access.actor() as id, clock.now() as at),
    mine as materialized (
        select m.county from me join access_membership m on m.account_id = me.id
        join access_account a on a.id = me.id and a.is_active
        where m.role = 'administrator' and m.since <= me.at
          and (m.until is null or m.until > me.at))
    select exists (select from access_account t cross join me
        where t.id = target and target not in (select access.accounts_of_human(me.id))
          and exists (select from mine where mine.county is null or (mine.county = t.county
              and not exists (select from access_membership s
                  where s.account_id = target and s.county is distinct from t.county
                    and s.since <= me.at and (s.until is null or s.until > me.at))))
          and not exists (select from access_membership s left join access_rank r on r.role = s.role
              where s.account_id = target and s.since <= me.at
                and (s.until is null or s.until > me.at)
                and (s.role in ('operator', 'statistician') or coalesce(r.rank, 9) >=
                    (select coalesce(max(rank), 4) from access_rank where role = 'administrator'))))
$$;

create function access.give_code(target uuid, of_code bytea, days integer) returns timestamptz
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    present timestamptz := clock.now();
    ends timestamptz := present + make_interval(days => greatest(1, least(days, 14)));
begin
    if not access.administers(target) then raise exception 'accounts: not-yours'; end if;
    perform from access_account where id = target and is_active for update;
    if not found then raise exception 'accounts: not-yours'; end if;
    if exists (select from access_factorreset f where f.account_id = target
               and f.done_by in (select access.accounts_of_human(access.actor()))
               and f.done_at > present - interval '30 days') then
        raise exception 'accounts: another-administrator';
    end if;
    update access_invitation set ended_at = present
    where account_id = target and used_at is null and ended_at is null;
    insert into access_invitation (id, account_id, code_sha256, given_by, given_at, expires_at)
    values (gen_random_uuid(), target, of_code, access.actor(), present, ends);
    perform access.notify('code-given', null, target, 'account', target, '{}');
    return ends;
end
$$;

create function access.invite(
    new_id uuid, name text, shown text, shown_en text, of_county text, of_human bytea,
    of_code bytea, days integer
) returns timestamptz
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
begin
    if not exists (select from access_membership m join access_account a on a.id = m.account_id
            and a.is_active
        where m.account_id = access.actor() and m.role = 'administrator' and m.since <= clock.now()
          and (m.until is null or m.until > clock.now())
          and (m.county is null or m.county = of_county)) then
        raise exception 'accounts: not-yours';
    end if;
    insert into access_account (id, username, password, display_name, display_name_en, county,
        is_active, human, created_at)
    values (new_id, name, '!', shown, shown_en, of_county, true, of_human, clock.now())
    on conflict (username) do nothing;
    if not found then raise exception 'accounts: name-taken'; end if;
    return access.give_code(new_id, of_code, days);
end
$$;

create function access.reset_factors(target uuid, how_proved text, because text) returns bigint
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    present timestamptz := clock.now();
    taken bigint;
begin
    if not access.administers(target) then raise exception 'accounts: not-yours'; end if;
    if exists (select from access_invitation i where i.account_id = target
               and i.given_by in (select access.accounts_of_human(access.actor()))
               and i.given_at > present - interval '30 days') then
        raise exception 'accounts: another-administrator';
    end if;
    if length(regexp_replace(because, '\\s+', '', 'g')) < 5 then
        raise exception 'accounts: text-too-short';
    end if;
    with gone as (delete from mfa_authenticator where user_id = target returning 1)
    select count(*) into taken from gone;
    update access_accountsession set ended_at = present, ended_by = access.actor()
    where account_id = target and ended_at is null;
    insert into access_factorreset (id, account_id, done_by, done_at, proof, why, removed)
    values (gen_random_uuid(), target, access.actor(), present, how_proved, because, taken);
    perform access.notify('factors-reset', null, target, 'account', target,
        jsonb_build_object('proof', how_proved));
    return taken;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0012_role_and_office")]
    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("code_sha256", models.BinaryField(max_length=32, unique=True)),
                ("given_by", models.UUIDField()),
                ("given_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(help_text="A newer one took its place.", null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"indexes": [models.Index(fields=["account", "given_at"], name="codes_of_account")]},
        ),
        migrations.CreateModel(
            name="FactorReset",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("done_by", models.UUIDField()),
                ("done_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("proof", models.CharField(help_text="How the person proved who he is.", max_length=40)),
                ("why", models.CharField(max_length=500)),
                ("removed", models.PositiveSmallIntegerField()),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"indexes": [models.Index(fields=["account", "done_at"], name="resets_of_account")]},
        ),
        VaultFunction(
            FUNCTIONS,
            {
                "access.administers(uuid)": ("app",),
                "access.give_code(uuid, bytea, integer)": ("app",),
                "access.invite(uuid, text, text, text, text, bytea, bytea, integer)": ("app",),
                "access.reset_factors(uuid, text, text)": ("app",),
            },
        ),
    ]
