"""A refused offer goes back to its desk: the team then no longer reaches the report (R2).

Row rules let nobody write a row that he may not see afterwards, and after the refusal the team may
not see this one. So the database itself takes it back, and ends the relation that the offer gave.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

RETURN = """
create function triage.return_to_desk(returned_offer uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    offer triage_offer;
begin
    select * into strict offer from triage_offer where id = returned_offer;
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
SIGNATURES = {"triage.return_to_desk(uuid)": ("app", "worker")}


class Migration(migrations.Migration):
    dependencies = [("triage", "0002_rules"), ("access", "0003_relations_that_end")]
    operations = [VaultFunction(RETURN, SIGNATURES)]
