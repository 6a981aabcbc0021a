"""One data key a report, wrapped; safe addresses, relayed messages, reveals by two persons (R6, R7)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

VAULT = """
create table vault.data_key (
    scope_id uuid primary key,
    report_id uuid not null,
    kek_version integer not null,
    wrapped bytea,
    made_at timestamptz not null default clock.now(),
    shredded_at timestamptz,
    constraint a_key_is_there_or_shredded check ((wrapped is null) = (shredded_at is not null))
);
create index data_keys_of_report on vault.data_key (report_id);
create index data_keys_by_version on vault.data_key (kek_version) where wrapped is not null;
create table vault.retired_kek (
    version integer primary key,
    at timestamptz not null default clock.now()
);
create table vault.safe_address (
    id uuid primary key,
    report_id uuid not null,
    scope_id uuid not null,
    sealed bytea not null,
    added_by uuid,
    added_at timestamptz not null default clock.now()
);
create index safe_addresses_of_report on vault.safe_address (report_id);
create table vault.message (
    id uuid primary key,
    report_id uuid not null,
    to_reporter boolean not null,
    sealed bytea not null,
    sent_at timestamptz not null default clock.now(),
    read_at timestamptz
);
create index messages_of_report on vault.message (report_id, sent_at);
"""

FUNCTIONS = """
drop function intake.deliver(uuid, text, text, text, text, bytea, text, text, timestamptz, boolean,
    jsonb, jsonb, uuid, bytea, bytea);
drop function intake.attach(uuid, text, text, integer, bytea, bytea, bytea, text);
drop function intake.reporter_for_taker(uuid);

-- Nothing is stored under a key-encryption key that was rotated away meanwhile.
create function intake.may_use_kek(wanted integer) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(815030, wanted);
    return not exists (select from vault.retired_kek r where r.version = wanted);
end
$$;

create function intake.deliver(
    new_id uuid, new_receipt text, from_sender text, sender_as_said text, with_report_id text,
    with_digest bytea, in_county text, through_channel text, was_received_at timestamptz,
    is_historic boolean, open_body jsonb, with_marks jsonb, by_author uuid,
    sealed_body bytea, sealed_reporter bytea, sealed_safe bytea, wrapped_key bytea, by_kek integer
) returns table (receipt text, report uuid, outcome text)
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    accepted timestamptz := clock.now();
    started timestamptz := accepted;
    marks jsonb := with_marks;
    known intake_report;
begin
    if not intake.may_use_kek(by_kek) then
        return query select null::text, null::uuid, 'retired-key'::text;
        return;
    end if;
    -- Decision 3: a duty starts at received_at when that lies at most 7 days back.
    if was_received_at <= accepted and (is_historic or was_received_at >= accepted - interval '7 days') then
        started := was_received_at;
    elsif was_received_at > accepted then
        marks := marks || '["received-in-future"]'::jsonb;
    else
        marks := marks || '["received-long-ago"]'::jsonb;
    end if;
    insert into intake_report (id, receipt, sender, sender_said, report_id, digest, county, channel,
        received_at, accepted_at, clock_started_at, historic, body, marks, author)
    values (new_id, new_receipt, from_sender, sender_as_said, with_report_id, with_digest, in_county,
        through_channel, was_received_at, accepted, started, is_historic, open_body, marks, by_author)
    on conflict (sender, report_id) do nothing;
    if found then
        insert into vault.data_key (scope_id, report_id, kek_version, wrapped)
        values (new_id, new_id, by_kek, wrapped_key);
        insert into vault.raw_body values (new_id, sealed_body);
        if sealed_reporter is not null then
            insert into vault.reporter values (new_id, by_author, sealed_reporter);
        end if;
        if sealed_safe is not null then
            insert into vault.safe_address (id, report_id, scope_id, sealed, added_by)
            values (new_id, new_id, new_id, sealed_safe, by_author);
        end if;
        insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args)
        values ('screening', 'triage.screen_waiting', 'triage.screen_waiting', '{}')
        on conflict do nothing;
        return query select new_receipt, new_id, 'new'::text;
        return;
    end if;
    select r.* into known from intake_report r
        where r.sender = from_sender and r.report_id = with_report_id;
    if known.digest = with_digest then
        return query select known.receipt::text, known.id, 'repeated'::text;
        return;
    end if;
    -- An addition takes the id that was made for it, to which its sealed body is bound.
    insert into intake_reportaddition (id, report_id, digest, body)
    values (new_id, known.id, with_digest, open_body) on conflict do nothing;
    if found then
        insert into vault.data_key (scope_id, report_id, kek_version, wrapped)
        values (new_id, known.id, by_kek, wrapped_key);
        insert into vault.raw_addition values (new_id, known.id, sealed_body);
        if sealed_safe is not null then
            insert into vault.safe_address (id, report_id, scope_id, sealed, added_by)
            values (new_id, known.id, new_id, sealed_safe, by_author);
        end if;
    end if;
    return query select known.receipt::text, known.id, 'addition'::text;
end
$$;

create function intake.key_by_receipt(of_receipt text)
    returns table (report uuid, county text, kek_version integer, wrapped bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.id, r.county::text, k.kek_version, k.wrapped
    from intake_report r left join vault.data_key k on k.scope_id = r.id
    where r.receipt = of_receipt
$$;

-- Of a report that the actor may see anyway; a wrapped key opens nothing by itself.
create function intake.key_of_report(wanted uuid)
    returns table (county text, kek_version integer, wrapped bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.county::text, k.kek_version, k.wrapped
    from intake_report r left join vault.data_key k on k.scope_id = r.id
    where r.id = wanted and access.actor() is not null
      and wanted <> all(array(select access.closed_to_me()))
$$;

create function intake.attach(
    new_id uuid, to_receipt text, of_media_type text, of_size integer, with_digest bytea,
    cleaned bytea, original bytea, in_state text
) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    owner_report uuid;
begin
    select id into owner_report from intake_report where intake_report.receipt = to_receipt;
    if owner_report is null then
        raise exception 'no such receipt';
    end if;
    -- A form sent twice brings its pictures twice.
    insert into intake_attachment (id, report_id, media_type, size_bytes, digest, sealed_copy,
        sealed_original, state)
    values (new_id, owner_report, of_media_type, of_size, with_digest, cleaned, original, in_state)
    on conflict (report_id, digest) do nothing;
    return found;
end
$$;

create function intake.reporter_for_taker(of_report uuid)
    returns table (sealed bytea, county text, kek_version integer, wrapped bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select v.sealed, r.county::text, k.kek_version, k.wrapped
    from vault.reporter v join intake_report r on r.id = v.report_id
    left join vault.data_key k on k.scope_id = v.report_id
    where v.report_id = of_report and v.taker = access.actor() and access.actor() is not null
      and r.accepted_at > clock.now() - interval '24 hours'
      and of_report <> all(array(select access.closed_to_me()))
$$;

-- Whether an office of the actor has to do with the report, or wrote it (R2: rank opens nothing).
create function intake.has_to_do(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select access.actor() is not null and wanted <> all(array(select access.closed_to_me()))
      and exists (select from access_relation r
        where r.object_id = wanted and r.until is null
          and r.team_id in (select access.my_teams()))
$$;

-- The reporter, for who asked and was granted it: once, before it ends (R6).
create function intake.reveal_reporter(request uuid, of_report uuid)
    returns table (sealed bytea, county text, kek_version integer, wrapped bytea, fields jsonb)
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    granted jsonb;
begin
    if not intake.has_to_do(of_report) then
        raise exception 'two-persons: no-relation';
    end if;
    granted := access.two_use(request, 'reveal-reporter', of_report);
    return query select v.sealed, r.county::text, k.kek_version, k.wrapped, granted -> 'fields'
    from vault.reporter v join intake_report r on r.id = v.report_id
    left join vault.data_key k on k.scope_id = v.report_id
    where v.report_id = of_report;
end
$$;

create function intake.reveal_safe_addresses(request uuid, of_report uuid)
    returns table (id uuid, sealed bytea, county text, scope uuid, kek_version integer, wrapped bytea)
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if not intake.has_to_do(of_report) then
        raise exception 'two-persons: no-relation';
    end if;
    perform access.two_use(request, 'reveal-safe-address', of_report);
    return query select s.id, s.sealed, r.county::text, s.scope_id, k.kek_version, k.wrapped
    from vault.safe_address s join intake_report r on r.id = s.report_id
    join vault.data_key k on k.scope_id = s.scope_id
    where s.report_id = of_report order by s.added_at, s.id;
end
$$;

-- Rotation, by programs of ours that carry out an approved request.

create function access.two_carry_out(request uuid, for_act text, about uuid) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    t access_twofold;
    hindrance text;
begin
    select * into t from access_twofold where id = request for update;
    if not found or t.act is distinct from for_act or t.object_id is distinct from about then
        raise exception 'two-persons: another-act';
    end if;
    if t.approved_at is null then raise exception 'two-persons: not-approved'; end if;
    if t.ends_at <= clock.now() then raise exception 'two-persons: expired'; end if;
    if t.used_at is not null then raise exception 'two-persons: used-already'; end if;
    hindrance := access.twofold_hindrance(t, t.approved_by);
    if hindrance is not null then raise exception 'two-persons: %', hindrance; end if;
    update access_twofold set used_at = clock.now(), uses = uses + 1 where id = request;
    return t.payload;
end
$$;

create function intake.keys_to_rewrap(below integer, most integer)
    returns table (scope uuid, county text, kek_version integer, wrapped bytea)
    language sql volatile security definer set search_path = public, pg_temp
as $$
    select k.scope_id, r.county::text, k.kek_version, k.wrapped
    from vault.data_key k join intake_report r on r.id = k.report_id
    where k.wrapped is not null and k.kek_version < below
    order by k.scope_id limit most for update of k skip locked
$$;

create function intake.rewrapped(of_scope uuid, before integer, new_wrap bytea, by_kek integer)
    returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
begin
    update vault.data_key set wrapped = new_wrap, kek_version = by_kek
    where scope_id = of_scope and kek_version = before and wrapped is not null and by_kek > before;
    return found;
end
$$;

create function intake.keys_below(version integer) returns bigint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select count(*) from vault.data_key k where k.wrapped is not null and k.kek_version < version
$$;

-- Waits for deliveries under way, then refuses the old version to every later one.
create function intake.retire_kek(old integer) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(815030, old);
    insert into vault.retired_kek (version) values (old) on conflict do nothing;
end
$$;

create function intake.shred(request uuid, of_report uuid) returns setof uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform access.two_carry_out(request, 'shred-report', of_report);
    return query update vault.data_key set wrapped = null, shredded_at = clock.now()
    where report_id = of_report and wrapped is not null returning scope_id;
end
$$;
"""
SIGNATURES = {
    "intake.may_use_kek(integer)": (),
    "intake.deliver(uuid, text, text, text, text, bytea, text, text, timestamptz, boolean, jsonb,"
    " jsonb, uuid, bytea, bytea, bytea, bytea, integer)": ("door", "worker"),
    "intake.key_by_receipt(text)": ("door", "worker"),
    "intake.key_of_report(uuid)": ("app",),
    "intake.attach(uuid, text, text, integer, bytea, bytea, bytea, text)": ("door", "worker"),
    "intake.reporter_for_taker(uuid)": ("app",),
    "intake.has_to_do(uuid)": ("app",),
    "intake.reveal_reporter(uuid, uuid)": ("app",),
    "intake.reveal_safe_addresses(uuid, uuid)": ("app",),
    "access.two_carry_out(uuid, text, uuid)": ("worker",),
    "intake.keys_to_rewrap(integer, integer)": ("worker",),
    "intake.rewrapped(uuid, integer, bytea, integer)": ("worker",),
    "intake.keys_below(integer)": ("worker",),
    "intake.retire_kek(integer)": ("worker",),
    "intake.shred(uuid, uuid)": ("worker",),
}


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_rules"), ("access", "0006_two_persons")]
    operations = [
        migrations.RunSQL(VAULT, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(FUNCTIONS, SIGNATURES),
    ]
