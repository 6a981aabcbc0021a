"""The reader's teams and counties as one array each: what nearly every row rule asks for.

In PL/pgSQL, whose plans are kept: as SQL functions that give rows they took more than twice the time.
Our own clock is a third of the time, so it is only asked where the real one does not decide: a seat has
begun when either clock says so (a demo tells the past with its clock set back).
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function access.teams() returns text[]
    language plpgsql stable parallel restricted security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
begin
    return array(select m.team_id from access_membership m
        where m.account_id = me and (m.since <= clock_timestamp() or m.since <= clock.now())
          and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now()));
end
$$;

create function access.counties() returns text[]
    language plpgsql stable parallel restricted security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
begin
    return array(select coalesce(m.county, '00000') from access_membership m
        where m.account_id = me and (m.since <= clock_timestamp() or m.since <= clock.now())
          and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now()));
end
$$;

create or replace function access.my_teams() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$ select distinct unnest(access.teams()) $$;

create or replace function access.my_counties() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$ select distinct unnest(access.counties()) $$;
"""
EVERYBODY = ("app", "door", "worker", "vault", "auditor")
SIGNATURES = dict.fromkeys(
    ("access.teams()", "access.counties()", "access.my_teams()", "access.my_counties()"), EVERYBODY
)


class Migration(migrations.Migration):
    dependencies = [("access", "0018_marks_of_what_is_closed")]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
