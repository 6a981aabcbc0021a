"""A county's people and their rights, in the hands of its administrators: every rule stands here.

Nobody gives himself a right, by another account of his neither; nobody gives or takes a higher rank
than an administrator's; nobody reaches over the county. What is not the actor's to administer is
refused like what does not exist.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

CHECKS = """
create function access.of_my_people(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_account a where a.id = wanted
        and coalesce(a.county, '00000') in (select access.counties_i_administer())
        -- Staff, or somebody just invited; never who is here as a citizen alone.
        and (exists (select from access_membership m
                where m.account_id = a.id and m.role <> 'citizen')
            or not exists (select from access_membership m where m.account_id = a.id)))
$$;

-- The administrators' rank, where the actor is one of that county.
create function access.rank_over(of_county text) returns smallint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select rank from access_rank where role = 'administrator'
      and coalesce(of_county, '00000') in (select access.counties_i_administer())
$$;

-- Raises the reason why the actor may not change an account's rights.
create function access.check_administers(wanted uuid) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    theirs access_account;
begin
    if not access.of_my_people(wanted) then raise exception 'people: not-yours'; end if;
    -- One change of an account's rights after the other.
    select * into theirs from access_account where id = wanted for update;
    if wanted in (select access.accounts_of_human(access.actor())) then
        raise exception 'people: oneself';
    end if;
    if exists (select from access_membership m join access_rank r on r.role = m.role
        where m.account_id = wanted and m.since <= clock.now()
          and (m.until is null or m.until > clock.now())
          and (r.rank > access.rank_over(theirs.county)
            or coalesce(m.county, '00000') not in (select access.counties_i_administer()))) then
        raise exception 'people: higher-rank';
    end if;
end
$$;
"""
# As before, for administrators whose own rules are accepted.
INVITING = """
create or replace function access.administers(target uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (select access.actor() as id, clock.now() as at),
    mine as materialized (
        select m.county from me join access_membership m on m.account_id = me.id
        join access_account a on a.id = me.id and a.is_active
        where m.role = 'administrator' and m.since <= me.at
          and (m.until is null or m.until > me.at)
          and (m.holds_until is null or m.holds_until > me.at))
    select exists (select from access_account t cross join me
        where t.id = target and target not in (select access.accounts_of_human(me.id))
          and exists (select from mine where mine.county is null or (mine.county = t.county
              and not exists (select from access_membership s
                  where s.account_id = target and s.county is distinct from t.county
                    and s.since <= me.at and (s.until is null or s.until > me.at))))
          and not exists (select from access_membership s left join access_rank r on r.role = s.role
              where s.account_id = target and s.since <= me.at
                and (s.until is null or s.until > me.at)
                and (s.role in ('operator', 'statistician') or coalesce(r.rank, 9) >=
                    (select coalesce(max(rank), 4) from access_rank where role = 'administrator'))))
$$;

create or replace function access.invite(
    new_id uuid, name text, shown text, shown_en text, of_county text, of_human bytea,
    of_code bytea, days integer
) returns timestamptz
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
begin
    if not exists (select from access_membership m join access_account a on a.id = m.account_id
            and a.is_active
        where m.account_id = access.actor() and m.role = 'administrator' and m.since <= clock.now()
          and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now())
          and (m.county is null or m.county = of_county)) then
        raise exception 'accounts: not-yours';
    end if;
    insert into access_account (id, username, password, display_name, display_name_en, county,
        is_active, human, created_at)
    values (new_id, name, '!', shown, shown_en, of_county, true, of_human, clock.now())
    on conflict (username) do nothing;
    if not found then raise exception 'accounts: name-taken'; end if;
    return access.give_code(new_id, of_code, days);
end
$$;
"""
ACTS = """
create function access.give_place(wanted uuid, for_team text, in_role text, on_ground text)
    returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    theirs access_account;
    given access_rank;
    made uuid := gen_random_uuid();
begin
    perform access.check_administers(wanted);
    select * into theirs from access_account where id = wanted;
    if not theirs.is_active then raise exception 'people: ended'; end if;
    if coalesce(on_ground, '') = '' then raise exception 'people: no-ground'; end if;
    select * into given from access_rank where role = in_role and access_rank.given = 'administrator';
    if given is null or given.rank > access.rank_over(theirs.county) then
        raise exception 'people: role-not-yours';
    end if;
    if in_role in ('administrator', 'mandated-reporter') then
        if for_team <> '' then raise exception 'people: without-team'; end if;
    elsif not exists (select from directory_team t where t.id = for_team
        and coalesce(t.county_id, '00000') = coalesce(theirs.county, '00000')
        and t.is_desk = (in_role = 'desk' or (t.is_desk and in_role in ('supervisor', 'hotline')))) then
        raise exception 'people: no-such-team';
    end if;
    if exists (select from access_membership m where m.account_id = wanted and m.team_id = for_team
        and m.role = in_role and (m.until is null or m.until > clock.now())) then
        raise exception 'people: has-it';
    end if;
    insert into access_membership (id, account_id, team_id, county, role, since, given_by, ground)
    values (made, wanted, for_team, theirs.county, in_role, clock.now(), access.actor(), on_ground);
    perform access.rights_changed(wanted);
    perform access.notify('rights-given', null, wanted, 'account', wanted,
        jsonb_build_object('role', in_role, 'team', for_team, 'ground', on_ground));
    if for_team <> '' then
        perform access.notify('colleague-joined', for_team, null, 'account', wanted,
            jsonb_build_object('role', in_role));
    end if;
    return made;
end
$$;

-- Whether it was open till now. What the account still answers for in the team must have somebody.
create function access.take_place(wanted uuid, on_ground text, successor uuid) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    place access_membership;
begin
    select * into place from access_membership where id = wanted;
    if place is null or not access.of_my_people(place.account_id)
       or coalesce(place.county, '00000') not in (select access.counties_i_administer()) then
        raise exception 'people: not-yours';
    end if;
    perform access.check_administers(place.account_id);
    if coalesce(on_ground, '') = '' then raise exception 'people: no-ground'; end if;
    if place.until is not null and place.until <= clock.now() then return false; end if;
    if not exists (select from access_membership m where m.account_id = place.account_id
        and m.team_id = place.team_id and m.id <> place.id
        and (m.until is null or m.until > clock.now())) then
        perform cases.hand_over(place.account_id, place.team_id, successor);
    end if;
    update access_membership set until = greatest(clock.now(), since), ended_by = access.actor(),
        ended_ground = on_ground where id = wanted;
    perform access.rights_changed(place.account_id);
    perform access.notify('rights-taken', null, place.account_id, 'account', place.account_id,
        jsonb_build_object('role', place.role, 'team', place.team_id, 'ground', on_ground));
    return true;
end
$$;

create function access.end_account_of(wanted uuid, on_ground text, successor uuid) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    team text;
begin
    perform access.check_administers(wanted);
    if coalesce(on_ground, '') = '' then raise exception 'people: no-ground'; end if;
    for team in select distinct m.team_id from access_membership m
        where m.account_id = wanted and m.team_id <> ''
          and (m.until is null or m.until > clock.now())
    loop
        perform cases.hand_over(wanted, team, successor);
        perform access.notify('colleague-left', team, null, 'account', wanted, '{}');
    end loop;
    update access_membership set until = greatest(clock.now(), since), ended_by = access.actor(),
        ended_ground = on_ground
    where account_id = wanted and (until is null or until > clock.now());
    return access.end_account(wanted, access.actor());
end
$$;

-- An account ended by mistake, or of somebody who comes back: without any place, until one is given.
create function access.reopen_account(wanted uuid, on_ground text) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    opened boolean;
begin
    perform access.check_administers(wanted);
    if coalesce(on_ground, '') = '' then raise exception 'people: no-ground'; end if;
    update access_account set is_active = true where id = wanted and not is_active;
    opened := found;
    if opened then
        perform access.notify('account-reopened', null, wanted, 'account', wanted,
            jsonb_build_object('ground', on_ground));
    end if;
    return opened;
end
$$;

create function access.end_sessions_of(wanted uuid, on_ground text) returns bigint
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    ended bigint;
begin
    perform access.check_administers(wanted);
    if coalesce(on_ground, '') = '' then raise exception 'people: no-ground'; end if;
    update access_accountsession set ended_at = clock.now(), ended_by = access.actor()
    where account_id = wanted and ended_at is null;
    get diagnostics ended = row_count;
    perform access.notify('sessions-ended', null, wanted, 'account', wanted,
        jsonb_build_object('ground', on_ground));
    return ended;
end
$$;

-- Nobody notes his own training: the account is never the actor's, by no account of his.
create function access.note_training(wanted uuid, for_requirement text, on_day date, with_proof text)
    returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    needed access_requirement;
    today date := (clock.now() at time zone 'Asia/Taipei')::date;
    made uuid := gen_random_uuid();
begin
    perform access.check_administers(wanted);
    select * into needed from access_requirement where id = for_requirement and kind = 'training';
    if needed is null then raise exception 'people: no-such-training'; end if;
    if on_day is null or on_day > today or on_day + needed.valid_days < today then
        raise exception 'people: no-such-day';
    end if;
    if length(trim(coalesce(with_proof, ''))) < 3 then raise exception 'people: no-proof'; end if;
    insert into access_fulfilment
        (id, account_id, requirement_id, version, passed_on, until, proof, noted_by)
    values (made, wanted, needed.id, needed.version, on_day,
        (on_day + needed.valid_days + 1)::timestamp at time zone 'Asia/Taipei',
        left(trim(with_proof), 200), access.actor());
    perform access.notify('training-noted', null, wanted, 'account', wanted,
        jsonb_build_object('requirement', needed.id));
    return made;
end
$$;

create function access.withdraw_training(wanted uuid) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    noted access_fulfilment;
begin
    select * into noted from access_fulfilment where id = wanted;
    if noted is null or not access.of_my_people(noted.account_id) then
        raise exception 'people: not-yours';
    end if;
    perform access.check_administers(noted.account_id);
    update access_fulfilment set withdrawn_at = clock.now(), withdrawn_by = access.actor()
    where id = wanted and withdrawn_at is null
      and requirement_id in (select id from access_requirement where kind = 'training');
    if not found then raise exception 'people: not-yours'; end if;
    perform access.notify('training-withdrawn', null, noted.account_id, 'account', noted.account_id,
        jsonb_build_object('requirement', noted.requirement_id));
    return noted.account_id;
end
$$;
"""
# What an administrator sees of how somebody signs in: kinds and times, never a secret or an address.
READS = """
create function access.factors_seen(wanted uuid)
    returns table (kind text, added_at timestamptz, used_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select f.type::text, f.created_at, f.last_used_at from mfa_authenticator f
    where f.user_id = wanted and access.of_my_people(wanted) order by f.created_at
$$;

create function access.sessions_seen(wanted uuid)
    returns table (begun_at timestamptz, seen_at timestamptz, how text, device text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.begun_at, s.seen_at, s.how::text, s.device::text from access_accountsession s
    where s.account_id = wanted and s.ended_at is null and access.of_my_people(wanted)
    order by s.seen_at desc limit 50
$$;

create function access.last_sign_in_seen(wanted uuid) returns timestamptz
    language sql stable security definer set search_path = public, pg_temp
as $$
    select e.at from access_auditentry e
    where e.actor = wanted and e.act = 'signed-in' and access.of_my_people(wanted)
    order by e.at desc limit 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0014_training_and_rules"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [
        VaultFunction(
            CHECKS,
            {
                "access.of_my_people(uuid)": (),
                "access.rank_over(text)": (),
                "access.check_administers(uuid)": (),
            },
        ),
        VaultFunction(
            INVITING,
            {
                "access.administers(uuid)": ("app",),
                "access.invite(uuid, text, text, text, text, bytea, bytea, integer)": ("app",),
            },
        ),
        VaultFunction(
            ACTS,
            {
                "access.give_place(uuid, text, text, text)": ("app",),
                "access.take_place(uuid, text, uuid)": ("app",),
                "access.end_account_of(uuid, text, uuid)": ("app",),
                "access.reopen_account(uuid, text)": ("app",),
                "access.end_sessions_of(uuid, text)": ("app",),
                "access.note_training(uuid, text, date, text)": ("app",),
                "access.withdraw_training(uuid)": ("app",),
            },
        ),
        VaultFunction(
            READS,
            {
                "access.factors_seen(uuid)": ("app",),
                "access.sessions_seen(uuid)": ("app",),
                "access.last_sign_in_seen(uuid)": ("app",),
            },
        ),
    ]
