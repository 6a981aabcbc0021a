"""What somebody leads goes to a named person before he leaves (S11, S12).

The administrator who ends the account learns a number only, without sealed cases. A case that the
named person may not know of (R5, R8) goes to another of the team who may, and nobody is told why.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether somebody works in the case's team now, and may know of the case.
create function cases.may_lead(who uuid, wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from cases_case c
        join access_membership m on m.team_id = c.team_id and m.account_id = who
            and m.role in ('team-worker', 'lead', 'supervisor') and m.since <= clock.now()
            and (m.until is null or m.until > clock.now())
            and (m.holds_until is null or m.holds_until > clock.now())
        join access_account a on a.id = who and a.is_active
        where c.id = wanted
          and not access.is_conflicted(who, c.id) and not access.is_conflicted(who, c.family_id)
          and not access.is_conflicted(who, c.matter_id)
          and not exists (select from access_seal s
              where s.object_id in (c.id, c.family_id, c.matter_id) and s.since <= clock.now()
                and (s.until is null or s.until > clock.now())
                and not exists (select from access_sealmember n where n.seal_id = s.id
                    and n.account_id = who and n.since <= clock.now()
                    and (n.until is null or n.until > clock.now()))))
$$;

-- How many open cases an account leads, for who administers it: sealed ones are not there (R8).
create function cases.open_duties(who uuid) returns table (team_id text, cases bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select c.team_id::text, count(*) from cases_case c
    where c.lead = who and c.closed_at is null and access.of_my_people(who)
      and not exists (select from access_seal s
          where s.object_id in (c.id, c.family_id, c.matter_id) and s.since <= clock.now()
            and (s.until is null or s.until > clock.now()))
    group by c.team_id order by c.team_id
$$;

-- Gives each open case that the leaver leads in the team to the successor, or to another who may.
create function cases.hand_over(leaver uuid, in_team text, successor uuid) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    one record;
    heir uuid;
begin
    if successor is null and exists (select from cases.open_duties(leaver) d where d.team_id = in_team)
    then
        raise exception 'people: duties';
    end if;
    if successor is not null and (successor = leaver or not exists (
        select from access_membership m join access_account a on a.id = m.account_id and a.is_active
        where m.account_id = successor and m.team_id = in_team
          and m.role in ('team-worker', 'lead', 'supervisor') and m.since <= clock.now()
          and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now()))) then
        -- In a team where nothing is led, any successor will do.
        if exists (select from cases.open_duties(leaver) d where d.team_id = in_team) then
            raise exception 'people: no-such-successor';
        end if;
        successor := null;
    end if;
    for one in select c.id from cases_case c
        where c.lead = leaver and c.team_id = in_team and c.closed_at is null for update
    loop
        heir := case when cases.may_lead(successor, one.id) then successor else (
            select m.account_id from access_membership m
            where m.team_id = in_team and m.account_id <> leaver and cases.may_lead(m.account_id, one.id)
            order by m.role = 'lead' desc, m.role = 'supervisor' desc, m.since, m.account_id limit 1)
            end;
        if heir is null then
            -- Without saying which: it may be one that the office must not know of.
            perform access.notify('case-without-lead', cases.office_over(leaver), null, '', null, '{}');
            continue;
        end if;
        update cases_case set lead = heir where id = one.id;
        insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
            object_ids, purpose, fields, result, request_id, detail)
        values (gen_random_uuid(), clock.now(), access.actor(), coalesce(access.actor_kind(), ''), '',
            '', 'duties-handed-over', 'case', array[one.id::text], 'leaver', '{lead}', 'done', null,
            jsonb_build_object('before', leaver, 'after', heir));
        perform access.notify('duties-received', null, heir, 'case', one.id, '{}');
    end loop;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_reasons_taken_back"), ("access", "0015_people_and_rights")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "cases.may_lead(uuid, uuid)": (),
                "cases.open_duties(uuid)": ("app",),
                "cases.hand_over(uuid, text, uuid)": (),
            },
        )
    ]
