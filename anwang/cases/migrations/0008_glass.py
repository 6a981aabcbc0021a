"""Breaking the glass (G1-G5), declaring a conflict, and which office looks over whose shoulder.

All of it stands in the database: who breaks the glass can neither lengthen it, nor break it without
two others being told, nor review it.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

OFFICES = """
create function cases.ministry_office() returns text
    language sql immutable set search_path = pg_catalog
as $$ select 'ministry-oversight'::text $$;

-- The office that looks after another one (decision 25); the ministry's where none is left.
create function cases.office_after(team text) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce((select nullif(reviewing_team_id, '') from directory_team where id = team),
        cases.ministry_office())
$$;

-- The office that reviews an account: never one that any account of the same human sits in.
create function cases.office_over(who uuid) returns text
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    found text;
    step integer := 0;
begin
    select m.team_id into found from access_membership m
    where m.account_id = who and m.since <= clock.now() and (m.until is null or m.until > clock.now())
    order by exists (select from directory_team t where t.id = m.team_id) desc, m.since, m.team_id
    limit 1;
    loop
        found := cases.office_after(found);
        step := step + 1;
        exit when step > 4 or not exists (select from access_membership m
            where m.team_id = found and m.account_id in (select access.accounts_of_human(who))
              and m.since <= clock.now() and (m.until is null or m.until > clock.now()));
    end loop;
    return found;
end
$$;
"""
GLASS = """
-- Null where there is nothing of that number for the actor: absent, sealed and in conflict alike.
create function cases.break_glass(of_number text, with_fields text[], with_reason text, minutes integer)
    returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    now timestamptz := clock.now();
    made access_glass;
    answers text;
    told uuid[] := '{}';
    offices text[] := '{}';
    other uuid;
    office text;
begin
    if me is null or not exists (select from access_account where id = me and is_active) then
        raise exception 'glass: nobody-acts';
    end if;
    select m.team_id into made.team_id from access_membership m
    where m.account_id = me and m.role in ('desk', 'hotline', 'team-worker', 'lead', 'supervisor')
      and m.since <= now and (m.until is null or m.until > now)
    order by m.since, m.team_id limit 1;
    if made.team_id is null then raise exception 'glass: may-not'; end if;
    if length(btrim(with_reason)) < 20 then raise exception 'glass: reason-too-short'; end if;
    if cardinality(with_fields) = 0 or not with_fields <@ array['people', 'danger', 'narrative', 'decision']
    then raise exception 'glass: no-such-field'; end if;
    if minutes not between 1 and 60 then raise exception 'glass: too-long'; end if;

    select 'report', r.id, array[r.id] into made.object_kind, made.object_id, made.object_ids
    from intake_report r where r.receipt = of_number;
    if made.object_id is null then
        select 'family', f.id, array[f.id, c.id, c.matter_id]
        into made.object_kind, made.object_id, made.object_ids
        from cases_familyfile f join cases_case c on c.family_id = f.id
        where f.number = of_number order by c.closed_at is not null, c.opened_at desc limit 1;
    end if;
    if made.object_id is null or made.object_ids && array(select access.closed_to_me()) then
        return null;
    end if;
    select accountable_team into answers from triage_matter where report_id = any(made.object_ids);

    made.id := gen_random_uuid();
    made.account_id := me;
    made.fields := with_fields;
    made.reason := btrim(with_reason);
    made.opened_at := now;
    made.ends_at := now + make_interval(mins => minutes);
    made.review_team := cases.office_over(me);
    made.review_level := 0;
    made.review_due_at := now + interval '24 hours';
    made.verdict := '';
    made.verdict_text := '';
    insert into access_glass values (made.*);

    -- G3: the supervisor of what was opened and the privacy officer, never the opener himself, never
    -- somebody who may not know of it.
    for other, office in
        select distinct on (m.account_id) m.account_id, m.role from access_membership m
        join access_account a on a.id = m.account_id and a.is_active
        where m.since <= now and (m.until is null or m.until > now)
          and ((m.role = 'supervisor' and m.team_id = answers)
            or (m.role = 'privacy-officer' and (m.county is null or m.county =
                (select county from triage_matter where report_id = any(made.object_ids)))))
          and m.account_id not in (select access.accounts_of_human(me))
          and not access.is_conflicted(m.account_id, made.object_id)
        order by m.account_id, m.role
    loop
        perform access.notify('glass-broken', null, other, made.object_kind, made.object_id,
            jsonb_build_object('glass', made.id));
        told := told || other;
        offices := offices || office;
    end loop;
    if not 'supervisor' = any(offices) then
        perform access.notify('glass-broken', cases.office_after(answers), null, made.object_kind,
            made.object_id, jsonb_build_object('glass', made.id));
    end if;
    if not 'privacy-officer' = any(offices) then
        perform access.notify('glass-broken', cases.ministry_office(), null, made.object_kind,
            made.object_id, jsonb_build_object('glass', made.id));
    end if;
    perform access.notify('glass-to-review', made.review_team, null, made.object_kind, made.object_id,
        jsonb_build_object('glass', made.id));
    if (select count(*) from access_notice where kind = 'glass-broken'
            and detail ->> 'glass' = made.id::text) < 2 then
        raise exception 'glass: nobody-to-tell';
    end if;
    return made.id;
end
$$;

create function cases.end_glass(which uuid) returns boolean
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_glass set ended_at = clock.now()
    where id = which and account_id = access.actor() and ended_at is null and ends_at > clock.now()
    returning true
$$;

create function cases.review_glass(which uuid, said text, in_words text) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    g access_glass;
begin
    select * into g from access_glass where id = which for update;
    if not found or g.object_ids && array(select access.closed_to_me())
       or g.review_team <> all(array(select access.my_teams())) then
        raise exception 'glass: no-such-review';
    end if;
    if me in (select access.accounts_of_human(g.account_id))
       or g.team_id = any(array(select access.my_teams())) then
        raise exception 'glass: own-office';
    end if;
    if g.reviewed_at is not null then raise exception 'glass: reviewed-already'; end if;
    if said not in ('justified', 'not-justified', 'unclear') or length(btrim(in_words)) < 2 then
        raise exception 'glass: needs-words';
    end if;
    update access_glass set reviewed_at = clock.now(), reviewed_by = me, verdict = said,
        verdict_text = btrim(in_words)
    where id = which;
end
$$;

-- Overdue reviews rise one level each day, to the ministry at last (G5).
create function cases.raise_overdue_reviews() returns setof uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    g access_glass;
    higher text;
begin
    for g in select * from access_glass where reviewed_at is null and review_due_at <= clock.now()
             order by id for update skip locked
    loop
        higher := cases.office_after(g.review_team);
        if higher = g.team_id then higher := cases.office_after(higher); end if;
        update access_glass set review_team = higher, review_level = g.review_level + 1,
            review_due_at = greatest(g.review_due_at, clock.now() - interval '1 day') + interval '1 day'
        where id = g.id;
        perform access.notify('glass-review-overdue', higher, null, g.object_kind, g.object_id,
            jsonb_build_object('glass', g.id, 'level', g.review_level + 1));
        return next g.id;
    end loop;
end
$$;

-- Counts only, for everybody who works here (G5: figures are published).
create function cases.glass_figures() returns table (month date, verdict text, uses bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select date_trunc('month', opened_at at time zone 'Asia/Taipei')::date,
        coalesce(nullif(verdict, ''), 'waiting'), count(*)
    from access_glass where access.actor() is not null group by 1, 2 order by 1 desc, 2
$$;
"""
DECLARED = """
-- "I know this family": closes at once for every account of the same human.
create function cases.declare_conflict(of_number text, with_reason text) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    kind text;
    about uuid;
    who uuid;
begin
    if me is null then raise exception 'conflict: nobody-acts'; end if;
    if length(btrim(with_reason)) < 4 then raise exception 'conflict: reason-too-short'; end if;
    select 'report', id into kind, about from intake_report where receipt = of_number;
    if about is null then
        select 'family', id into kind, about from cases_familyfile where number = of_number;
    end if;
    if about is null or about = any(array(select access.closed_to_me())) then return null; end if;
    for who in select access.accounts_of_human(me) loop
        insert into access_conflict (id, account_id, object_kind, object_id, ground, source, since,
            declared_by, reason)
        values (gen_random_uuid(), who, kind, about, 'declared', 'declared', clock.now(), me,
            btrim(with_reason))
        on conflict do nothing;
        -- And the people it is about, wherever they come up again.
        insert into access_conflict (id, account_id, object_kind, object_id, ground, source, since,
            declared_by, reason)
        select distinct on (r.object_id) gen_random_uuid(), who, 'person', r.object_id, 'declared',
            'declared', clock.now(), me, btrim(with_reason)
        from access_relation r where r.object_kind = 'person'
          and r.through in (select about union select matter_id from cases_case where family_id = about)
        on conflict do nothing;
        perform cases.derive_conflicts(who);
    end loop;
    perform access.notify('conflict-declared', cases.office_over(me), null, kind, about,
        jsonb_build_object('account', me));
    return about;
end
$$;

-- Declarations in force by the people whom the actor's office reviews or supervises, never his own.
create function cases.declared_conflicts()
    returns table (id uuid, account_id uuid, object_kind text, object_id uuid, since timestamptz,
                   reason text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select c.id, c.account_id, c.object_kind::text, c.object_id, c.since, c.reason
    from access_conflict c
    where c.source = 'declared' and c.object_kind <> 'person' and c.until is null
      and c.account_id = c.declared_by
      and c.account_id not in (select access.accounts_of_human(access.actor()))
      and c.object_id <> all(array(select access.closed_to_me()))
      and (cases.office_over(c.account_id) = any(array(select access.my_teams()))
        or exists (select from access_membership mine join access_membership theirs
            on theirs.team_id = mine.team_id and theirs.account_id = c.account_id
            where mine.account_id = access.actor() and mine.role = 'supervisor'
              and mine.since <= clock.now() and (mine.until is null or mine.until > clock.now())))
    order by c.since desc limit 200
$$;

create function cases.end_declared_conflict(which uuid, with_reason text) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    c access_conflict;
    who uuid;
begin
    if length(btrim(with_reason)) < 4 then raise exception 'conflict: reason-too-short'; end if;
    if which not in (select d.id from cases.declared_conflicts() d) then return false; end if;
    select * into c from access_conflict where id = which for update;
    for who in select access.accounts_of_human(c.account_id) loop
        update access_conflict set until = greatest(clock.now(), since), ended_by = access.actor(),
            ended_reason = btrim(with_reason)
        where account_id = who and source = 'declared' and declared_by = c.declared_by
          and until is null and (object_id = c.object_id or (object_kind = 'person'
            and object_id in (select r.object_id from access_relation r where r.through in (
                select c.object_id union select matter_id from cases_case where family_id = c.object_id))));
        perform cases.derive_conflicts(who);
    end loop;
    return true;
end
$$;
"""
EVERYBODY = ("app", "worker")
SIGNATURES = {
    "cases.ministry_office()": EVERYBODY,
    "cases.office_after(text)": EVERYBODY,
    "cases.office_over(uuid)": EVERYBODY,
    "cases.break_glass(text, text[], text, integer)": ("app",),
    "cases.end_glass(uuid)": ("app",),
    "cases.review_glass(uuid, text, text)": ("app",),
    "cases.raise_overdue_reviews()": ("worker",),
    "cases.glass_figures()": ("app",),
    "cases.declare_conflict(text, text)": ("app",),
    "cases.declared_conflicts()": ("app",),
    "cases.end_declared_conflict(uuid, text)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_only_who_is_entitled"), ("cases", "0007_who_looked"), ("access", "0009_glass_and_alarms")]
    operations = [
        VaultFunction(OFFICES + GLASS + DECLARED, SIGNATURES),
    ]
