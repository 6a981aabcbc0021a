"""The door: one function that stores a report with its vault rows and gives the receipt (decision 4)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

VAULT = """
create table vault.raw_body (
    report_id uuid primary key,
    sealed bytea not null
);
create table vault.raw_addition (
    addition_id uuid primary key,
    report_id uuid not null,
    sealed bytea not null
);
create table vault.reporter (
    report_id uuid primary key,
    taker uuid,
    sealed bytea not null
);
"""

DELIVER = """
create function intake.deliver(
    new_id uuid, new_receipt text, from_sender text, sender_as_said text, with_report_id text,
    with_digest bytea, in_county text, through_channel text, was_received_at timestamptz,
    is_historic boolean, open_body jsonb, with_marks jsonb, by_author uuid,
    sealed_body bytea, sealed_reporter bytea
) returns table (receipt text, report uuid, outcome text)
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    accepted timestamptz := clock.now();
    started timestamptz := accepted;
    marks jsonb := with_marks;
    known intake_report;
    addition uuid := gen_random_uuid();
begin
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
        insert into vault.raw_body values (new_id, sealed_body);
        if sealed_reporter is not null then
            insert into vault.reporter values (new_id, by_author, sealed_reporter);
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
    insert into intake_reportaddition (id, report_id, digest, body)
    values (addition, known.id, with_digest, open_body) on conflict do nothing;
    if found then
        insert into vault.raw_addition values (addition, known.id, sealed_body);
    end if;
    return query select known.receipt::text, known.id, 'addition'::text;
end
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

create function intake.reporter_for_taker(of_report uuid) returns bytea
    language sql stable security definer set search_path = public, pg_temp
as $$
    select v.sealed from vault.reporter v
    where v.report_id = of_report and v.taker = access.actor() and access.actor() is not null
$$;
"""
SIGNATURES = {
    "intake.deliver(uuid, text, text, text, text, bytea, text, text, timestamptz, boolean, jsonb,"
    " jsonb, uuid, bytea, bytea)": ("door", "worker"),
    "intake.attach(uuid, text, text, integer, bytea, bytea, bytea, text)": ("door", "worker"),
    "intake.reporter_for_taker(uuid)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial"), ("access", "0002_rules")]
    operations = [
        migrations.RunSQL(VAULT, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(DELIVER, SIGNATURES),
    ]
