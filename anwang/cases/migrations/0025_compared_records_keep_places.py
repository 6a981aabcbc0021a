"""Records that are compared to say who is who tell no address and no telephone of whoever is kept safe (R7).

The page of a question shows what each record of a candidate says, and a register knows a new home.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

COMPARED = """
-- As in 0014_who_is_who. Of persons in a report with a place of safety, but for those whom somebody is
-- to be safe from, without address and telephone: name, birth and the equality of numbers are left.
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
        h.forms - 'i' - 'in' - case when told.less then '{a,pa,p}'::text[] else '{}' end,
        (select jsonb_strip_nulls(jsonb_build_object('name', r.values ->> 'name',
            'name_romanised', r.values ->> 'name_romanised',
            'address', case when not told.less then r.values ->> 'address' end,
            'previous_address', case when not told.less then r.values ->> 'previous_address' end))
         from registries_record r where r.id = h.record_id and r.source_id = h.source_id),
        said.judgement::text, said.by_person, said.probability
    from held h
    cross join lateral (select h.person_id is not null and h.person_id in (select kept from safe)) told (less)
    left join lateral (
        select l.judgement, l.by_person, l.probability from people_link l
        where l.record_id = h.record_id and l.person_id = h.person_id
        order by l.judged_at desc limit 1
    ) said on true
    order by h.asked desc, h.person_id, h.source_id, h.record_key limit 200
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_places_in_earlier_pictures")]
    operations = [VaultFunction(COMPARED, {"cases.identity_records(uuid)": ("app",)})]
