"""Who looked at me: the one function through which a person reads the audit of what concerns him (D4)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Whether an adult may use a child's rights now: judged safe, and no respondent of any report in
-- which the child stands. A respondent whom nobody knows by number, told of after the judgement,
-- undoes it too: it may be this adult.
create function cases.is_safe_adult(grown bytea, minor bytea) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    with judged as (
        select max(since) as at from access_safeadult
        where child = minor and adult = grown and since <= clock.now()
          and (until is null or until > clock.now())
    ),
    blamed as (
        select r.accepted_at, subject -> 'id' ->> 'token' as number, v ->> 'person_id' as person
        from people_identity i
        join cases_pictured p on p.person_id = i.person_id
        join intake_report r on r.id = p.matter_id
        cross join lateral jsonb_array_elements(r.body -> 'subjects') with ordinality s (subject, place)
        left join lateral (
            select matches from triage_screening where matter_id = r.id order by at desc limit 1
        ) seen on true
        left join lateral (select seen.matches -> (s.place - 1)::text) m (v) on true
        where i.id_token = minor and subject ->> 'role' = 'respondent'
    )
    select coalesce((select at from judged) is not null and not exists (
        select from blamed b
        where b.number = encode(grown, 'hex')
           or exists (select from people_identity own where own.id_token = grown
                      and own.person_id::text = b.person)
           or (b.number is null and b.person is null and b.accepted_at > (select at from judged))
    ) and not exists (
        select from access_conflict c join access_account a on a.id = c.account_id
        where a.human = grown and c.source = 'declared' and c.since <= clock.now()
          and (c.until is null or c.until > clock.now())
    ), false)
$$;

-- The looks at what concerns the asker, or a child whose safe adult he is: when, which office, in
-- which role, for what. Everybody else, and everything that a rule withholds, gives no row.
create function cases.who_looked(about bytea)
    returns table (at timestamptz, office text, office_role text, purpose text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with asked as (
        select coalesce(about, a.human) as number from access_account a
        where a.id = access.actor() and a.human is not null and access.i_am('citizen')
          and (about is null or about = a.human or cases.is_safe_adult(a.human, about))
    ),
    ruled as materialized (select kind, value, treatment, days from access_lookrule),
    persons as materialized (
        select distinct i.person_id as id from people_identity i join asked on i.id_token = asked.number
        where i.person_id is not null
    ),
    pictured as materialized (
        select distinct m.report_id as matter, m.state, c.id as case_id, c.family_id,
            c.closed_at is null and m.state not in ('answered', 'closed') and exists (
                select from ruled where kind = 'stream' and value = coalesce(m.stream, 'unknown')
            ) as inquiry,
            exists (
                select from intake_report r
                cross join lateral jsonb_array_elements(r.body -> 'subjects') subject
                where r.id = m.report_id
                  and subject -> 'id' ->> 'token' = (select encode(number, 'hex') from asked)
                  and subject ->> 'role' in (select value from ruled where kind = 'role-in-report')
            ) as principal
        from persons join cases_pictured p on p.person_id = persons.id
        join triage_matter m on m.report_id = p.matter_id
        left join cases_case c on c.matter_id = m.report_id
    ),
    objects (id, inquiry) as materialized (
        select id, bool_or(inquiry) from (
            select matter as id, inquiry from pictured where principal
            union all select case_id, inquiry from pictured where principal
            union all select mine.family_id, others.inquiry from pictured mine
                join pictured others using (family_id) where mine.principal
            union all select id, exists (select from pictured where inquiry) from persons
        ) each where id is not null group by id
    ),
    open as materialized (
        select id::text as id, inquiry from objects
        where not exists (
            select from access_seal where object_id in (select objects.id from objects)
               or object_id in (select matter from pictured) or object_id in (select family_id from pictured)
        )
    ),
    looks as (
        select e.at, e.actor, e.purpose from access_auditentry e
        where e.object_ids && (select array_agg(id) from open)
          and e.at > clock.now() - interval '2 years' and e.at <= clock.now()
          and e.actor_kind = 'account' and e.actor <> access.actor() and e.result <> 'refused'
          and e.act in (select value from ruled where kind = 'act')
          and e.purpose not in (select value from ruled where kind = 'purpose')
          and (not exists (select from open o where o.inquiry and o.id = any(e.object_ids))
               or e.at < clock.now() - make_interval(days => (select max(days) from ruled)))
    )
    select l.at, seat.team_id::text, seat.role::text, l.purpose::text from looks l
    cross join lateral (
        select (array_agg(s.team_id order by s.team_id))[1] as team_id,
            (array_agg(s.role order by s.team_id))[1] as role,
            bool_or(s.role in (select value from ruled where kind = 'office-role')) as withheld
        from access_membership s
        where s.account_id = l.actor and s.since <= l.at and (s.until is null or s.until > l.at)
    ) seat
    where seat.team_id is not null and not seat.withheld
    order by l.at desc limit 200
$$;
"""

class Migration(migrations.Migration):
    dependencies = [("cases", "0006_conflicts"), ("access", "0008_looks")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "cases.is_safe_adult(bytea, bytea)": (),
                "cases.who_looked(bytea)": ("app",),
            },
        ),
    ]
