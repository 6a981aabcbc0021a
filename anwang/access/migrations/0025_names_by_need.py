"""Names of staff by need: one's own county, the nation's offices, and who works on what one works on.

Every account of staff could read the names, sign-in names and counties of all the others, which is
a list for who guesses or who looks for somebody's brother at an office.
"""

from django.db import migrations, models

from anwang.common.row_rules import VaultFunction

# Teams that had to do with an object stay named to those who still have: who decided, who had the case
# before. What is closed to the reader leads to nobody.
FUNCTION = """
create function access.may_name(wanted uuid) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    me uuid;
    mine text[];
    opened uuid[];
begin
    if not exists (select from access_membership m where m.account_id = wanted
            and m.role not in ('citizen', 'mandated-reporter')) then
        return false;
    end if;
    mine := access.counties();
    if exists (select from access_membership m where m.account_id = wanted
            and m.role not in ('citizen', 'mandated-reporter')
            and (m.county is null or m.county = any(mine))) then
        return true;
    end if;
    if access.i_am('auditor') or access.i_am('privacy-officer') or access.i_am('security-officer') then
        return true;
    end if;
    me := access.actor();
    mine := access.teams();
    opened := array(select access.my_glass());
    return exists (select from access_glass g where g.account_id = wanted and g.review_team = any(mine))
        or exists (select from access_alarm a where a.account_id = wanted and a.review_team = any(mine))
        or exists (select from access_membership m
            join access_relation theirs on theirs.team_id = m.team_id
            where m.account_id = wanted and m.role not in ('citizen', 'mandated-reporter')
              and access.stands_open(me, theirs.closed_to, theirs.sealed_for)
              and (theirs.object_id = any(opened) or exists (select from access_relation ours
                  where ours.object_id = theirs.object_id and ours.team_id = any(mine)
                    and ours.until is null
                    and access.stands_open(me, ours.closed_to, ours.sealed_for))));
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0024_indexes_once")]
    operations = [
        migrations.AddIndex(
            "relation", models.Index(fields=["team_id", "object_id"], name="relations_of_team")
        ),
        VaultFunction(FUNCTION, {"access.may_name(uuid)": ("app",)}),
    ]
