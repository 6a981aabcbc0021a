"""The vault's functions reach every county's rows, so each asks whether its caller may (R2, R3).

Whoever knew the id of another office's offer could give it back, and the errors told whether there
was one; the load of another county's team was told to all. What the caller does not reach is absent.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

REACHES = """
create function triage.reaches(matter uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(access.actor_kind() = 'program', false) or exists (
        select from triage_matter m
        where m.report_id = matter
          and (m.desk_team = any(array(select access.my_teams()))
               or m.accountable_team = any(array(select access.my_teams()))
               or m.offered_team = any(array(select access.my_teams())))
          and m.report_id <> all(array(select access.closed_to_me())))
$$;
"""
RETURN = """
create or replace function triage.return_to_desk(returned_offer uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    offer triage_offer;
begin
    select * into offer from triage_offer o
    where o.id = returned_offer and triage.reaches(o.matter_id);
    if not found then
        raise exception 'no such offer' using errcode = 'no_data_found';
    end if;
    perform from triage_matter where report_id = offer.matter_id and state = 'offered'
        and offered_team = offer.team_id for update;
    if not found or offer.answer not in ('refused', 'withdrawn')
       or exists (select from triage_offer o where o.matter_id = offer.matter_id
                  and o.answer in ('open', 'accepted')) then
        raise exception 'only a refused or withdrawn offer goes back to the desk';
    end if;
    update triage_matter m set state = 'awaiting-decision', offered_team = null,
        changed_at = greatest(clock.now(), m.changed_at + interval '1 microsecond'),
        due_at = coalesce((select k.due_at from triage_clock k
            where k.matter_id = m.report_id and k.stopped_at is null
              and k.state in ('running', 'missed')
            order by k.legal desc, k.due_at limit 1), m.due_at)
    where m.report_id = offer.matter_id;
    update access_relation set until = clock.now()
    where through = offer.matter_id and team_id = offer.team_id and ground = 'offer'
      and until is null;
end
$$;
"""
# Another county's load is nobody's to know; the national desk sends reports to all of them.
LOAD = """
create or replace function triage.load_of_team(team text) returns bigint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select count(*) from triage_matter
    where accountable_team = team and state = 'accepted' and due_at is not null
      and (coalesce(access.actor_kind() = 'program', false)
           or exists (select from directory_team t where t.id = team
                      and (coalesce(t.county_id, '00000') = any(array(select access.my_counties()))
                           or '00000' = any(array(select access.my_counties())))))
$$;
"""
BOTH = ("app", "worker")


class Migration(migrations.Migration):
    dependencies = [("triage", "0006_only_who_is_entitled"), ("access", "0006_signed_context")]
    operations = [
        VaultFunction(REACHES, {"triage.reaches(uuid)": ()}),
        VaultFunction(RETURN, {"triage.return_to_desk(uuid)": BOTH}),
        VaultFunction(LOAD, {"triage.load_of_team(text)": BOTH}),
    ]
