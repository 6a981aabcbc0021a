"""Each audit entry of an account says its role and office at that moment (D1)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

# Where the code knows by which seat somebody acts, that stands; else what the account works as now:
# the office if it is one, the roles joined if they are several.
FILL = """
create function access.fill_seat() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    roles text;
    office text;
begin
    if new.actor_kind = 'account' and (new.role = '' or new.team_id = '') then
        select string_agg(distinct role, ',' order by role),
               case when count(distinct nullif(team_id, '')) = 1 then max(team_id) end
        into roles, office from access_membership
        where account_id = new.actor and since <= new.at and (until is null or until > new.at);
        if new.role = '' then new.role := coalesce(roles, ''); end if;
        if new.team_id = '' then new.team_id := coalesce(office, ''); end if;
    end if;
    return new;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0011_sealed_together")]
    operations = [
        VaultFunction(FILL, {"access.fill_seat()": ()}),
        migrations.RunSQL(
            "create trigger fill_seat before insert on access_auditentry"
            " for each row execute function access.fill_seat();",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
