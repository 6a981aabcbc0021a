"""Identities and links are national: the matcher reads them freely, others by relation (decision 6)."""

from django.db import migrations

from anwang.common.row_rules import RowRules

PROGRAMS = {"select": "true", "insert": "true", "update": "true"}


def related(person: str) -> dict[str, str]:
    """Reached through a relation of one of my teams to the person."""
    return {
        "select": "exists (select from access_relation r"
        f" where r.object_id = {person} and r.until is null"
        " and r.team_id = any(array(select access.my_teams())))"
    }


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("access", "0002_rules")]
    operations = [
        RowRules("people_person", {"worker": PROGRAMS, "app": related("people_person.id")}),
        RowRules(
            "people_identity", {"worker": PROGRAMS, "app": related("people_identity.person_id")}
        ),
        RowRules("people_link", {"worker": PROGRAMS, "app": related("people_link.person_id")}),
        RowRules("people_key", {"worker": {"select": "true", "insert": "true", "delete": "true"}}),
        migrations.RunSQL(
            "grant usage on all sequences in schema public to anwang_worker;",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
