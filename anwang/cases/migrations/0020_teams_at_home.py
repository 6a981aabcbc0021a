"""Which teams already work in the home that a report is about: a weight of its offer.

For the desk that the report lies on alone, of its own county, and told as ids of teams: no file, no
name, no lead. By those subjects whose number told who they are (decision 16). A sealed family is not
there (R8), nor one that is closed to who asks (R5).
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

AT_HOME = """
create function triage.teams_at_home(of_report uuid) returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct c.team_id::text
    from triage_matter t
    join cases_familymember m on m.until is null
        and m.person_id in (select cases.sure_persons(of_report))
    join cases_familyfile f on f.id = m.family_id and f.county is not distinct from t.county
    join cases_case c on c.family_id = f.id and c.closed_at is null
    where t.report_id = of_report
      and (coalesce(access.actor_kind() = 'program', false)
           or t.desk_team = any(array(select access.my_teams())))
      and not array[t.report_id, f.id, c.id, c.matter_id] && array(select access.closed_to_me())
      and not exists (select from access_seal s
          where s.object_id in (f.id, c.id, c.matter_id) and s.since <= clock.now()
            and (s.until is null or s.until > clock.now()))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0019_corrections"), ("triage", "0015_loads_of_teams")]
    operations = [VaultFunction(AT_HOME, {"triage.teams_at_home(uuid)": ("app", "worker")})]
