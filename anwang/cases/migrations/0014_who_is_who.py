"""Questions of who is who, through functions that look who asks: his own reports' and cases' alone."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

ASKED = """
-- Questions about the actor's own: of reports at his desk or of a case that he leads; and of those
-- whom linking all records left in doubt, where a desk or lead's team has one of them already.
-- What is closed to him is not there: a candidate is left out, and so is a question without any.
create function cases.identity_questions(only_one uuid, only_open boolean)
    returns table (id uuid, kind text, about uuid, since timestamptz, state text, margin float8,
        persons uuid[], records uuid[], reasons jsonb, author text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (
        select access.actor() as id, array(select access.closed_to_me()) as closed,
            array(select s.team_id from access.seats_of(access.actor()) s where s.role = 'desk') as desks,
            array(select s.team_id from access.seats_of(access.actor()) s where s.role = 'lead') as leads,
            array(select s.team_id from access.seats_of(access.actor()) s
                  where s.role in ('team-worker', 'lead', 'supervisor')) as working
    ),
    mine as (
        select q.*, array(select p from unnest(q.persons) with ordinality u (p, n)
                          where p <> all(me.closed) order by n) as shown, me.closed
        from me join people_review q on q.about is not null
        join triage_matter m on m.report_id = q.about
        -- A report names a question by its own record, which is the matter of just one.
        where (only_one is null or only_one in (q.id, q.matter)) and (not only_open or q.state = 'open')
          and (m.desk_team = any(me.desks) or exists (
              select from cases_case c where c.matter_id = m.report_id and c.closed_at is null
                and (c.team_id = any(me.leads) or (c.lead = me.id and c.team_id = any(me.working)))))
          and q.about <> all(me.closed) and not q.records && me.closed
        union all
        select q.*, q.persons, me.closed
        from me join people_review q on q.about is null
        where (only_one is null or q.id = only_one) and (not only_open or q.state = 'open')
          and not q.records && me.closed and not q.persons && me.closed
          and exists (select from access_relation r
              where r.object_kind = 'person' and r.object_id = any(q.persons) and r.until is null
                and r.team_id = any(me.desks || me.leads) and r.through <> all(me.closed))
    )
    select q.id, q.kind::text, q.about, q.since, q.state::text, q.margin, q.shown, q.records,
        coalesce((select jsonb_agg(r order by n)
            from jsonb_array_elements(q.reasons) with ordinality e (r, n)
            where r ->> 'person_id' is null or (r ->> 'person_id')::uuid <> all(q.closed)), '[]'),
        q.author::text
    from mine q where cardinality(q.shown) > 0
$$;

-- How many wait, by kind and by age in days: under 1, under 7, under 30, older.
create function cases.identity_counts() returns table (kind text, age text, waiting bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select q.kind, case when q.since > clock.now() - interval '1 day' then 'day'
        when q.since > clock.now() - interval '7 days' then 'week'
        when q.since > clock.now() - interval '30 days' then 'month' else 'older' end, count(*)
    from cases.identity_questions(null, true) q group by 1, 2
$$;

-- Whom questions of the actor's own are about, as written.
create function cases.identity_names(questions uuid[]) returns table (question uuid, name text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select q.id, coalesce(nullif(i.forms ->> 'n', ''), r.values ->> 'name',
        r.values ->> 'name_romanised', '')
    from unnest(questions) one cross join lateral cases.identity_questions(one, false) q
    join people_identity i on i.record_id = q.records[1]
    left join registries_record r on r.id = i.record_id and r.source_id = i.source_id
$$;

-- The current records behind a question that the actor may see, at most 200: what was asked about
-- first. No number of an identity card leaves: who has the same one has the same figure.
create function cases.identity_records(question uuid)
    returns table (person uuid, record uuid, source text, record_key text, asked boolean,
        number bigint, forms jsonb, written jsonb, judgement text, by_person boolean,
        probability float8)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with q as materialized (select * from cases.identity_questions(question, false)),
    held as (
        select i.*, i.record_id = any(q.records) as asked
        from q join people_identity i
            on (i.person_id = any(q.persons) and not i.superseded) or i.record_id = any(q.records)
        where i.record_id <> all(array(select access.closed_to_me()))
    )
    select h.person_id, h.record_id, h.source_id::text, h.record_key::text, h.asked,
        case when h.id_token is not null then dense_rank() over (order by h.id_token) end,
        h.forms - 'i' - 'in',
        (select jsonb_strip_nulls(jsonb_build_object('name', r.values ->> 'name',
            'name_romanised', r.values ->> 'name_romanised', 'address', r.values ->> 'address',
            'previous_address', r.values ->> 'previous_address'))
         from registries_record r where r.id = h.record_id and r.source_id = h.source_id),
        said.judgement::text, said.by_person, said.probability
    from held h left join lateral (
        select l.judgement, l.by_person, l.probability from people_link l
        where l.record_id = h.record_id and l.person_id = h.person_id
        order by l.judged_at desc limit 1
    ) said on true
    order by h.asked desc, h.person_id, h.source_id, h.record_key limit 200
$$;

-- What people have said on a question, newest first.
create function cases.identity_judgements(question uuid)
    returns table (id uuid, kind text, records uuid[], person uuid, other uuid, reason text,
        by uuid, at timestamptz, undone boolean, two_persons boolean)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select j.id, j.kind::text, j.records, j.person_id, j.other_id, j.reason, j.by, j.at,
        exists (select from people_judgement u where u.undoes = j.id), j.request is not null
    from cases.identity_questions(question, false) q join people_judgement j on j.question_id = q.id
    where not array[j.person_id, j.other_id] && array(select access.closed_to_me())
    order by j.at desc limit 50
$$;
"""
SIGNATURES = {
    "cases.identity_questions(uuid, boolean)": ("app",),
    "cases.identity_counts()": ("app",),
    "cases.identity_names(uuid[])": ("app",),
    "cases.identity_records(uuid)": ("app",),
    "cases.identity_judgements(uuid)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0013_safe_adults"),
        ("triage", "0010_whom_a_report_means"),
        ("people", "0006_judgements"),
        ("access", "0014_training_and_rules"),
    ]
    operations = [VaultFunction(ASKED, SIGNATURES)]
