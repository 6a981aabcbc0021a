"""What alarms ask the registers, who judges an alarm, and the limit on opening without a task (R15)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether anybody in the picture of a report, family or case lives behind the account's own door
-- (another floor) or in the same lane. Places in the packed address: lane 5, door 10, road 12.
create function cases.lives_near(who uuid, about text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    with own as (
        select i.forms -> 'a' as a from access_account x
        join people_identity i on i.id_token = x.human and not i.superseded
        where x.id = who and i.forms ? 'a'
    ),
    reports as (
        select about::uuid as id
        union select c.matter_id from cases_case c where c.id = about::uuid or c.family_id = about::uuid
    ),
    theirs as (
        select i.forms -> 'a' as a from reports r join cases_pictured p on p.matter_id = r.id
        join people_identity i on i.person_id = p.person_id and not i.superseded
        where i.forms ? 'a'
    )
    select exists (select from own, theirs
        where (own.a ->> 10 <> '0' and own.a ->> 10 = theirs.a ->> 10)
           or (own.a ->> 5 <> '' and own.a ->> 12 <> '0' and own.a ->> 12 = theirs.a ->> 12
               and own.a ->> 5 = theirs.a ->> 5))
$$;

create function cases.review_alarm(which uuid, said text, in_words text) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    a access_alarm;
begin
    select * into a from access_alarm where id = which for update;
    if not found or a.review_team <> all(array(select access.my_teams()))
       or a.object_id = any(array(select access.closed_to_me()))
       or me in (select access.accounts_of_human(a.account_id)) then
        raise exception 'alarm: no-such-review';
    end if;
    if a.reviewed_at is not null then raise exception 'alarm: reviewed-already'; end if;
    if said not in ('explained', 'not-explained', 'unclear') or length(btrim(in_words)) < 2 then
        raise exception 'alarm: needs-words';
    end if;
    update access_alarm set reviewed_at = clock.now(), reviewed_by = me, verdict = said,
        verdict_text = btrim(in_words)
    where id = which;
end
$$;

-- How many different things the actor opened in the last hour without having a task there (R15).
create function access.opened_without_task() returns bigint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select count(distinct o) from access_auditentry e cross join lateral unnest(e.object_ids) o
    where e.actor = access.actor() and e.at > clock.now() - interval '1 hour' and e.act = 'read'
      and e.detail ->> 'task' = 'false'
$$;
"""
SIGNATURES = {
    "cases.lives_near(uuid, text)": ("worker",),
    "cases.review_alarm(uuid, text, text)": ("app",),
    "access.opened_without_task()": ("app", "worker"),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_glass")]
    operations = [
        VaultFunction(FUNCTIONS, SIGNATURES),
    ]
