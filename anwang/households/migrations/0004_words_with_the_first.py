"""A picture reads the words of a record with the first that says them (people 0010_words_kept_once)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

# As in 0003_reading_fewer_pages.
_JUDGED = """
            select count(*) > 0 as judged, bool_or(l.judged_at <= at) as by_then,
                (array_agg(case when l.judgement = 'same' then l.person_id end order by l.judged_at desc)
                    filter (where l.judged_at <= at))[1] as last_said,
                (array_agg(case when l.judgement <> 'same' then l.person_id end
                    order by l.judged_at))[1] as first_undone
            from people_link l where l.record_id = {record}"""
_THEN = """case when not l.judged then {now} when l.by_then then l.last_said
                    else l.first_undone end"""
# Records of one source rise in the order of its file, so those of a person, and often of a household, lie
# side by side: one walk of the index finds them all. `offset 0` keeps the planner from walking every
# source's part instead; the window joins facts to records without the joins that are ruled out here.
_WITH_FACTS = """
        told (record, facts) as (
            select f.record_id, jsonb_agg(
                jsonb_build_array(f.kind, f.key, f.value, f.valid_from, f.valid_to) order by f.id)
            from (select m.source, array_agg(m.record) as records from mine m group by m.source) s
            cross join lateral (
                select o.* from registries_fact o
                where o.source_id = s.source and o.record_id = any(s.records) offset 0
            ) f group by f.record_id
        ),
        laid (person, source, record_key, record, token, forms, said, facts, place) as (
            select m.person, m.source, m.record_key, m.record, m.token, w.forms, m.said, null::jsonb, 1
            from mine m join people_identity w on w.no = m.words
            union all
            select null, null, null, t.record, null, null, null, t.facts, 2 from told t
        )
        select w.person, w.source, w.record_key, w.record, w.token, w.forms, w.said,
            coalesce(w.found, '[]')
        from (
            select l.*, lead(l.facts) over (partition by l.record order by l.place) as found from laid l
        ) w
        where w.place = 1
        order by w.source, w.record_key;"""
READING = f"""
-- Records of `persons` that count at an instant: now, those in force; earlier, those that were the newest
-- of their key, not withdrawn, and judged to be theirs by then.
create or replace function households.known_of(
    persons uuid[], at timestamptz, earlier boolean, closed uuid[]
) returns setof households.known
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    if persons = '{{}}' then
        return;
    elsif not earlier then
        return query
        with mine (person, source, record_key, record, token, words, said) as materialized (
            select i.person_id, i.source_id::text, i.record_key::text, i.record_id, i.id_token,
                coalesce(i.like_no, i.no), d.known_at
            from people_identity i join registries_delivery d on d.id = i.delivery_id
            where i.person_id = any(persons) and not i.superseded
              and i.record_id <> all(closed) and i.person_id <> all(closed)
              and d.state = 'published' and d.known_at <= at
        ),{_WITH_FACTS}
        return;
    end if;
    return query
    with found as materialized (
        select i.person_id, i.source_id, i.record_key, i.record_id, i.delivery_id, i.id_token,
            coalesce(i.like_no, i.no) as words, i.superseded
        from people_identity i where i.person_id = any(persons)
        union all
        select i.person_id, i.source_id, i.record_key, i.record_id, i.delivery_id, i.id_token,
            coalesce(i.like_no, i.no) as words, i.superseded
        from (select distinct k.record_id from people_link k where k.person_id = any(persons)) said
        join people_identity i on i.record_id = said.record_id
        where i.person_id is null or i.person_id <> all(persons)
    ),
    judged as materialized (
        select {_THEN.format(now="i.person_id")} as person,
            i.source_id::text as source, i.record_key::text as record_key, i.record_id, i.delivery_id,
            i.id_token, i.words, i.superseded
        from found i cross join lateral ({_JUDGED.format(record="i.record_id")}) l
        where i.record_id <> all(closed)
    ),
    -- What no newer version has taken the place of has been the newest since it became known.
    mine (person, source, record_key, record, token, words, said) as materialized (
        select j.person, j.source, j.record_key, j.record_id, j.id_token, j.words, d.known_at
        from judged j join registries_delivery d on d.id = j.delivery_id
        where j.person = any(persons) and j.person <> all(closed) and not j.superseded
          and d.state = 'published' and d.known_at <= at
        union all
        select j.person, j.source, j.record_key, j.record_id, j.id_token, j.words, v.known_at
        from judged j cross join lateral (
            select r.id, r.withdrawn, d.known_at
            from registries_record r join registries_delivery d on d.id = r.delivery_id
            where r.source_id = j.source and r.record_key = j.record_key
              and d.state = 'published' and d.known_at <= at
            order by d.known_at desc limit 1
        ) v
        where j.person = any(persons) and j.person <> all(closed) and j.superseded
          and v.id = j.record_id and not v.withdrawn
    ),{_WITH_FACTS}
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("households", "0003_reading_fewer_pages"),
        ("people", "0010_words_kept_once"),
    ]
    operations = [
        VaultFunction(
            READING, {"households.known_of(uuid[], timestamptz, boolean, uuid[])": ()}
        )
    ]
