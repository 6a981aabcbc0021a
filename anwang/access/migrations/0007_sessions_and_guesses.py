"""Sessions that the server can end, what holds guesses back, and identities of outside providers."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

# Found by the key's digest. A session that another release began, or a test, is taken in at its
# first request. Nothing comes back for an ended session, an idle one, or an ended account.
SESSIONS = """
create function access.session_in_force(
    of_key bytea, of_account uuid, idle interval, absolute interval, with_device text
) returns table (
    id uuid, password text, username text, display_name text, display_name_en text, county text,
    is_active boolean, created_at timestamptz, human bytea,
    session_id uuid, how text, strong boolean, proved_ago double precision, rotate boolean
)
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
    present timestamptz := clock.now();
    found_session access_accountsession;
begin
    select * into found_session from access_accountsession s where s.key_sha256 = of_key;
    if not found then
        insert into access_accountsession
            (id, key_sha256, account_id, begun_at, seen_at, proved_at, how, strong, device, rotate)
        select gen_random_uuid(), of_key, a.id, present, present, present, 'password', false,
            with_device, false
        from access_account a where a.id = of_account and a.is_active
        on conflict do nothing;
        select * into found_session from access_accountsession s where s.key_sha256 = of_key;
    end if;
    if found_session.id is null or found_session.account_id <> of_account
       or found_session.ended_at is not null
       or found_session.seen_at <= present - idle or found_session.begun_at <= present - absolute then
        return;
    end if;
    if found_session.seen_at < present - interval '20 seconds' then
        update access_accountsession s set seen_at = present where s.id =
            (select o.id from access_accountsession o where o.id = found_session.id
             for update skip locked);
    end if;
    return query
        select a.id, a.password::text, a.username::text, a.display_name::text,
            a.display_name_en::text, a.county::text, a.is_active, a.created_at, a.human,
            found_session.id, found_session.how::text, found_session.strong,
            extract(epoch from present - found_session.proved_at)::double precision,
            found_session.rotate
        from access_account a where a.id = of_account and a.is_active;
end
$$;

create function access.begin_session(
    of_key bytea, of_account uuid, in_which_way text, is_strong boolean, with_device text
) returns uuid
    language sql volatile security definer set search_path = public, pg_temp
as $$
    insert into access_accountsession
        (id, key_sha256, account_id, begun_at, seen_at, proved_at, how, strong, device, rotate)
    select gen_random_uuid(), of_key, a.id, t.present, t.present, t.present, in_which_way, is_strong,
        with_device, false
    from access_account a, (select clock.now() as present) t
    where a.id = of_account and a.is_active
    returning id
$$;

create function access.prove_again(of_key bytea, in_which_way text, is_strong boolean)
    returns boolean
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_accountsession set proved_at = clock.now(), how = in_which_way, strong = is_strong
    where key_sha256 = of_key and account_id = access.actor() and ended_at is null
    returning true
$$;

create function access.rotate_session(old_key bytea, new_key bytea) returns boolean
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_accountsession set key_sha256 = new_key, rotate = false
    where key_sha256 = old_key and ended_at is null
    returning true
$$;

create function access.end_session(of_key bytea) returns boolean
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_accountsession set ended_at = clock.now(), ended_by = account_id
    where key_sha256 = of_key and ended_at is null
    returning true
$$;

create function access.end_my_sessions(only_this uuid, but_key bytea) returns bigint
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with ended as (
        update access_accountsession set ended_at = clock.now(), ended_by = account_id
        where account_id = access.actor() and ended_at is null
          and (only_this is null or id = only_this)
          and (but_key is null or key_sha256 <> but_key)
        returning 1)
    select count(*) from ended
$$;

create function access.end_account(wanted uuid, by_whom uuid) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
begin
    update access_membership set until = greatest(clock.now(), since)
    where account_id = wanted and (until is null or until > clock.now());
    update access_accountsession set ended_at = clock.now(), ended_by = by_whom
    where account_id = wanted and ended_at is null;
    update access_account set is_active = false where id = wanted and is_active;
    return found;
end
$$;

create function access.rights_changed(wanted uuid) returns void
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_accountsession set rotate = true, proved_at = 'epoch'
    where account_id = wanted and ended_at is null
$$;

create function access.sweep_sessions(older interval) returns bigint
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with swept as (
        delete from access_accountsession where begun_at < clock.now() - older returning 1
    ), leaked as (
        delete from access_guess where at < clock.now() - older returning 1
    ), forgotten as (
        delete from access_knownplace where until < clock.now() returning 1
    )
    select (select count(*) from swept) + (select count(*) from leaked)
        + (select count(*) from forgotten)
$$;
"""

# A try falls into all its buckets or into none; a full one says how many seconds are to wait.
GUESSES = """
create function access.take(keys bytea[], capacities double precision[], leaks double precision[])
    returns double precision
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    present timestamptz := clock.now();
    bucket record;
    level_now double precision;
    to_wait double precision := 0;
begin
    insert into access_guess (key, level, at)
    select k, 0, present from unnest(keys) k order by k on conflict do nothing;
    for bucket in
        select g.key, g.level, g.at, w.capacity, w.leak
        from access_guess g
        join unnest(keys, capacities, leaks) as w(key, capacity, leak) on w.key = g.key
        order by g.key for update of g
    loop
        level_now := greatest(0, bucket.level
            - greatest(0, extract(epoch from present - bucket.at)) / bucket.leak);
        if level_now + 1 > bucket.capacity then
            to_wait := greatest(to_wait, (level_now + 1 - bucket.capacity) * bucket.leak);
        end if;
    end loop;
    if to_wait > 0 then return to_wait; end if;
    update access_guess g set at = greatest(present, g.at),
        level = greatest(0, g.level - greatest(0, extract(epoch from present - g.at)) / w.leak) + 1
    from unnest(keys, leaks) as w(key, leak) where w.key = g.key;
    return 0;
end
$$;

create function access.give_back(cleared bytea[], eased bytea[]) returns void
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_guess set level = case when key = any(cleared) then 0 else greatest(0, level - 1) end
    where key in (select k from unnest(cleared || eased) k order by k)
$$;

create function access.know_place(place bytea, days integer) returns void
    language sql volatile security definer set search_path = public, pg_temp
as $$
    insert into access_knownplace (key, until) values (place, clock.now() + make_interval(days => days))
    on conflict (key) do update set until = excluded.until
$$;

create function access.knows_place(place bytea) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$ select exists (select from access_knownplace where key = place and until > clock.now()) $$;

create function access.account_linked(of_issuer text, of_subject text) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select account_id from access_linkedidentity
    where issuer = of_issuer and subject = of_subject and ended_at is null
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0007_witnesses"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [
        migrations.CreateModel(
            name="AccountSession",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("key_sha256", models.BinaryField(max_length=32, unique=True)),
                ("begun_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("seen_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("proved_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow(), help_text="When the account last proved who it is.")),
                ("how", models.CharField(help_text="password, password+totp, passkey, oidc ...", max_length=40)),
                ("strong", models.BooleanField(default=False, help_text="A second factor or a passkey was used.")),
                ("device", models.CharField(blank=True, max_length=60)),
                ("rotate", models.BooleanField(default=False, help_text="Rights changed: a new key is due.")),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.UUIDField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["account", "ended_at"], name="sessions_of_account")],
                "constraints": [models.CheckConstraint(condition=models.Q(("seen_at__gte", models.F("begun_at"))), name="session_seen_after_it_began")],
            },
        ),
        migrations.CreateModel(
            name="Guess",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("level", models.FloatField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="KnownPlace",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="LinkedIdentity",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("issuer", models.CharField(max_length=200)),
                ("subject", models.CharField(max_length=255)),
                ("linked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("ended_at", models.DateTimeField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [models.UniqueConstraint(condition=models.Q(("ended_at__isnull", True)), fields=("issuer", "subject"), name="one_account_a_subject")],
            },
        ),
        VaultFunction(
            SESSIONS,
            {
                "access.session_in_force(bytea, uuid, interval, interval, text)": ("app",),
                "access.begin_session(bytea, uuid, text, boolean, text)": ("app",),
                "access.prove_again(bytea, text, boolean)": ("app",),
                "access.rotate_session(bytea, bytea)": ("app",),
                "access.end_session(bytea)": ("app",),
                "access.end_my_sessions(uuid, bytea)": ("app",),
                "access.end_account(uuid, uuid)": ("worker",),
                "access.rights_changed(uuid)": ("worker",),
                "access.sweep_sessions(interval)": ("worker",),
            },
        ),
        VaultFunction(
            GUESSES,
            {
                "access.take(bytea[], double precision[], double precision[])": ("app",),
                "access.give_back(bytea[], bytea[])": ("app",),
                "access.know_place(bytea, integer)": ("app",),
                "access.knows_place(bytea)": ("app",),
                "access.account_linked(text, text)": ("app",),
            },
        ),
    ]
