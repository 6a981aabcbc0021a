"""No stored picture of a screening tells a protected place (R7), whoever reads it and by whatever code.

The picture that a screening stores is shown beside the report, to the team, and by commands. Its facts
are marked where they tell a place (households/rules/protected.py). What the database knows to be a
place to keep is taken out with the screening; and where somebody comes under protection later, out of
every picture in which they stand.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

KEEPING = """
-- Facts of a picture without the protected places in them. As in households/rules/protected.py: a home
-- is told only where who is to be kept away has been too, what else tells where somebody is only if it
-- was settled before. That the fact holds stays said, so that a decision replays alike.
create function cases.facts_kept_safe(facts jsonb, since date, kept_away text[]) returns jsonb
    language sql immutable set search_path = public, pg_temp
as $$
    with fact as materialized (
        select f, place, f ->> 'tells_place' as tells, f #>> '{value,address}' as address,
            f ->> 'person_id' = any(kept_away) as other_side,
            (f ->> 'settled_on')::date as settled_on
        from jsonb_array_elements(facts) with ordinality one (f, place)
    )
    select coalesce(jsonb_agg(
        case when not fact.other_side and (
                fact.tells = 'home' and not exists (
                    select from fact other where other.other_side and other.tells = 'home'
                      and other.address = fact.address)
                or fact.tells = 'whereabouts' and coalesce(fact.settled_on >= since, true))
            then fact.f || jsonb_build_object('value', '{}'::jsonb, 'text', fact.f -> 'instead',
                                              'kept_safe', true)
            else fact.f end order by fact.place), '[]')
    from fact
$$;

-- The pictures of these reports as they may be told, by everybody who stands in them.
create function cases.keep_places(matters uuid[]) returns void
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update triage_screening s set picture = jsonb_set(s.picture, '{facts}', cases.facts_kept_safe(
        s.picture -> 'facts', (safe.since at time zone 'Asia/Taipei')::date, safe.kept_away))
    from (
        select p.matter_id, min(k.since) as since,
            coalesce(array_agg(p.person_id::text) filter (where k.safe_from), '{}') as kept_away
        from cases_pictured p cross join lateral cases.kept_safe(p.person_id) k
        where p.matter_id = any(matters) group by p.matter_id having min(k.since) is not null
    ) safe
    where s.matter_id = safe.matter_id and jsonb_path_exists(s.picture,
        '$.facts[*] ? (exists (@.tells_place) && !exists (@.kept_safe))')
$$;

-- Those who stand in a report, and every report in which they stand. One at a time of all who bring
-- somebody under protection or into a picture: what comes second sees what came first.
create function cases.keep_places_around(about uuid) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    persons uuid[] := array(select person_id from cases_pictured where matter_id = about order by 1);
    person uuid;
begin
    foreach person in array persons loop
        perform pg_advisory_xact_lock(hashtextextended(person::text, 815042));
    end loop;
    if exists (select from cases_pictured p join vault.safe_address s on s.report_id = p.matter_id
               where p.person_id = any(persons)) then
        perform cases.keep_places(array(
            select distinct matter_id from cases_pictured where person_id = any(persons)));
    end if;
end
$$;

-- An earlier picture of the report is only kept to be replayed; it tells no place any more at all.
create function cases.watch_picture() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update triage_screening s
        set picture = jsonb_set(s.picture, '{facts}', cases.facts_kept_safe(s.picture -> 'facts', null, '{}'))
    where s.matter_id = new.matter_id and s.id <> new.id and jsonb_path_exists(s.picture,
        '$.facts[*] ? (exists (@.tells_place) && !exists (@.kept_safe))');
    perform cases.keep_places_around(new.matter_id);
    return null;
end
$$;

create function cases.watch_pictured() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.keep_places_around(new.matter_id);
    return null;
end
$$;

-- Waits at most for a screening of the same people.
create function cases.watch_safe_place() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.keep_places_around(new.report_id);
    return null;
end
$$;
"""
HUNG = """
-- After watch_screening, which writes down who stands in it: triggers fire in the order of their names.
create trigger watch_screening_places after insert on triage_screening
    for each row execute function cases.watch_picture();
-- Whom somebody said a report means, after its screening.
create trigger watch_places after insert on cases_pictured
    for each row when (new.judged) execute function cases.watch_pictured();
create trigger watch_safe_place after insert on vault.safe_address
    for each row execute function cases.watch_safe_place();
"""
SIGNATURES = {
    "cases.facts_kept_safe(jsonb, date, text[])": (),
    "cases.keep_places(uuid[])": (),
    "cases.keep_places_around(uuid)": (),
    "cases.watch_picture()": (),
    "cases.watch_pictured()": (),
    "cases.watch_safe_place()": (),
}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0022_waking"),
        ("intake", "0006_seats_that_hold"),
        ("triage", "0017_report_before_dispute"),
    ]
    operations = [
        VaultFunction(KEEPING, SIGNATURES),
        migrations.RunSQL(HUNG, reverse_sql=migrations.RunSQL.noop),
    ]
