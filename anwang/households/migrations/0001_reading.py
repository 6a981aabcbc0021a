"""Who is around some persons, and what was known of each, read in one call.

The statements inside are planned once a connection (plan_cache_mode) and only ever walk indexes: what
a plan made over an empty register would do to a full one is ruled out.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SCHEMA = """
create schema if not exists households;
grant usage, create on schema households to anwang_vault;
grant usage on schema households to anwang_worker;
"""
READING = """
-- One record that counted: whose, what it says, since when that was known, its facts as
-- [kind, key, value, valid_from, valid_to].
create type households.known as (
    person uuid, source text, record_key text, record uuid, token bytea, forms jsonb,
    said timestamptz, facts jsonb
);

-- Whose a record was judged to be at an instant: the last judgement made by then; before the first,
-- what that one undid.
create function households.judged(record uuid, person uuid, at timestamptz) returns uuid
    language sql stable set search_path = public, pg_temp
as $$
    select case
        when not exists (select from people_link l where l.record_id = record) then person
        else (coalesce(
            (select array_agg(case when l.judgement = 'same' then l.person_id end
                              order by l.judged_at desc) filter (where l.judged_at <= at)
             from people_link l where l.record_id = record),
            (select array_agg(case when l.judgement <> 'same' then l.person_id end
                              order by l.judged_at)
             from people_link l where l.record_id = record)
        ))[1] end
$$;

-- Records of `persons` that were the newest of their key at an instant, not withdrawn, and judged
-- theirs: by the judgements in force now, or (`earlier`) at that instant.
create function households.known_of(
    persons uuid[], at timestamptz, earlier boolean, closed uuid[]
) returns setof households.known
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    return query
    with mine as materialized (
        select i.record_id from people_identity i where i.person_id = any(persons)
        union
        select l.record_id from people_link l where earlier and l.person_id = any(persons)
    ),
    judged as materialized (
        select case when earlier then households.judged(i.record_id, i.person_id, at)
                    else i.person_id end as person,
            i.source_id::text as source, i.record_key::text as record_key, i.record_id, i.id_token,
            i.forms
        from mine join people_identity i on i.record_id = mine.record_id
        where i.record_id <> all(closed)
    )
    select j.person, j.source, j.record_key, j.record_id, j.id_token, j.forms, v.known_at,
        coalesce((
            select jsonb_agg(jsonb_build_array(f.kind, f.key, f.value, f.valid_from, f.valid_to)
                             order by f.id)
            from registries_fact f where f.source_id = j.source and f.record_id = j.record_id
        ), '[]')
    from judged j cross join lateral (
        select r.id, r.withdrawn, d.known_at
        from registries_record r join registries_delivery d on d.id = r.delivery_id
        where r.source_id = j.source and r.record_key = j.record_key
          and d.state = 'published' and d.known_at <= at
        order by d.known_at desc limit 1
    ) v
    where j.person = any(persons) and j.person <> all(closed)
      and v.id = j.record_id and not v.withdrawn
    order by j.source, j.record_key;
end
$$;

-- Persons reached by a number, a key in a fact (a registered household, a number named), a flat or a
-- door. A key behind which more than `most` persons stand reaches nobody.
create function households.near(
    tokens bytea[], keys text[], kinds text[], sources text[], places bigint[], doors bigint[],
    most integer, at timestamptz, earlier boolean, closed uuid[]
) returns setof uuid
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
    return query
    with reached (way, key, record, person) as materialized (
        select 'token', encode(t.token, 'hex'), i.record_id, i.person_id
        from unnest(tokens) t (token) cross join lateral (
            select o.record_id, o.person_id from people_identity o
            where o.id_token = t.token order by o.no limit most * 10
        ) i
        union all
        select 'key', k.key, i.record_id, i.person_id
        from unnest(keys) k (key) cross join lateral (
            select f.record_id from registries_fact f
            where f.key = k.key and f.kind = any(kinds) and f.source_id = any(sources)
            order by f.id limit most * 10
        ) f join people_identity i on i.record_id = f.record_id
        union all
        select 'place', p.place::text, i.record_id, i.person_id
        from unnest(places) p (place) cross join lateral (
            select o.record_id, o.person_id from people_identity o
            where o.full_key = p.place order by o.no limit most * 10
        ) i
        union all
        select 'door', d.door::text, i.record_id, i.person_id
        from unnest(doors) d (door) cross join lateral (
            select o.identity_no from people_key o
            where o.key = d.door order by o.identity_no limit most * 10
        ) k join people_identity i on i.no = k.identity_no
    ),
    judged as (
        select way, key, case when earlier then households.judged(record, reached.person, at)
                              else reached.person end as person
        from reached where record <> all(closed)
    )
    select distinct one from (
        select array_agg(distinct judged.person) as behind from judged
        where judged.person is not null group by way, key
    ) g cross join unnest(g.behind) one
    where cardinality(g.behind) <= most and one <> all(closed);
end
$$;

-- What leads on from records: numbers, keys, flats and doors of what held on a day.
create function households.leads(
    found households.known[], kin text[], together text[], residence text[], as_of date,
    out tokens bytea[], out keys text[], out places bigint[], out doors bigint[]
)
    language sql immutable set search_path = public, pg_temp
as $$
    with one as materialized (select * from unnest(found)),
    fact as materialized (
        select one.forms -> 'a' as address, f ->> 0 as kind, f ->> 1 as key
        from one cross join jsonb_array_elements(one.facts) f
        where coalesce((f ->> 4)::date, 'infinity') > as_of
    )
    select
        array(select distinct decode(key, 'hex') from fact
              where kind = any(kin) and key ~ '^([0-9a-f]{2})+$'),
        array(select key from fact where kind = any(together) and key is not null
              union select encode(token, 'hex') from one where token is not null),
        array(select distinct (address ->> 9)::bigint from fact
              where kind = any(residence) and address ->> 9 <> '0'),
        array(select distinct coalesce(nullif((address ->> 10)::bigint, 0), (address ->> 11)::bigint)
              from fact where kind = any(residence) and address ->> 8 = ''
                and (address ->> 10 <> '0' or address ->> 11 <> '0'))
$$;

-- The records of `start`, of who is beside them (the same flat, the same registered household, kin)
-- and of the kin of all these. Nobody further out is read.
create function households.around(
    start uuid[], places bigint[], doors bigint[], kin text[], together text[], residence text[],
    sources text[], most integer, as_of date, at timestamptz, earlier boolean
) returns setof households.known
    language plpgsql stable security definer set search_path = public, pg_temp
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off
    set enable_mergejoin = off set jit = off
as $$
declare
    closed uuid[] := array(select access.closed_to_me());
    own households.known[];
    others households.known[];
    relatives households.known[];
    beside uuid[];
    lead record;
begin
    own := array(select k from households.known_of(start, at, earlier, closed) k);
    select * into lead from households.leads(own, kin, together, residence, as_of);
    beside := array(select households.near(lead.tokens, lead.keys, kin || together, sources,
        lead.places || places, lead.doors || doors, most, at, earlier, closed));
    others := array(select k from households.known_of(
        array(select unnest(beside) except select unnest(start)), at, earlier, closed) k);
    select * into lead from households.leads(others, kin, '{}', '{}', as_of);
    relatives := array(select k from households.known_of(
        array(select households.near(lead.tokens, lead.keys, kin, sources, '{}', '{}', most, at,
                                     earlier, closed)
              except select unnest(start || beside)), at, earlier, closed) k);
    return query select * from unnest(own || others || relatives);
end
$$;
"""
SIGNATURES = {
    "households.judged(uuid, uuid, timestamptz)": (),
    "households.known_of(uuid[], timestamptz, boolean, uuid[])": (),
    "households.near(bytea[], text[], text[], text[], bigint[], bigint[], integer, timestamptz,"
    " boolean, uuid[])": (),
    "households.leads(households.known[], text[], text[], text[], date)": (),
    "households.around(uuid[], bigint[], bigint[], text[], text[], text[], text[], integer, date,"
    " timestamptz, boolean)": ("worker",),
}


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0022_sessions_begin_vouched"),
        ("people", "0006_judgements"),
        ("registries", "0002_rules"),
    ]
    operations = [
        migrations.RunSQL(SCHEMA, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(READING, SIGNATURES),
    ]
