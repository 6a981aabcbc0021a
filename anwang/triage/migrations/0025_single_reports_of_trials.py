"""The single reports behind a trial, for whoever writes the rules and opens none of them (R10)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether the actor answers for the rules of a layer: the ministry for the nation's (null) and so
-- for every county's reports under them, a county's management for its own.
create function triage.leads(of_county text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership s where s.account_id = access.actor()
        and (s.role = 'ministry' and of_county is null
             or s.role = 'county-manager' and s.county = of_county)
        and s.since <= clock.now() and (s.until is null or s.until > clock.now())
        and (s.holds_until is null or s.holds_until > clock.now()))
$$;

-- What a version tried decides otherwise, report by report: its number, its county, what was decided
-- and would be, by which rows. Nothing of what the report tells, of whom it tells or who told it;
-- none that is closed to the actor or sealed (R5, R8).
create function triage.differences_told(of_run uuid) returns table (
    receipt text, county text, fields jsonb, before jsonb, after jsonb, rows_before jsonb, rows_after jsonb)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.receipt, m.county, d.fields, d.before, d.after, d.rows_before, d.rows_after
    from triage_backtest b
        join triage_backtestdifference d on d.run_id = b.id
        join triage_matter m on m.report_id = d.matter_id
        join intake_report r on r.id = d.matter_id
    where b.id = of_run and b.state = 'done' and triage.leads(b.county)
      and (b.county is null or m.county = b.county)
      and m.report_id <> all(array(select access.closed_to_me()))
    order by d.id limit 100
$$;

-- The same of the versions in shadow, the latest first.
create function triage.shadows_told() returns table (
    receipt text, county text, fields jsonb, before jsonb, after jsonb, rows_before jsonb, rows_after jsonb)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.receipt, m.county, o.fields, o.before, o.after, '{}'::jsonb, o.rows_after
    from triage_shadowoutcome o
        join triage_matter m on m.report_id = o.matter_id
        join intake_report r on r.id = o.matter_id
    where o.fields <> '[]' and (triage.leads(null) or triage.leads(m.county))
      and m.report_id <> all(array(select access.closed_to_me()))
    order by o.screened_at desc limit 100
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0024_indexes_once"), ("access", "0018_marks_of_what_is_closed")]
    operations = [
        VaultFunction(FUNCTIONS, {
            "triage.leads(text)": (),
            "triage.differences_told(uuid)": ("app",),
            "triage.shadows_told()": ("app",),
        })
    ]
