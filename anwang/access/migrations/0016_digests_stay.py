"""A password's digest leaves the database to nobody, not even to the application (B2).

Who signs in is compared here: the application asks how to compute, computes, and hands over what it
computed. What stands before anybody is known is answered only to a call that the application vouches
for with the key of the context: an injection with its role can call it, and is told nothing.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

DROPPED = """
drop function access.account_named(text);
drop function access.account_of(uuid);
drop function access.session_in_force(bytea, uuid, interval, interval, text);
"""
FUNCTIONS = r"""
-- HMAC-SHA256 under the key that signs the context (0006_signed_context.py), in hexadecimal signs.
create function access.keyed(said text) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select encode(sha256(k.outer_block
        || sha256(k.inner_block || convert_to(said, 'UTF8'))), 'hex')
    from vault.context_key k
$$;

-- Summed again before comparing, so that how far the two agree shows in no time.
create function access.vouched(said text, seal text) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sha256(convert_to(access.keyed('mark|' || seal), 'UTF8'))
        = sha256(convert_to(access.keyed('mark|' || access.keyed(said)), 'UTF8')), false)
$$;

-- Changes with the password and tells nothing of it: what a session was begun with.
create function access.password_mark(wanted uuid) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select access.keyed('password|' || a.id::text || '|' || a.password)
    from access_account a where a.id = wanted
$$;

create function access.account_named(wanted text, seal text) returns table (
    id uuid, username text, display_name text, display_name_en text, county text,
    is_active boolean, created_at timestamptz, password_mark text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select a.id, a.username::text, a.display_name::text, a.display_name_en::text, a.county::text,
        a.is_active, a.created_at, access.password_mark(a.id)
    from access_account a
    where a.username = wanted and access.vouched('named|' || wanted, seal)
$$;

create function access.account_of(wanted uuid, seal text) returns table (
    id uuid, username text, display_name text, display_name_en text, county text,
    is_active boolean, created_at timestamptz, password_mark text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select a.id, a.username::text, a.display_name::text, a.display_name_en::text, a.county::text,
        a.is_active, a.created_at, access.password_mark(a.id)
    from access_account a
    where a.id = wanted and access.vouched('account|' || wanted::text, seal)
$$;

-- How the digest of this name's password is to be computed: all of it but the digest. Null for an
-- unknown name and for an account that has no password yet.
create function access.password_terms(name text, seal text) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select regexp_replace(a.password, '[^$]*$', '') from access_account a
    where a.username = name and a.password not like '!%'
      and access.vouched('terms|' || name, seal)
$$;

-- The account, ended ones too, if this is its password's digest; else nobody.
create function access.prove_password(name text, digest text, seal text) returns table (
    id uuid, username text, display_name text, display_name_en text, county text,
    is_active boolean, created_at timestamptz, password_mark text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select a.id, a.username::text, a.display_name::text, a.display_name_en::text, a.county::text,
        a.is_active, a.created_at, access.password_mark(a.id)
    from access_account a
    where a.username = name and a.password not like '!%'
      and sha256(convert_to(a.password, 'UTF8')) = sha256(convert_to(digest, 'UTF8'))
      and access.vouched('prove|' || digest || '|' || name, seal)
$$;

-- One's own password, by who knows the present one. All sessions end but the one named.
create function access.change_password(digest text, new_digest text, but_key bytea)
    returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
begin
    update access_account a set password = new_digest
    where a.id = me and a.is_active and a.password not like '!%'
      and sha256(convert_to(a.password, 'UTF8')) = sha256(convert_to(digest, 'UTF8'));
    if not found then return false; end if;
    update access_accountsession s set ended_at = clock.now(), ended_by = me
    where s.account_id = me and s.ended_at is null and s.key_sha256 <> but_key;
    update access_invitation i set ended_at = clock.now()
    where i.account_id = me and i.used_at is null and i.ended_at is null;
    perform access.notify('password-changed', null, me, 'account', me, '{}');
    return true;
end
$$;

-- The first or a forgotten password, by who holds the code. All sessions end.
create function access.redeem_code(name text, of_code bytea, new_digest text, seal text)
    returns table (id uuid, username text, display_name text, display_name_en text, county text,
        is_active boolean, created_at timestamptz, password_mark text)
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
    present timestamptz := clock.now();
    who uuid;
begin
    if not access.vouched('redeem|' || encode(of_code, 'hex') || '|' || name, seal) then
        return;
    end if;
    update access_invitation i set used_at = present
    from access_account a
    where a.id = i.account_id and a.username = name and a.is_active and i.code_sha256 = of_code
      and i.used_at is null and i.ended_at is null and i.expires_at > present
    returning i.account_id into who;
    if who is null then return; end if;
    update access_account a set password = new_digest where a.id = who;
    update access_accountsession s set ended_at = present, ended_by = who
    where s.account_id = who and s.ended_at is null;
    perform access.notify('password-changed', null, who, 'account', who, '{}');
    return query
        select a.id, a.username::text, a.display_name::text, a.display_name_en::text,
            a.county::text, a.is_active, a.created_at, access.password_mark(a.id)
        from access_account a where a.id = who;
end
$$;

-- As in 0007_sessions_and_guesses.py, but vouched for, and with the mark in the digest's place.
create function access.session_in_force(
    of_key bytea, of_account uuid, idle interval, absolute interval, with_device text, seal text
) returns table (
    id uuid, username text, display_name text, display_name_en text, county text,
    is_active boolean, created_at timestamptz, password_mark text,
    session_id uuid, how text, strong boolean, proved_ago double precision, rotate boolean
)
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
    present timestamptz := clock.now();
    found_session access_accountsession;
begin
    if not access.vouched('session|' || encode(of_key, 'hex') || '|' || of_account::text, seal) then
        return;
    end if;
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
        select a.id, a.username::text, a.display_name::text,
            a.display_name_en::text, a.county::text, a.is_active, a.created_at,
            access.password_mark(a.id),
            found_session.id, found_session.how::text, found_session.strong,
            extract(epoch from present - found_session.proved_at)::double precision,
            found_session.rotate
        from access_account a where a.id = of_account and a.is_active;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0015_people_and_rights")]
    operations = [
        migrations.RunSQL(
            f"set role anwang_vault; {DROPPED} set role anwang_owner;",
            reverse_sql=migrations.RunSQL.noop,
        ),
        VaultFunction(
            FUNCTIONS,
            {
                "access.keyed(text)": (),
                "access.vouched(text, text)": (),
                "access.password_mark(uuid)": ("app", "worker"),
                "access.account_named(text, text)": ("app", "worker"),
                "access.account_of(uuid, text)": ("app", "worker"),
                "access.password_terms(text, text)": ("app",),
                "access.prove_password(text, text, text)": ("app",),
                "access.change_password(text, text, bytea)": ("app",),
                "access.redeem_code(text, bytea, text, text)": ("app",),
                "access.session_in_force(bytea, uuid, interval, interval, text, text)": ("app",),
            },
        ),
    ]
