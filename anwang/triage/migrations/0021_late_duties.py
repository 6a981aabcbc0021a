"""A duty of a case that stays undone calls the people above its team, like a report that nobody accepts.

Before, its team was told once, when the time ran out, and nobody ever again.
"""

from django.db import migrations, models
from django.db.models import Q

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function triage.late_duty_rule(of_county text) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
as $$
    select v.body -> 'late_duties'
    from rulebook_policyterm t join rulebook_policyversion v on v.id = t.version_id
    where t.policy_id = 'escalation' and t.since is distinct from t.until and v.body ? 'late_duties'
      and (t.since <= clock.now() and (t.until is null or t.until > clock.now())
           or t.county is null and not exists (select from rulebook_policyterm e
               where e.policy_id = t.policy_id and e.county is null and e.since <= clock.now()))
      and (v.county is null or v.county = of_county)
    order by v.county is null, t.since limit 1
$$;

-- How long after its end a duty reaches its nth rung; beyond the last, again and again.
create function triage.late_duty_after(rule jsonb, n integer) returns interval
    language sql immutable set search_path = pg_catalog
as $$
    select make_interval(hours => (rule -> 'rungs' -> (least(n, rungs.number) - 1)
            ->> 'after_hours')::integer
        + greatest(n - rungs.number, 0) * (rule ->> 'every_hours')::integer)
    from (select jsonb_array_length(rule -> 'rungs')) as rungs (number)
$$;

-- Calls whom the policy names for the duties of open cases that stay undone; at most `most` clocks.
-- Each person hears their number once a look. Which reports they are of.
create function triage.call_for_late_duties(most integer) returns setof uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    one record;
    m triage_matter;
    rule jsonb;
    rungs integer;
    reached integer;
    n integer;
    told uuid[];
    who uuid[] := '{}';
    called record;
begin
    for one in
        select k.id, k.due_at, k.calls, x as matter
        from triage_clock k join triage_matter x on x.report_id = k.matter_id
        where k.state = 'missed' and k.stopped_at is null and k.call_at <= now
        order by k.call_at limit most for update of x, k skip locked
    loop
        m := one.matter;
        rule := triage.late_duty_rule(m.county);
        -- A report has the ladder of its own, a case that is closed has no duties any more.
        if m.state <> 'accepted' or m.due_at is null or rule is null then
            update triage_clock set call_at = case when m.state in ('awaiting-decision', 'offered', 'disputed')
                then now + interval '1 hour' end where id = one.id;
            continue;
        end if;
        rungs := jsonb_array_length(rule -> 'rungs');
        reached := one.calls;
        while one.due_at + triage.late_duty_after(rule, reached + 1) <= now loop
            reached := reached + 1;
        end loop;
        if reached > one.calls then
            -- The team that answers for it now, whomever it was offered to.
            m.offered_team := m.accountable_team;
            told := '{}';
            for n in least(one.calls + 1, rungs) .. least(reached, rungs) loop
                told := told || array(select triage.people_of_rung(m, rule -> 'rungs' -> (n - 1)));
            end loop;
            n := least(reached, rungs);
            while told = '{}' and n < rungs loop
                n := n + 1;
                told := array(select triage.people_of_rung(m, rule -> 'rungs' -> (n - 1)));
            end loop;
            who := who || array(select distinct unnest(told));
            return next m.report_id;
        end if;
        update triage_clock set calls = reached,
            call_at = one.due_at + triage.late_duty_after(rule, reached + 1)
        where id = one.id;
    end loop;
    for called in select account, count(*) as duties from unnest(who) account group by account loop
        perform access.notify('duties-late', null, called.account, '', null,
            jsonb_build_object('counted', called.duties));
    end loop;
end
$$;
"""
CALLS = "How many times people above the team were called since it ran out."


class Migration(migrations.Migration):
    dependencies = [("triage", "0020_disputes_on_the_ladder")]
    operations = [
        migrations.AddField("clock", "calls", models.PositiveSmallIntegerField(db_default=0, default=0, help_text=CALLS)),
        migrations.AddField("clock", "call_at", models.DateTimeField(help_text="When to look whom to call next.", null=True)),
        migrations.AddIndex("clock", models.Index(condition=Q(("call_at__isnull", False), ("state", "missed")), fields=["call_at"], name="clocks_to_call_for")),
        VaultFunction(FUNCTIONS, {
            "triage.late_duty_rule(text)": (),
            "triage.late_duty_after(jsonb, integer)": (),
            "triage.call_for_late_duties(integer)": ("worker",),
        }),
    ]
