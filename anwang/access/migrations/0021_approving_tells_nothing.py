"""A request that is closed to who would approve it is refused on the line of one that never was (R8).

An error's context names the line that raised it, and two lines told the two apart.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

APPROVE = """
create or replace function access.two_approve(request uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    t access_twofold;
    rules access_twofoldact;
    hindrance text;
    now timestamptz := clock.now();
begin
    select * into t from access_twofold where id = request for update;
    if not found or t.object_id = any(array(select access.closed_to_me())) then
        raise exception 'two-persons: no-such-request';
    end if;
    hindrance := access.twofold_hindrance(t, me);
    if hindrance is not null then raise exception 'two-persons: %', hindrance; end if;
    if t.approved_at is not null or t.declined_at is not null then
        raise exception 'two-persons: answered-already';
    end if;
    if t.expires_at <= now then raise exception 'two-persons: expired'; end if;
    select * into rules from access_twofoldact where act = t.act;
    update access_twofold set approved_by = me, approved_at = now,
        approved_role = (select s.role from access.ranked_seats(me) s
            where s.role = any(rules.approve_roles)
              and (s.county is null or s.county = t.county)
              and s.rank <> all(array(select rank from access.ranked_seats(t.asked_by))) limit 1),
        ends_at = now + make_interval(mins => rules.minutes)
    where id = request;
    perform access.notify('two-persons-approved', null, t.asked_by, t.object_kind, t.object_id,
        jsonb_build_object('request', t.id, 'act', t.act));
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0020_safe_adults_of_a_case")]
    operations = [VaultFunction(APPROVE, {"access.two_approve(uuid)": ("app",)})]
