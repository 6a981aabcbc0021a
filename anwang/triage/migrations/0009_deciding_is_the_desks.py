"""What the desk decides of a report, no other office changes: a column's grant holds for every office.

The functions that act for a team with checks of their own, and our programs, are other roles.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

DECIDED = ("offered_team", "grade", "grade_class", "stream", "agency_kind", "joint_with", "passed_to")
FUNCTION = """
create function triage.only_the_desk_decides() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if old.desk_team <> all(array(select access.my_teams())) then
        raise exception 'only its desk decides a report and offers it to a team'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
"""
CHANGED = " or ".join(f"new.{one} is distinct from old.{one}" for one in DECIDED)
TRIGGER = f"""
create trigger only_the_desk_decides before update on triage_matter
    for each row when (current_user = 'anwang_app' and ({CHANGED}))
    execute function triage.only_the_desk_decides();
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0008_index_the_inbox")]
    operations = [
        VaultFunction(FUNCTION, {"triage.only_the_desk_decides()": ()}),
        migrations.RunSQL(TRIGGER, reverse_sql=migrations.RunSQL.noop),
    ]
