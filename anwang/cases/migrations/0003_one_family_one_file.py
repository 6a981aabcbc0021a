"""One household, one file: found across teams by a function that tells an id and nothing else.

All teams that work in a family see which cases it has (decision 20); a case itself is its team's.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SCHEMA = """
create schema if not exists cases;
grant usage, create on schema cases to anwang_vault;
grant usage on schema cases to anwang_app, anwang_worker;
"""
FILE_OF = """
create function cases.file_of(persons uuid[], of_report uuid) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    -- Only who holds the report's offer may ask, and only about his own county's families.
    select m.family_id
    from cases_familymember m
    join cases_familyfile f on f.id = m.family_id
    join triage_matter t on t.report_id = of_report and t.offered_team = any(array(select access.my_teams()))
    where m.person_id = any(persons) and m.until is null
      and f.county is not distinct from t.county
    group by m.family_id, f.opened_at
    order by count(*) desc, f.opened_at, m.family_id limit 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("triage", "0003_returned_offers")]
    operations = [
        migrations.RunSQL(SCHEMA, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(FILE_OF, {"cases.file_of(uuid[], uuid)": ("app", "worker")}),
    ]
