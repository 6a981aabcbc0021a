"""A version that is to begin on a later day is withdrawn before it: the present one goes on.

Two persons put it in force, and two take it back: the present version, which has an end since then,
is proposed and agreed to like any other, and its new term begins where its present one would have
ended. Nothing is to be proposed twice, and an overlay that has not begun is not ended: it would have
ended the county's present one.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- When the term of a version that holds now will end; null where it has no end, or does not hold.
create function rulebook.ends_at(number bigint) returns timestamptz
    language sql stable security definer set search_path = public, pg_temp
as $$
    select t.until from rulebook_policyterm t
    where t.version_id = number and t.since <= clock.now() and t.until > clock.now()
      and not exists (select from rulebook_policyterm later
          where later.version_id = number and later.since = t.until
            and later.since is distinct from later.until)
$$;

-- Whether a version of the layer holds now: this one, or any.
create function rulebook.holds_now(of_policy text, of_county text, number bigint) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from rulebook_policyterm t
        where t.policy_id = of_policy and t.county is not distinct from of_county
          and (number is null or t.version_id = number)
          and t.since <= clock.now() and (t.until is null or t.until > clock.now()))
$$;

create or replace function rulebook.propose(
    number bigint, seen text, retiring boolean, begins timestamptz, why text
) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v rulebook_policyversion := rulebook.locked(number);
    running boolean := exists (select from rulebook_policyterm t where t.version_id = number
        and (t.until is null or t.until > clock.now()) and t.since is distinct from t.until);
    ends timestamptz := rulebook.ends_at(number);
begin
    if v.sha256 <> seen then raise exception 'policies: changed-meanwhile'; end if;
    if rulebook.has_open_proposal(number) then raise exception 'policies: proposed-already'; end if;
    if length(regexp_replace(why, '\\s+', '', 'g')) < 10 then
        raise exception 'policies: text-too-short';
    end if;
    if retiring and v.county is null then raise exception 'policies: the-nation-needs-one'; end if;
    if running and not rulebook.holds_now(v.policy_id, v.county, number)
       and (not retiring or rulebook.holds_now(v.policy_id, v.county, null)) then
        raise exception 'policies: begins-already';
    end if;
    if retiring <> running and not (not retiring and ends is not null) then
        raise exception 'policies: not-in-that-state';
    end if;
    return rulebook.note(number, case when retiring then 'retirement-proposed' else 'proposed' end,
        why, case when not retiring and ends is not null then ends else begins end, null);
end
$$;

create or replace function rulebook.answer(proposal uuid, agreed boolean, why text) returns text
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
    -- A version goes on from the end that it had when it was proposed, not from another one.
    if asked.kind = 'proposed' and rulebook.ends_at(v.id) is not null
       and rulebook.ends_at(v.id) is distinct from asked.starts_at then
        raise exception 'policies: changed-meanwhile';
    end if;
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
"""


class Migration(migrations.Migration):
    dependencies = [("rulebook", "0005_indexes_once")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "rulebook.ends_at(bigint)": (),
                "rulebook.holds_now(text, text, bigint)": (),
                "rulebook.propose(bigint, text, boolean, timestamptz, text)": ("app",),
                "rulebook.answer(uuid, boolean, text)": ("app",),
            },
        )
    ]
