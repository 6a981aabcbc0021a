"""Which records may concern a family: of the keys that facts have, a registered household's alone is shared
by those who belong together. A vaccine's code is shared by every child of the nation."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

TOUCHED = """
-- As in 0018_risk_warnings, where every key joined everybody who has it: one delivery of vaccinations kept
-- all places of the worker busy.
create or replace function cases.records_of_interest(after timestamptz, most integer)
    returns table (family uuid, record uuid)
    language plpgsql stable security definer set search_path = public, pg_temp
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
    return query
    with fresh as materialized (
        select d.id, d.source_id::text as source, d.accepted,
            (substr(replace(d.id::text, '-', ''), 1, 20) || repeat('0', 12))::uuid as low,
            (substr(replace(d.id::text, '-', ''), 1, 20) || repeat('f', 12))::uuid as high
        from registries_delivery d where d.state = 'published' and d.known_at > after
    ),
    told (record, person, flat, token) as materialized (
        select i.record_id, i.person_id, i.full_key, i.id_token
        from fresh f join people_identity i on i.record_id between f.low and f.high
        where f.accepted <= most
        union
        select r.id, i.person_id, i.full_key, i.id_token
        from fresh f join registries_record r
            on r.id between f.low and f.high and r.source_id = f.source and r.withdrawn
        join people_identity i on i.source_id = r.source_id and i.record_key = r.record_key
        where f.accepted <= most
    ),
    of_person (record, person) as materialized (
        select t.record, t.person from told t where t.person is not null
        union
        select t.record, i.person_id from told t
        join people_identity i on i.full_key = t.flat where t.flat is not null
        union
        select t.record, i.person_id from told t
        join registries_fact f on f.record_id = t.record and f.kind = 'registered-household'
        join registries_fact g on g.key = f.key and g.kind = f.kind and g.record_id <> f.record_id
        join people_identity i on i.record_id = g.record_id
        union
        select t.record, i.person_id from told t
        join registries_fact f on f.record_id = t.record and f.key ~ '^[0-9a-f]{64}$'
        join people_identity i on i.id_token = decode(f.key, 'hex')
    )
    select distinct l.family_id, o.record
    from of_person o join cases_signallook l on l.persons @> array[o.person]
    where exists (select from cases_case c where c.family_id = l.family_id and c.closed_at is null)
    union
    select distinct l.family_id, i.record_id
    from fresh f join cases_signallook l on f.accepted > most
    cross join lateral unnest(l.persons) member (person)
    join people_identity i on i.person_id = member.person
        and i.record_id between f.low and f.high
    where exists (select from cases_case c where c.family_id = l.family_id and c.closed_at is null);
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_compared_records_keep_places")]
    operations = [
        VaultFunction(TOUCHED, {"cases.records_of_interest(timestamptz, integer)": ("worker",)}),
    ]
