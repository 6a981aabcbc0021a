"""Who leads a report; safe addresses for them, messages to the reporter, help sent to an address (R6, R7)."""

import uuid

from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether the actor works, in one of `roles`, in a team now.
create function access.sits_in(team text, roles text[]) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership m
        join access_account a on a.id = m.account_id and a.is_active
        where m.account_id = access.actor() and m.team_id = team
          and (roles is null or m.role = any(roles))
          and m.since <= clock.now() and (m.until is null or m.until > clock.now()))
$$;

-- The lead of the accountable team, or who leads the open case. Matters and cases are tables of
-- apps above; the function reads them when it runs, so that the vault's rule stands in one place.
create function intake.leads(wanted uuid) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    return access.actor() is not null and wanted <> all(array(select access.closed_to_me()))
        and (exists (select from triage_matter m where m.report_id = wanted
                and access.sits_in(m.accountable_team, '{lead,supervisor}'))
            or exists (select from cases_case c where c.matter_id = wanted
                and c.lead = access.actor() and c.closed_at is null
                and access.sits_in(c.team_id, null)));
end
$$;

-- The desk that is accountable until a team has taken over.
create function intake.answers_for(wanted uuid) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    return intake.leads(wanted) or (access.actor() is not null
        and wanted <> all(array(select access.closed_to_me()))
        and exists (select from triage_matter m where m.report_id = wanted
            and access.sits_in(m.accountable_team, '{desk}')));
end
$$;

create function intake.keeps_safe(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select intake.leads(wanted) or (wanted <> all(array(select access.closed_to_me()))
        and exists (select from access_relation r where r.object_id = wanted and r.until is null
            and r.ground = 'refuge' and r.team_id in (select access.my_teams())))
$$;

create function intake.has_safe_places(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select intake.has_to_do(wanted)
      and exists (select from vault.safe_address s where s.report_id = wanted)
$$;

create function intake.safe_places(wanted uuid)
    returns table (id uuid, sealed bytea, county text, scope uuid, kek_version integer, wrapped bytea)
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    if not coalesce(intake.keeps_safe(wanted), false) then
        raise exception 'vault: not-the-lead';
    end if;
    return query select s.id, s.sealed, r.county::text, s.scope_id, k.kek_version, k.wrapped
    from vault.safe_address s join intake_report r on r.id = s.report_id
    join vault.data_key k on k.scope_id = s.scope_id
    where s.report_id = wanted order by s.added_at, s.id;
end
$$;

create function intake.keep_safe_place(new_id uuid, of_report uuid, sealed_place bytea) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if not coalesce(intake.keeps_safe(of_report), false) then
        raise exception 'vault: not-the-lead';
    end if;
    insert into vault.safe_address (id, report_id, scope_id, sealed, added_by)
    values (new_id, of_report, of_report, sealed_place, access.actor());
end
$$;

-- The relay. Neither side is named in a message: who may write it is decided here and forgotten.

create function intake.relay_side(wanted uuid) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select case
        when access.actor() is null then null
        when exists (select from intake_report r where r.id = wanted and r.author = access.actor())
            then 'reporter'
        when exists (select from intake_report r join access_sender s on s.name = r.sender
            where r.id = wanted and s.id = access.actor() and s.ended_at is null) then 'reporter'
        when intake.answers_for(wanted) then 'office' end
$$;

create function intake.relay(new_id uuid, about uuid, sealed_text bytea) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    side text := intake.relay_side(about);
    reached uuid;
    team text;
begin
    if side is null then raise exception 'vault: no-relay'; end if;
    insert into vault.message (id, report_id, to_reporter, sealed)
    values (new_id, about, side = 'office', sealed_text);
    if side = 'office' then
        select r.author into reached from intake_report r where r.id = about;
        if reached is not null then
            perform access.notify('relay-message', null, reached, 'report', about, '{}');
        end if;
    else
        select m.accountable_team into team from triage_matter m where m.report_id = about;
        perform access.notify('relay-message', team, null, 'report', about, '{}');
    end if;
    return side = 'office';
end
$$;

create function intake.relayed(about uuid)
    returns table (id uuid, to_reporter boolean, sealed bytea, sent_at timestamptz,
        read_at timestamptz, county text, kek_version integer, wrapped bytea)
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    side text := intake.relay_side(about);
begin
    if side is null then raise exception 'vault: no-relay'; end if;
    update vault.message m set read_at = clock.now()
    where m.report_id = about and m.read_at is null and m.to_reporter = (side = 'reporter');
    return query select m.id, m.to_reporter, m.sealed, m.sent_at, m.read_at, r.county::text,
        k.kek_version, k.wrapped
    from vault.message m join intake_report r on r.id = m.report_id
    join vault.data_key k on k.scope_id = m.report_id
    where m.report_id = about order by m.sent_at, m.id;
end
$$;

create function intake.report_of_sender(of_receipt text) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.id from intake_report r join access_sender s on s.name = r.sender
    where r.receipt = of_receipt and s.id = access.actor() and s.ended_at is null
$$;

-- Help is sent to the address: who asks does not see it, who goes sees it while the call is open.

create function intake.send_help(new_id uuid, about uuid, team text, said text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    here text;
begin
    select r.county into here from intake_report r where r.id = about;
    if not intake.has_to_do(about) or not exists (
        select from access.ranked_seats(access.actor()) s where s.role in ('desk', 'lead', 'supervisor'))
    then raise exception 'vault: not-on-duty'; end if;
    if not exists (select from vault.safe_address s where s.report_id = about) then
        raise exception 'vault: no-address';
    end if;
    if not exists (select from directory_team t where t.id = team
        and (t.county_id is null or t.county_id = here)) then
        raise exception 'vault: no-such-team';
    end if;
    insert into intake_helpcall (id, report_id, to_team, asked_by, reason, opened_at, ends_at)
    values (new_id, about, team, access.actor(), said, clock.now(), clock.now() + interval '2 hours');
    perform access.notify('help-called', team, null, 'help', new_id, '{}');
end
$$;

create function intake.help_address(call uuid)
    returns table (id uuid, report uuid, sealed bytea, county text, scope uuid, kek_version integer,
        wrapped bytea)
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    return query select s.id, s.report_id, s.sealed, r.county::text, s.scope_id, k.kek_version, k.wrapped
    from intake_helpcall h join vault.safe_address s on s.report_id = h.report_id
    join intake_report r on r.id = h.report_id join vault.data_key k on k.scope_id = s.scope_id
    where h.id = call and h.closed_at is null and h.ends_at > clock.now()
      and h.report_id <> all(array(select access.closed_to_me()))
      and access.sits_in(h.to_team, null)
    order by s.added_at, s.id;
    if not found then raise exception 'vault: no-open-call'; end if;
end
$$;

create function intake.end_help(call uuid) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update intake_helpcall h set closed_at = clock.now(), closed_by = access.actor()
    where h.id = call and h.closed_at is null
      and (h.asked_by = access.actor() or access.sits_in(h.to_team, null));
    return found;
end
$$;
"""
SIGNATURES = {
    "access.sits_in(text, text[])": (),
    "intake.leads(uuid)": ("app",),
    "intake.answers_for(uuid)": ("app",),
    "intake.keeps_safe(uuid)": ("app",),
    "intake.has_safe_places(uuid)": ("app",),
    "intake.safe_places(uuid)": ("app",),
    "intake.keep_safe_place(uuid, uuid, bytea)": ("app",),
    "intake.relay_side(uuid)": ("app",),
    "intake.relay(uuid, uuid, bytea)": ("app",),
    "intake.relayed(uuid)": ("app",),
    "intake.report_of_sender(text)": ("app",),
    "intake.send_help(uuid, uuid, text, text)": ("app",),
    "intake.help_address(uuid)": ("app",),
    "intake.end_help(uuid)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("intake", "0004_envelopes")]
    operations = [
        migrations.CreateModel(
            name="HelpCall",
            fields=[
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)),
                ("report", models.ForeignKey(on_delete=models.deletion.PROTECT, related_name="help_calls", to="intake.report")),
                ("to_team", models.CharField(max_length=64)),
                ("asked_by", models.UUIDField()),
                ("reason", models.CharField(max_length=200)),
                ("opened_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("ends_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.UUIDField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["to_team", "-opened_at"], name="help_calls_of_team")]},
        ),
        VaultFunction(FUNCTIONS, SIGNATURES),
    ]  # fmt: skip
