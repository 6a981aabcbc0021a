"""The lead of a case names the adults who may use a child's rights, and ends it (R13)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- The children whom a case's report is about: their place among its subjects, the token of their
-- number (as it was given, else as the registers have it), and when they come of age (18, Civil Code).
create function cases.children_in(of_case uuid)
    returns table (place int, number bytea, of_age timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.place::int - 1,
        coalesce(decode(s.subject -> 'id' ->> 'token', 'hex'), (
            select i.id_token from people_identity i
            where i.person_id::text = m.v ->> 'person_id' and i.id_token is not null
            order by i.no desc limit 1)),
        case when p.born_on ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
            then ((p.born_on::date + interval '18 years')::date)::timestamp at time zone 'Asia/Taipei'
            when p.age >= 18 then clock.now() end
    from cases_case c join intake_report r on r.id = c.matter_id
    cross join lateral jsonb_array_elements(r.body -> 'subjects') with ordinality s (subject, place)
    left join lateral (
        select matches, picture from triage_screening where matter_id = r.id order by at desc limit 1
    ) seen on true
    left join lateral (select seen.matches -> (s.place - 1)::text) m (v) on true
    left join lateral (
        select one ->> 'born_on' as born_on,
            case when jsonb_typeof(one -> 'age') = 'number' then (one ->> 'age')::numeric end as age
        from jsonb_array_elements(seen.picture -> 'members') one
        where one ->> 'subject' = (s.place - 1)::text or one ->> 'person_id' = m.v ->> 'person_id' limit 1
    ) p on true
    where c.id = of_case and s.subject ->> 'role' in ('victim', 'person-in-need', 'witness-child')
$$;

-- Whether the asker leads the open case, works in its team now, and may know of it (R5, R8).
create function cases.i_lead(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from cases_case c where c.id = wanted and c.lead = access.actor()
        and c.closed_at is null) and cases.may_lead(access.actor(), wanted)
$$;

-- The children of a case, for its team: never a number, only whether there is one.
create function cases.children_of_case(of_case uuid)
    returns table (place int, has_number boolean, grown_up boolean)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select k.place, k.number is not null, coalesce(k.of_age <= clock.now(), false)
    from cases.children_in(of_case) k where cases.may_lead(access.actor(), of_case)
$$;

-- The adults named in this case, for its team. Nothing of what was named elsewhere, and not whether
-- it still holds: that may rest on a report which the team must not know of.
create function cases.safe_adults_of(of_case uuid)
    returns table (id uuid, place int, adult text, ground text, judged_by uuid,
                   since timestamptz, until timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.id, (select k.place from cases.children_in(of_case) k where k.number = s.child limit 1),
        (select f.name::text from cases_familymember f join people_identity i on i.person_id = f.person_id
         where f.family_id = c.family_id and f.until is null and i.id_token = s.adult limit 1),
        s.ground::text, s.judged_by, s.since, s.until
    from cases_case c join access_safeadult s on s.case_id = c.id
    where c.id = of_case and cases.may_lead(access.actor(), of_case)
    order by s.since desc, s.id
$$;

-- Refused is what this case's own report says against it. What other reports say undoes it at every
-- asking (cases.is_safe_adult), in silence: a refusal here would tell that there are others.
create function cases.name_safe_adult(of_case uuid, of_place int, grown bytea, why text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    made uuid := gen_random_uuid();
    minor record;
begin
    if not cases.i_lead(of_case) then raise exception 'safe-adults: not-the-lead'; end if;
    select * into minor from cases.children_in(of_case) k where k.place = of_place;
    if not found then raise exception 'safe-adults: no-such-child'; end if;
    if minor.number is null then raise exception 'safe-adults: child-without-number'; end if;
    if minor.of_age <= clock.now() then raise exception 'safe-adults: grown-up'; end if;
    if exists (select from cases.children_in(of_case) k
               where k.number = grown and coalesce(k.of_age > clock.now(), true)) then
        raise exception 'safe-adults: a-child';
    end if;
    if exists (select from cases_case c join intake_report r on r.id = c.matter_id
        cross join lateral jsonb_array_elements(r.body -> 'subjects') with ordinality s (subject, place)
        left join lateral (
            select matches from triage_screening where matter_id = r.id order by at desc limit 1
        ) seen on true
        where c.id = of_case and s.subject ->> 'role' = 'respondent' and (
            s.subject -> 'id' ->> 'token' = encode(grown, 'hex')
            or exists (select from people_identity own where own.id_token = grown
                and own.person_id::text = seen.matches -> (s.place - 1)::text ->> 'person_id'))) then
        raise exception 'safe-adults: respondent';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('safe-adults ' || of_case::text, 0));
    if exists (select from access_safeadult s where s.case_id = of_case and s.child = minor.number
               and s.adult = grown and (s.until is null or s.until > clock.now())) then
        raise exception 'safe-adults: named-already';
    end if;
    insert into access_safeadult (id, child, adult, ground, judged_by, case_id, since, until)
    values (made, minor.number, grown, why, access.actor(), of_case, clock.now(), minor.of_age);
    return made;
end
$$;

-- By the lead, or by a supervisor of the team; of a closed case too. From this instant on.
create function cases.end_safe_adult(of_case uuid, which uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if not cases.may_lead(access.actor(), of_case) or not exists (
        select from cases_case c where c.id = of_case and (c.lead = access.actor() or exists (
            select from access_membership m where m.account_id = access.actor()
                and m.team_id = c.team_id and m.role = 'supervisor' and m.since <= clock.now()
                and (m.until is null or m.until > clock.now())
                and (m.holds_until is null or m.holds_until > clock.now())))) then
        raise exception 'safe-adults: not-the-lead';
    end if;
    update access_safeadult set until = clock.now()
    where id = which and case_id = of_case and (until is null or until > clock.now());
    if not found then raise exception 'safe-adults: ended-already'; end if;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_duties_of_a_leaver"), ("access", "0020_safe_adults_of_a_case")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "cases.children_in(uuid)": (),
                "cases.i_lead(uuid)": ("app",),
                "cases.children_of_case(uuid)": ("app",),
                "cases.safe_adults_of(uuid)": ("app",),
                "cases.name_safe_adult(uuid, int, bytea, text)": ("app",),
                "cases.end_safe_adult(uuid, uuid)": ("app",),
            },
        )
    ]
