"""Disputes that nobody rules are raised by the same look as reports that nobody accepts.

Before, a job of the worker's own did it: while the worker was silent a dispute stood still, though an
open desk page and the command for another machine climbed the ladder all the time (P4).
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

RAISE = """
create function triage.raise_disputes() returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    hours numeric;
    raised uuid[];
begin
    if not exists (select from triage_dispute where state = 'open' and answer_due <= clock.now()) then
        return 0;
    end if;
    select (v.body ->> 'after_silence_hours')::numeric into hours
    from rulebook_policyterm t join rulebook_policyversion v on v.id = t.version_id
    where t.policy_id = 'triage.disputes' and t.county is null and t.since is distinct from t.until
      and (t.since <= clock.now() and (t.until is null or t.until > clock.now())
           or not exists (select from rulebook_policyterm e where e.policy_id = t.policy_id
               and e.county is null and e.since <= clock.now()))
    order by t.since limit 1;
    if hours is null then
        raise exception 'no policy of disputes is in force (triage/policies/disputes.yaml)';
    end if;
    raised := array(select triage.raise_level(hours));
    if raised <> '{}' then
        insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
            object_ids, purpose, fields, result, request_id, detail)
        values (gen_random_uuid(), clock.now(), '00000000-0000-4000-8000-000000000002', 'program',
            'sweeping', '', 'dispute-raised', 'dispute', array(select unnest(raised)::text),
            'sweeping', '{}', 'silence', null, '{}');
    end if;
    return cardinality(raised);
end
$$;
"""
# One line more in the function that climbs: whoever looks after reports looks after disputes.
CLIMB = """
do $do$
declare
    said text := pg_get_functiondef('triage.climb(integer)'::regprocedure);
    joined text := replace(said, 'perform triage.swept(''ladder'');',
        'perform triage.raise_disputes();' || chr(10) || '    perform triage.swept(''ladder'');');
begin
    if joined = said then
        raise exception 'triage.climb has changed: let it raise disputes itself';
    end if;
    execute joined;
end
$do$;
revoke execute on function triage.raise_level(numeric) from anwang_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0019_automatic_dispatch")]
    operations = [
        VaultFunction(RAISE + CLIMB, {"triage.raise_disputes()": ()}),
    ]
