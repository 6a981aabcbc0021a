"""What each team of a county carries, in numbers alone: for ranking offers and for the board of loads.

The same reach as `triage.load_of_team`: one's own county, and for the nation's offices all of them. What
is closed to the asker counts for nothing.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

LOADS = """
create function triage.team_loads(of_county text) returns table (
    team_id text, stream text, grade text, cases bigint, soon bigint, late bigint, offers bigint,
    offered_since timestamptz
)
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    hidden uuid[] := array(select access.closed_to_me());
begin
    if not coalesce(access.actor_kind() = 'program', false)
       and not array[coalesce(of_county, '00000'), '00000'] && array(select access.my_counties()) then
        return;
    end if;
    return query
    select t.id::text, m.stream::text, m.grade::text, count(*),
        count(*) filter (where m.due_at > now and m.due_at <= now + interval '24 hours'),
        count(*) filter (where m.due_at <= now), 0::bigint, null::timestamptz
    from directory_team t join triage_matter m on m.accountable_team = t.id
    where not t.is_desk and t.county_id is not distinct from of_county
      and m.state = 'accepted' and m.due_at is not null and m.report_id <> all(hidden)
    group by 1, 2, 3
    union all
    select t.id::text, m.stream::text, m.grade::text, 0, 0, 0, count(*), min(o.offered_at)
    from directory_team t
    join triage_offer o on o.team_id = t.id and o.answer = 'open'
    join triage_matter m on m.report_id = o.matter_id
    where not t.is_desk and t.county_id is not distinct from of_county
      and m.report_id <> all(hidden)
    group by 1, 2, 3;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0014_ladder"),
        ("directory", "0002_what_ranking_reads"),
        ("access", "0019_teams_asked_once"),
    ]
    operations = [VaultFunction(LOADS, {"triage.team_loads(text)": ("app", "worker")})]
