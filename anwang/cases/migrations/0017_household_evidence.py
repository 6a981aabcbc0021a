"""What was known of a family's or a report's household, for whoever works with it, and for nobody else.

Whom it is read around, the database says: the application names the family or report alone.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

EVIDENCE = """
-- Persons of a family file or told of in a report.
create function cases.persons_about(about uuid) returns uuid[]
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(array_agg(distinct person), '{}') from (
        select m.person_id from cases_familymember m
        where m.family_id = about and m.until is null
        union all
        select (told.value ->> 'person_id')::uuid
        from (select s.matches from triage_screening s where s.matter_id = about
              order by s.at desc limit 1) s
        cross join lateral jsonb_each(s.matches) told
    ) found (person) where person is not null
$$;

-- Reports with a place of safety in which a person stands: since when, and whether as the one to be kept
-- safe from. Every report counts, sealed ones too: a life comes first.
create function cases.kept_safe(person uuid, out since timestamptz, out safe_from boolean)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select min(r.accepted_at), coalesce(bool_or(exists (
        select from triage_screening t cross join lateral jsonb_each(t.matches) told
        where t.matter_id = p.matter_id and told.value ->> 'person_id' = person::text
          and told.key ~ '^[0-9]+$'
          and r.body -> 'subjects' -> told.key::int ->> 'role' = 'respondent')), false)
    from cases_pictured p join intake_report r on r.id = p.matter_id
    where p.person_id = person
      and exists (select from vault.safe_address s where s.report_id = p.matter_id)
$$;

create function cases.only_same(salt text, told text) returns bytea
    language sql immutable set search_path = public, pg_temp
as $$ select sha256(convert_to(salt || told, 'utf8')) $$;

create function cases.household_evidence(
    about uuid, kin text[], together text[], residence text[], sources text[], most integer,
    as_of date, at timestamptz, earlier boolean
) returns table (person uuid, source text, record_key text, record uuid, token bytea, forms jsonb,
        said timestamptz, facts jsonb, protected timestamptz, safe_from boolean)
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    salt text := gen_random_uuid()::text;
begin
    if about = any(array(select access.closed_to_me())) or not (
        exists (select from access_relation r where r.object_id = about and r.object_kind = 'family'
                and r.until is null and r.team_id = any((select access.teams())::text[]))
        or exists (select from triage_matter m where m.report_id = about
                   and array[m.accountable_team, m.offered_team, m.desk_team]::text[]
                       && (select access.teams())))
    then
        return;
    end if;
    return query
    with found as materialized (
        select * from households.around(cases.persons_about(about), '{}', '{}', kin, together,
            residence, sources, most, as_of, at, earlier)
    ),
    safe as materialized (
        select p.person, k.since, k.safe_from
        from (select distinct f.person from found f) p cross join lateral cases.kept_safe(p.person) k
    )
    -- Of a number (and of a key) only that it is the same as another's, in this answer alone.
    select f.person, f.source, f.record_key, f.record,
        case when f.token is not null then cases.only_same(salt, encode(f.token, 'hex')) end,
        f.forms - 'i' - 'in', f.said,
        (select coalesce(jsonb_agg(case when fact ->> 1 is null then fact else jsonb_set(fact, '{1}',
                to_jsonb(encode(cases.only_same(salt, fact ->> 1), 'hex'))) end order by place), '[]')
         from jsonb_array_elements(f.facts) with ordinality one (fact, place)),
        safe.since, safe.safe_from
    from found f join safe on safe.person = f.person;
end
$$;
"""
SIGNATURES = {
    "cases.persons_about(uuid)": ("worker",),
    "cases.kept_safe(uuid)": (),
    "cases.only_same(text, text)": (),
    "cases.household_evidence(uuid, text[], text[], text[], text[], integer, date, timestamptz,"
    " boolean)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0016_seal_asks_first"),
        ("households", "0001_reading"),
        ("intake", "0005_relay_and_help"),
    ]
    operations = [VaultFunction(EVIDENCE, SIGNATURES)]
