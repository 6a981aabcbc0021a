"""Who may see a family file and its cases: the teams that work in it, in their county."""

from django.db import migrations

from anwang.common.row_rules import RowRules

MINE = "any(array(select access.my_teams()))"
OWN_CASE = f"team_id = {MINE}"
RELATED = (
    "exists (select from access_relation r where r.object_id = {id} and r.until is null"
    f" and r.team_id = {MINE})"
)
OF_FAMILY = RELATED.format(id="cases_familyfile.id")
MEMBER = RELATED.format(id="cases_familymember.family_id")
FLOOR = (
    "coalesce(county, '00000') = any(array(select access.my_counties()))"
    f" or {OF_FAMILY}"
)
PROGRAMS = {"select": "true", "insert": "true", "update": "true"}


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("triage", "0002_rules")]
    operations = [
        RowRules(
            "cases_familyfile",
            {
                "app": {"select": OF_FAMILY, "insert": "access.actor() is not null"},
                "worker": PROGRAMS,
            },
            floor=FLOOR,
        ),
        RowRules(
            "cases_familymember",
            {
                "app": {"select": MEMBER, "insert": "judged_by = access.actor()", "update": MEMBER},
                "worker": PROGRAMS,
            },
        ),
        RowRules(
            "cases_case",
            {
                "app": {"select": OWN_CASE, "insert": OWN_CASE, "update": OWN_CASE},
                "worker": PROGRAMS,
            },
        ),
    ]
