"""Versions are written, proposed, put in force and retired by the database's own functions alone.

Two humans put a version in force: one proposes, another agrees; of the ministry for the nation, of
the county's management for its overlay. What was proposed is what comes in force, to the letter.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

STAYS = """
create schema if not exists rulebook;
grant usage on schema rulebook to anwang_app, anwang_worker, anwang_vault;
grant create on schema rulebook to anwang_vault;

create function rulebook.has_open_proposal(number bigint) returns boolean
    language sql stable set search_path = public, pg_temp
as $$
    select exists (select from rulebook_policyact a where a.version_id = number
        and a.kind in ('proposed', 'retirement-proposed')
        and not exists (select from rulebook_policyact b where b.answers_id = a.id))
$$;
revoke all on function rulebook.has_open_proposal(bigint) from public;
grant execute on function rulebook.has_open_proposal(bigint) to anwang_vault;

create function rulebook.version_stays() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if tg_op = 'DELETE' then raise exception 'policies: kept-for-ever'; end if;
    if (new.id, new.policy_id, new.county, new.layer, new.loaded_at)
       is distinct from (old.id, old.policy_id, old.county, old.layer, old.loaded_at) then
        raise exception 'policies: changed-after-making';
    end if;
    if (new.version, new.body, new.sha256, new.valid_from, new.valid_to)
       is distinct from (old.version, old.body, old.sha256, old.valid_from, old.valid_to)
       and (old.state <> 'draft' or rulebook.has_open_proposal(old.id)
            or exists (select from rulebook_policyterm t where t.version_id = old.id)) then
        raise exception 'policies: not-a-draft';
    end if;
    return new;
end
$$;
create trigger version_stays before update or delete on rulebook_policyversion
    for each row execute function rulebook.version_stays();

create function rulebook.term_stays() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if tg_op = 'DELETE' then raise exception 'policies: kept-for-ever'; end if;
    if (new.id, new.version_id, new.policy_id, new.county, new.since)
       is distinct from (old.id, old.version_id, old.policy_id, old.county, old.since)
       or new.until is null or new.until > old.until then
        raise exception 'policies: a-term-only-ends';
    end if;
    return new;
end
$$;
create trigger term_stays before update or delete on rulebook_policyterm
    for each row execute function rulebook.term_stays();

create function rulebook.act_stays() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if tg_op <> 'INSERT' then raise exception 'policies: kept-for-ever'; end if;
    if new.kind in ('put-in-force', 'retired') and not exists (
        select from rulebook_policyact asked where asked.id = new.answers_id
          and asked.version_id = new.version_id and asked.sha256 = new.sha256
          and asked."by" is not null and new."by" is not null
          and new."by" not in (select access.accounts_of_human(asked."by"))) then
        raise exception 'policies: same-human';
    end if;
    return new;
end
$$;
create trigger act_stays before insert or update or delete on rulebook_policyact
    for each row execute function rulebook.act_stays();
"""

FUNCTIONS = """
create function rulebook.may_change(who uuid, of_county text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access.ranked_seats(who) s
        where (of_county is null and s.role = 'ministry')
           or (of_county is not null and s.role = 'county-manager' and s.county = of_county))
$$;

create function rulebook.note(
    of_version bigint, what text, why text, begins timestamptz, to_proposal uuid
) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    made uuid := gen_random_uuid();
begin
    insert into rulebook_policyact (id, version_id, kind, at, "by", text, starts_at, sha256, answers_id)
    select made, v.id, what, clock.now(), access.actor(), why, begins, v.sha256, to_proposal
    from rulebook_policyversion v where v.id = of_version;
    return made;
end
$$;

-- The version, locked, for an actor who may change policies of its layer.
create function rulebook.locked(number bigint) returns rulebook_policyversion
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v rulebook_policyversion;
begin
    select * into v from rulebook_policyversion where id = number for update;
    if not found then raise exception 'policies: no-such-version'; end if;
    if not coalesce(rulebook.may_change(access.actor(), v.county), false) then
        raise exception 'policies: may-not';
    end if;
    return v;
end
$$;

create function rulebook.write_draft(
    number bigint, seen text, for_policy text, for_county text, called text, begins date, ends date,
    lines integer, content jsonb, digest text, from_version bigint
) returns bigint
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v rulebook_policyversion;
    me uuid := access.actor();
begin
    if exists (select from rulebook_policyversion o where o.policy_id = for_policy
        and o.county is not distinct from for_county and o.version = called
        and o.id is distinct from number) then
        raise exception 'policies: name-taken';
    end if;
    if number is null then
        if not coalesce(rulebook.may_change(me, for_county), false) then
            raise exception 'policies: may-not';
        end if;
        insert into rulebook_policyversion (policy_id, version, layer, county, state, valid_from,
            valid_to, rows, body, sha256, loaded_at, base_id, written_by, changed_at)
        values (for_policy, called, case when for_county is null then 'national' else 'county' end,
            for_county, 'draft', begins, ends, lines, content, digest, clock.now(), from_version, me,
            clock.now())
        returning * into v;
        return v.id;
    end if;
    v := rulebook.locked(number);
    if v.policy_id <> for_policy or v.county is distinct from for_county then
        raise exception 'policies: another-policy';
    end if;
    if v.state <> 'draft' or rulebook.has_open_proposal(number) then
        raise exception 'policies: not-a-draft';
    end if;
    if v.sha256 <> seen then raise exception 'policies: changed-meanwhile'; end if;
    update rulebook_policyversion set version = called, valid_from = begins, valid_to = ends,
        rows = lines, body = content, sha256 = digest, written_by = me, changed_at = clock.now()
    where id = number;
    return number;
end
$$;

create function rulebook.propose(
    number bigint, seen text, retiring boolean, begins timestamptz, why text
) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v rulebook_policyversion := rulebook.locked(number);
    running boolean := exists (select from rulebook_policyterm t where t.version_id = number
        and (t.until is null or t.until > clock.now()) and t.since is distinct from t.until);
begin
    if v.sha256 <> seen then raise exception 'policies: changed-meanwhile'; end if;
    if rulebook.has_open_proposal(number) then raise exception 'policies: proposed-already'; end if;
    if length(regexp_replace(why, '\\s+', '', 'g')) < 10 then
        raise exception 'policies: text-too-short';
    end if;
    if retiring and v.county is null then raise exception 'policies: the-nation-needs-one'; end if;
    if retiring <> running then raise exception 'policies: not-in-that-state'; end if;
    return rulebook.note(number, case when retiring then 'retirement-proposed' else 'proposed' end,
        why, begins, null);
end
$$;

-- From `begins` on this version and no other; null: none (an overlay that ends).
create function rulebook.succeed(of_policy text, of_county text, by_version bigint, begins timestamptz)
    returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update rulebook_policyterm set until = greatest(since, begins)
    where policy_id = of_policy and county is not distinct from of_county
      and (until is null or until > begins) and since is distinct from until;
    if by_version is not null then
        insert into rulebook_policyterm (id, version_id, policy_id, county, since, until)
        values (gen_random_uuid(), by_version, of_policy, of_county, begins, null);
    end if;
    update rulebook_policyversion v set state = case when v.id = by_version then 'in force'
            else 'retired' end
    where v.policy_id = of_policy and v.county is not distinct from of_county
      and (v.id = by_version or (v.state = 'in force' and not exists (
        select from rulebook_policyterm t where t.version_id = v.id
          and (t.until is null or t.until > clock.now()) and t.since is distinct from t.until)));
end
$$;

create function rulebook.answer(proposal uuid, agreed boolean, why text) returns text
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    asked rulebook_policyact;
    v rulebook_policyversion;
    me uuid := access.actor();
    begins timestamptz;
    done text;
begin
    select * into asked from rulebook_policyact where id = proposal
        and kind in ('proposed', 'retirement-proposed');
    if not found then raise exception 'policies: no-such-proposal'; end if;
    v := rulebook.locked(asked.version_id);
    if exists (select from rulebook_policyact where answers_id = proposal) then
        raise exception 'policies: answered-already';
    end if;
    if not agreed then
        if length(btrim(why)) < 2 then raise exception 'policies: text-too-short'; end if;
        perform rulebook.note(v.id, 'declined', why, null, proposal);
        return 'declined';
    end if;
    if me in (select access.accounts_of_human(asked."by")) then raise exception 'policies: same-human'; end if;
    if (select kind from clock.instance) = 'production' and exists (select from access_account a
        where a.id in (me, asked."by") and a.human is null) then
        raise exception 'policies: human-unknown';
    end if;
    -- Whoever proposed it must still be one who may.
    if not rulebook.may_change(asked."by", v.county) then raise exception 'policies: asker-may-not'; end if;
    if asked.sha256 <> v.sha256 then raise exception 'policies: changed-meanwhile'; end if;
    begins := greatest(coalesce(asked.starts_at, clock.now()), clock.now());
    if asked.kind = 'proposed' then
        perform rulebook.succeed(v.policy_id, v.county, v.id, begins);
        done := 'put-in-force';
    else
        perform rulebook.succeed(v.policy_id, v.county, null, begins);
        done := 'retired';
    end if;
    perform rulebook.note(v.id, done, why, begins, proposal);
    return done;
end
$$;

create function rulebook.set_aside(number bigint, how text, why text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v rulebook_policyversion := rulebook.locked(number);
    goes text := case how when 'shadowed' then 'shadow' when 'unshadowed' then 'draft'
        when 'discarded' then 'retired' end;
begin
    if goes is null then raise exception 'policies: no-such-act'; end if;
    if rulebook.has_open_proposal(number) then raise exception 'policies: proposed-already'; end if;
    if not (v.state = 'draft' and how in ('shadowed', 'discarded')
            or v.state = 'shadow' and how in ('unshadowed', 'discarded')) then
        raise exception 'policies: not-in-that-state';
    end if;
    update rulebook_policyversion set state = goes where id = number;
    perform rulebook.note(number, how, why, null, null);
end
$$;
"""
SIGNATURES = {
    "rulebook.may_change(uuid, text)": ("app",),
    "rulebook.note(bigint, text, text, timestamptz, uuid)": (),
    "rulebook.locked(bigint)": (),
    "rulebook.write_draft(bigint, text, text, text, text, date, date, integer, jsonb, text, bigint)": (
        "app",
    ),
    "rulebook.propose(bigint, text, boolean, timestamptz, text)": ("app",),
    "rulebook.succeed(text, text, bigint, timestamptz)": (),
    "rulebook.answer(uuid, boolean, text)": ("app",),
    "rulebook.set_aside(bigint, text, text)": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("rulebook", "0002_terms"), ("access", "0022_sessions_begin_vouched")]
    operations = [
        migrations.RunSQL(STAYS, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(FUNCTIONS, SIGNATURES),
    ]
