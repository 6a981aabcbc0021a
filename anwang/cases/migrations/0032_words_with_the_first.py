"""What is compared is read with the first record in the same words (people 0010_words_kept_once).

`watch_told` and `lives_near` ask whether any record of a person says something: the first in its words
answers for those that are like it, so they stay as they are.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- As in 0025_compared_records_keep_places.
create or replace function cases.identity_records(question uuid)
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
    ),
    safe as materialized (
        select p.person_id as kept from (select distinct h.person_id from held h) p
        cross join lateral cases.kept_safe(p.person_id) k
        where k.since is not null and not k.safe_from
    )
    select h.person_id, h.record_id, h.source_id::text, h.record_key::text, h.asked,
        case when h.id_token is not null then dense_rank() over (order by h.id_token) end,
        w.forms - 'i' - 'in' - case when told.less then '{a,pa,p}'::text[] else '{}' end,
        (select jsonb_strip_nulls(jsonb_build_object('name', r.values ->> 'name',
            'name_romanised', r.values ->> 'name_romanised',
            'address', case when not told.less then r.values ->> 'address' end,
            'previous_address', case when not told.less then r.values ->> 'previous_address' end))
         from registries_record r where r.id = h.record_id and r.source_id = h.source_id),
        said.judgement::text, said.by_person, said.probability
    from held h join people_identity w on w.no = coalesce(h.like_no, h.no)
    cross join lateral (select h.person_id is not null and h.person_id in (select kept from safe)) told (less)
    left join lateral (
        select l.judgement, l.by_person, l.probability from people_link l
        where l.record_id = h.record_id and l.person_id = h.person_id
        order by l.judged_at desc limit 1
    ) said on true
    order by h.asked desc, h.person_id, h.source_id, h.record_key limit 200
$$;

-- As in 0014_who_is_who.
create or replace function cases.identity_names(questions uuid[]) returns table (question uuid, name text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select q.id, coalesce(nullif(w.forms ->> 'n', ''), r.values ->> 'name',
        r.values ->> 'name_romanised', '')
    from unnest(questions) one cross join lateral cases.identity_questions(one, false) q
    join people_identity i on i.record_id = q.records[1]
    join people_identity w on w.no = coalesce(i.like_no, i.no)
    left join registries_record r on r.id = i.record_id and r.source_id = i.source_id
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0031_indexes_once"), ("people", "0010_words_kept_once")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "cases.identity_records(uuid)": ("app",),
                "cases.identity_names(uuid[])": ("app",),
            },
        )
    ]
