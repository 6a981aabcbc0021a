"""Relations and duties are given by functions that look who asks: nobody gives himself a report.

Before, the application could write a relation or take a duty over for any report whose id it knew.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create or replace function triage.hand_over(matter uuid, to_team text, on_ground text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    at timestamptz := clock.now();
    held triage_duty;
    accepted boolean;
begin
    perform from triage_matter where report_id = matter for update;
    accepted := exists (select from triage_offer where matter_id = matter and team_id = to_team
                        and answer = 'accepted');
    -- An account takes over what its own team has accepted. Our programs besides move a report to
    -- the desk of the county that turned out.
    if access.actor_kind() is distinct from 'program' then
        if not accepted or to_team <> all(array(select access.my_teams())) then
            raise exception 'only a team that accepted takes over, and only for itself';
        end if;
    elsif not accepted and not exists (select from directory_team where id = to_team and is_desk) then
        raise exception 'only a desk, or a team that accepted, can become accountable';
    end if;
    select * into strict held from triage_duty where matter_id = matter and upper_inf(during);
    if held.accountable_team = to_team then
        return;
    end if;
    at := greatest(at, lower(held.during) + interval '1 microsecond');
    update triage_duty set during = tstzrange(lower(during), at, '[)') where id = held.id;
    insert into triage_duty (id, matter_id, accountable_team, during, ground)
    values (gen_random_uuid(), matter, to_team, tstzrange(at, null, '[)'), on_ground);
    update triage_matter set accountable_team = to_team where report_id = matter;
    if accepted then
        -- R6: who took the report knows the reporter until it is handed over.
        update vault.reporter set taker = null where report_id = matter and taker is not null;
    else
        -- A desk that passed the report to another desk reaches it no more.
        update access_relation set until = clock.now()
        where through = matter and team_id = held.accountable_team and until is null
          and ground in ('duty-desk', 'subject');
    end if;
end
$$;

-- What an open offer opens: the report, and the persons that its last screening knows. Only the desk
-- that made the offer can say so, and it chooses neither.
create function triage.relate_offer(of_offer uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    offer triage_offer;
begin
    select o.* into offer from triage_offer o join triage_matter m on m.report_id = o.matter_id
    where o.id = of_offer and o.answer = 'open'
      and (access.actor_kind() = 'program' or m.desk_team = any(array(select access.my_teams())));
    if not found then
        raise exception 'only its desk opens a report to the team of an offer';
    end if;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    values (gen_random_uuid(), offer.team_id, 'report', offer.matter_id, 'offer', offer.matter_id)
    on conflict do nothing;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    select gen_random_uuid(), offer.team_id, 'person', known.person, 'offer', offer.matter_id
    from (
        select distinct (member ->> 'person_id')::uuid as person
        from (select picture from triage_screening where matter_id = offer.matter_id
              order by at desc limit 1) last,
             jsonb_array_elements(last.picture -> 'members') member
        where member ->> 'person_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    ) known
    on conflict do nothing;
end
$$;
"""
SIGNATURES = {
    "triage.hand_over(uuid, text, text)": ("app", "worker"),
    "triage.relate_offer(uuid)": ("app", "worker"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0004_index_what_the_desk_polls"),
        ("access", "0006_signed_context"),
        ("intake", "0002_rules"),
    ]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
