"""Help is sent by one and goes by another, and a report's key is told to whom the report is shown.

Who sent a unit in which he, or another account of the same human, sits, opened the safe address alone
(R7, R14); and whoever knew the id of a report of another county was told its county and its key.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SEND = """
create or replace function intake.send_help(new_id uuid, about uuid, team text, said text) returns void
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
    if not exists (select from directory_team t where t.id = team and not t.is_desk
        and (t.county_id is null or t.county_id = here)) then
        raise exception 'vault: no-such-team';
    end if;
    if exists (select from access.accounts_of_human(access.actor()) mine (id)
        cross join lateral access.ranked_seats(mine.id) s where s.team_id = team) then
        raise exception 'vault: own-team';
    end if;
    insert into intake_helpcall (id, report_id, to_team, asked_by, reason, opened_at, ends_at)
    values (new_id, about, team, access.actor(), said, clock.now(), clock.now() + interval '2 hours');
    perform access.notify('help-called', team, null, 'help', new_id, '{}');
end
$$;
"""
ADDRESS = """
create or replace function intake.help_address(call uuid)
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
      -- Nor who has taken a seat in the unit since.
      and access.actor() <> all(array(select access.accounts_of_human(h.asked_by)))
    order by s.added_at, s.id;
    if not found then raise exception 'vault: no-open-call'; end if;
end
$$;
"""
KEY = """
create or replace function intake.key_of_report(wanted uuid)
    returns table (county text, kek_version integer, wrapped bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.county::text, k.kek_version, k.wrapped
    from intake_report r left join vault.data_key k on k.scope_id = r.id
    where r.id = wanted and access.actor() is not null
      -- The relations that show the row (anwang/intake/policies/access.yaml), and the system that sent
      -- it, where its reporter reads messages.
      and (r.author = access.actor() or intake.has_to_do(wanted)
        or intake.relay_side(wanted) is not null
        or wanted = any(array(select access.my_glass()))
           and wanted <> all(array(select access.closed_to_me())));
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0008_authors_keep_their_keys")]
    operations = [
        VaultFunction(SEND, {"intake.send_help(uuid, uuid, text, text)": ("app",)}),
        VaultFunction(ADDRESS, {"intake.help_address(uuid)": ("app",)}),
        VaultFunction(KEY, {"intake.key_of_report(uuid)": ("app",)}),
    ]
