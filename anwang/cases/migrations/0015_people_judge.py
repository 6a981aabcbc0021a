"""People say who is who, and take it back: what follows from it follows here, and nowhere else.

A judgement is rows that are added: links of records, and the judgement itself with what was before.
Nothing is taken away, so that each can be undone (docs/matching.md, "People judge").
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FOLLOWED = """
-- These persons and everybody whom a judgement in force has merged into them.
create function cases.persons_meant(persons uuid[]) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    with recursive meant (id) as (
        select unnest(persons)
        union
        select j.person_id from meant join people_judgement j on j.other_id = meant.id
        where j.kind = 'merge' and not exists (select from people_judgement u where u.undoes = j.id)
    )
    select id from meant
$$;

-- Whether a case or a person's word hangs on somebody: merging two such takes two persons (R14).
create function cases.is_settled(persons uuid[]) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from cases_familymember m
            where m.person_id in (select cases.persons_meant(persons)) and m.until is null)
        or exists (select from people_identity i
            join intake_report r on r.receipt = split_part(i.record_key, '/', 1)
            join cases_case c on c.matter_id = r.id
            where i.person_id = any(persons) and i.source_id = 'anwang')
        or exists (select from people_identity i cross join lateral (
                select l.judgement, l.by_person from people_link l
                where l.record_id = i.record_id and l.person_id = i.person_id
                order by l.judged_at desc limit 1) said
            where i.person_id = any(persons) and said.by_person and said.judgement = 'same')
$$;

create function cases.merging_takes_two(one uuid, other uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select cases.is_settled(array[one]) and cases.is_settled(array[other])
$$;

-- Subjects of a report who are somebody for sure: by their number, or because a person said so. A
-- probable link joins no file (decision 16), and one that a person rejected even less.
create or replace function cases.sure_persons(of_report uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct case when i.record_id is null then (m.value ->> 'person_id')::uuid
        else i.person_id end
    from (select matches from triage_screening where matter_id = of_report
          order by at desc limit 1) last
    cross join lateral jsonb_each(last.matches) m
    left join people_identity i on i.record_id = (m.value ->> 'record')::uuid
    left join lateral (
        select l.judgement, l.by_person from people_link l
        where l.record_id = i.record_id and l.person_id = i.person_id
        order by l.judged_at desc limit 1
    ) said on true
    where coalesce(case when i.record_id is null then m.value ->> 'person_id'
                   else i.person_id::text end, '') <> ''
      and ((coalesce(said.by_person, false) and said.judgement = 'same') or exists (
        select from jsonb_array_elements(m.value -> 'candidates') c,
             jsonb_array_elements(c -> 'reasons') r
        where (c ->> 'person_id')::uuid in (select cases.persons_meant(array[
                case when i.record_id is null then (m.value ->> 'person_id')::uuid
                else i.person_id end]))
          and r ->> 'comparison' = 'national_id' and r ->> 'level' = 'same'))
$$;

create or replace function cases.file_of(of_report uuid) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    -- Only who holds the report's offer may ask, and only about his own county's families.
    select m.family_id
    from cases_familymember m
    join cases_familyfile f on f.id = m.family_id
    join triage_matter t on t.report_id = of_report
        and t.offered_team = any(array(select access.my_teams()))
    where m.person_id in (select cases.persons_meant(array(select cases.sure_persons(of_report))))
      and m.until is null
      and f.id <> all(array(select access.closed_to_me()))
      and f.county is not distinct from t.county
    group by m.family_id, f.opened_at
    order by count(*) desc, f.opened_at, m.family_id limit 1
$$;
"""
JUDGED = """
-- Gives records to somebody (or to nobody), and says so for each; returns the rows that say it.
create function cases.relink(records uuid[], person uuid, said text, at timestamptz) returns uuid[]
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with written as (
        insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
            weight, reasons, judged_at)
        select gen_random_uuid(), one, person, said, access.actor()::text, true,
            case when said = 'same' then 1 else 0 end, 0, '[]', at
        from unnest(records) one
        returning id
    )
    select coalesce(array_agg(id), '{}') from written
$$;

-- Opens somebody to the teams that work a report; returns the relations that are new.
create function cases.open_to_teams(of_report uuid, kind text, object uuid) returns uuid[]
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with written as (
        insert into access_relation (id, team_id, object_kind, object_id, ground, through)
        select gen_random_uuid(), r.team_id, kind, object,
            case when r.ground = 'duty-desk' then 'subject' else r.ground end, of_report
        from access_relation r
        where r.object_id = of_report and r.object_kind = 'report' and r.until is null
          and r.ground in ('duty-desk', 'offer')
        on conflict do nothing returning id
    )
    select coalesce(array_agg(id), '{}') from written
$$;

-- Ends what a report opened of somebody whom none of its subjects means any more.
create function cases.close_to_teams(of_report uuid, person uuid) returns uuid[]
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with ended as (
        update access_relation r set until = greatest(clock.now(), r.since)
        where r.object_id = person and r.object_kind = 'person' and r.through = of_report
          and r.until is null and not exists (
              select from people_identity i join intake_report t on t.id = of_report
              where i.person_id = person and i.source_id = 'anwang' and not i.superseded
                and split_part(i.record_key, '/', 1) = t.receipt)
        returning r.id
    )
    select coalesce(array_agg(id), '{}') from ended
$$;

create function cases.judge_identity(
    question uuid, said text, of_records uuid[], of_person uuid, with_person uuid, why text, two uuid
) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    q record;
    made people_judgement;
    held uuid;
    told jsonb;
    must_say boolean := false;
    agreed jsonb;
    report uuid;
    decided boolean := true;
begin
    if access.actor_kind() is distinct from 'account' then
        raise exception 'identity: nobody-acts';
    end if;
    perform pg_advisory_xact_lock(815050);  -- one judgement at a time: they look at each other
    select * into q from cases.identity_questions(question, false);
    if not found or q.id <> question then raise exception 'identity: no-such-question'; end if;
    made.id := gen_random_uuid();
    made.at := clock.now();
    made.reason := btrim(coalesce(why, ''));
    made.links := '{}'; made.opened := '{}'; made.ended := '{}';
    made.before := '{}'; made.after := '{}';
    made.person_id := of_person;
    made.other_id := with_person;
    if said in ('same', 'not-same') then
        if q.kind not in ('subject', 'two-numbers') then raise exception 'identity: not-possible'; end if;
        made.records := q.records[1:1];
        made.other_id := null;
        select person_id into held from people_identity where record_id = q.records[1] for update;
        if not found or of_person is null or (of_person <> all(q.persons)
            and of_person is distinct from held) then
            raise exception 'identity: no-such-person';
        end if;
        select to_jsonb(l) into told from people_link l
        where l.record_id = q.records[1] and l.person_id = of_person order by l.judged_at desc limit 1;
        if (told ->> 'by_person')::boolean and told ->> 'judgement' = said then
            raise exception 'identity: already';
        end if;
        -- Who says otherwise than what stands, says why.
        must_say := held is not null and (held = of_person) = (said = 'not-same');
        made.before := jsonb_build_object(q.records[1], held);
        made.after := jsonb_build_object(q.records[1],
            case when said = 'same' then of_person when held <> of_person then held end);
    elsif said in ('merge', 'apart') then
        if of_person is null or with_person is null or of_person = with_person
            or not array[of_person, with_person] <@ q.persons then
            raise exception 'identity: no-such-person';
        end if;
        made.records := array(select record_id from people_identity
            where person_id in (of_person, with_person) order by no);
        if said = 'merge' then
            if cases.merging_takes_two(of_person, with_person) then
                if two is null then raise exception 'identity: two-persons'; end if;
                agreed := access.two_use(two, 'merge-persons', of_person);
                if agreed ->> 'other' is distinct from with_person::text
                    or agreed ->> 'question' is distinct from question::text
                    or agreed ->> 'undoes' is not null then
                    raise exception 'identity: another-act';
                end if;
                made.request := two;
            end if;
            -- Two numbers speak against it.
            must_say := (select count(distinct id_token) > 1 from people_identity
                where person_id in (of_person, with_person) and not superseded);
            select jsonb_object_agg(record_id, person_id), jsonb_object_agg(record_id, with_person)
            into made.before, made.after from people_identity where record_id = any(made.records);
        end if;
    elsif said = 'split' then
        must_say := true;
        made.records := of_records;
        if of_person is null or of_person <> all(q.persons) or of_person is not distinct from with_person
            or (with_person is not null and with_person <> all(q.persons)) then
            raise exception 'identity: no-such-person';
        end if;
        if coalesce(cardinality(of_records), 0) = 0 or exists (
            select from unnest(of_records) one where one = any(array(select access.closed_to_me()))
              or not exists (select from people_identity i
                where i.record_id = one and i.person_id = of_person)) then
            raise exception 'identity: no-such-record';
        end if;
        if not exists (select from people_identity i where i.person_id = of_person
            and not i.superseded and i.record_id <> all(of_records)) then
            raise exception 'identity: nothing-stays';
        end if;
    else
        raise exception 'identity: not-possible';
    end if;
    if must_say and length(made.reason) < 5 then raise exception 'identity: say-why'; end if;
    if said = 'split' then
        if with_person is null then
            made.other_id := gen_random_uuid();
            insert into people_person (id) values (made.other_id);
        end if;
        select jsonb_object_agg(record_id, person_id), jsonb_object_agg(record_id, made.other_id)
        into made.before, made.after from people_identity where record_id = any(made.records);
    end if;

    if said in ('same', 'not-same') then
        made.links := cases.relink(made.records, of_person, said, made.at);
    elsif said = 'merge' then
        made.links := cases.relink(made.records, with_person, 'same', made.at);
    elsif said = 'apart' then
        made.links := cases.relink(array(select record_id from people_identity
                where person_id = of_person and not superseded), with_person, 'not-same', made.at)
            || cases.relink(array(select record_id from people_identity
                where person_id = with_person and not superseded), of_person, 'not-same', made.at);
    else
        made.links := cases.relink(made.records, of_person, 'not-same', made.at)
            || cases.relink(made.records, made.other_id, 'same', made.at + interval '1 microsecond');
    end if;
    update people_identity i set person_id = (made.after ->> i.record_id::text)::uuid
    where i.record_id = any(made.records) and made.after ? i.record_id::text
      and i.person_id is distinct from (made.after ->> i.record_id::text)::uuid;

    if q.about is not null and said in ('same', 'not-same') then
        -- The report's own record, so that those who work it see what was said of it.
        made.opened := cases.open_to_teams(q.about, 'record', q.records[1]);
        if said = 'same' then
            made.opened := made.opened || cases.open_to_teams(q.about, 'person', of_person);
        end if;
        if held is not null then made.ended := cases.close_to_teams(q.about, held); end if;
    elsif said = 'merge' then
        with written as (
            insert into access_relation (id, team_id, object_kind, object_id, ground, through)
            select gen_random_uuid(), team_id, 'person', with_person, ground, through
            from access_relation where object_id = of_person and object_kind = 'person' and until is null
            on conflict do nothing returning id
        )
        select coalesce(array_agg(id), '{}') into made.opened from written;
    elsif said = 'split' then
        for report in select distinct r.id from people_identity i
            join intake_report r on r.receipt = split_part(i.record_key, '/', 1)
            where i.record_id = any(made.records) and i.source_id = 'anwang'
        loop
            made.opened := made.opened || cases.open_to_teams(report, 'person', made.other_id);
            made.ended := made.ended || cases.close_to_teams(report, of_person);
        end loop;
    end if;

    insert into people_judgement (id, question_id, kind, records, person_id, other_id, before, after,
        links, opened, ended, reason, request, by, at)
    values (made.id, question, said, made.records, made.person_id, made.other_id, made.before, made.after,
        made.links, made.opened, made.ended, made.reason, made.request, access.actor(), made.at);
    if said = 'not-same' then
        decided := not exists (
            select from jsonb_array_elements(q.reasons) r
            where (r ->> 'probability')::float8 >= 0.2
              and not exists (select from people_judgement j where j.question_id = question
                  and j.kind = 'not-same' and j.person_id = (r ->> 'person_id')::uuid
                  and not exists (select from people_judgement u where u.undoes = j.id)));
    elsif q.kind = 'subject' then
        decided := said = 'same';
    end if;
    if decided then
        update people_review r set state = 'decided', until = made.at where r.id = question;
    end if;
    return made.id;
end
$$;

create function cases.undo_identity(of_judgement uuid, why text, two uuid) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    j people_judgement;
    made people_judgement;
    agreed jsonb;
begin
    if access.actor_kind() is distinct from 'account' then
        raise exception 'identity: nobody-acts';
    end if;
    perform pg_advisory_xact_lock(815050);
    select * into j from people_judgement where id = of_judgement;
    if not found or j.kind = 'undone'
        or not exists (select from cases.identity_judgements(j.question_id) v where v.id = j.id) then
        raise exception 'identity: no-such-question';
    end if;
    if exists (select from people_judgement u where u.undoes = j.id) then
        raise exception 'identity: already';
    end if;
    if exists (select from people_identity i where i.record_id = any(j.records)
        and j.after ? i.record_id::text
        and i.person_id is distinct from (j.after ->> i.record_id::text)::uuid) then
        raise exception 'identity: judged-since';
    end if;
    if j.request is not null then
        if two is null then raise exception 'identity: two-persons'; end if;
        agreed := access.two_use(two, 'merge-persons', j.person_id);
        if agreed ->> 'undoes' is distinct from j.id::text then
            raise exception 'identity: another-act';
        end if;
    end if;
    made.id := gen_random_uuid();
    made.at := clock.now();
    with back as (
        insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
            weight, reasons, judged_at)
        select gen_random_uuid(), l.record_id, l.person_id, 'undone', access.actor()::text, true, 0, 0,
            '[]', made.at
        from people_link l where l.id = any(j.links)
        returning id
    ),
    -- What stood before stands again in the words of who said it, machine or person.
    again as (
        insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
            weight, reasons, judged_at)
        select gen_random_uuid(), l.record_id, l.person_id, l.judgement, l.author, l.by_person,
            l.probability, l.weight, l.reasons, made.at + interval '1 microsecond'
        from jsonb_each_text(j.before) as stood (record, person)
        cross join lateral (
            select * from people_link l where l.record_id = stood.record::uuid
              and l.person_id = stood.person::uuid and l.judged_at < j.at
            order by l.judged_at desc limit 1
        ) l
        where stood.person is not null and l.judgement = 'same'
        returning id
    )
    select array(select id from back union all select id from again) into made.links;
    update people_identity i set person_id = (j.before ->> i.record_id::text)::uuid
    where i.record_id = any(j.records) and j.before ? i.record_id::text;
    update access_relation r set until = greatest(clock.now(), r.since)
    where r.id = any(j.opened) and r.object_kind = 'person' and r.until is null;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    select gen_random_uuid(), r.team_id, r.object_kind, r.object_id, r.ground, r.through
    from access_relation r where r.id = any(j.ended)
      -- Who works the report no more gets nothing back.
      and exists (select from access_relation t where t.object_id = r.through
          and t.team_id = r.team_id and t.until is null)
    on conflict do nothing;
    insert into people_judgement (id, question_id, kind, records, person_id, other_id, before, after,
        links, opened, ended, reason, request, undoes, by, at)
    values (made.id, j.question_id, 'undone', j.records, j.person_id, j.other_id, j.after, j.before,
        made.links, '{}', '{}', btrim(coalesce(why, '')), two, j.id, access.actor(), made.at);
    update people_review r set state = 'open', until = null where r.id = j.question_id;
    return made.id;
end
$$;
"""
SIGNATURES = {
    "cases.persons_meant(uuid[])": (),
    "cases.is_settled(uuid[])": (),
    "cases.merging_takes_two(uuid, uuid)": (),
    "cases.sure_persons(uuid)": (),
    "cases.file_of(uuid)": ("app", "worker"),
    "cases.relink(uuid[], uuid, text, timestamptz)": (),
    "cases.open_to_teams(uuid, text, uuid)": (),
    "cases.close_to_teams(uuid, uuid)": (),
    "cases.judge_identity(uuid, text, uuid[], uuid, uuid, text, uuid)": ("app",),
    "cases.undo_identity(uuid, text, uuid)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_who_is_who")]
    operations = [VaultFunction(FOLLOWED + JUDGED, SIGNATURES)]
