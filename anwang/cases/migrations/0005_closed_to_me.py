"""A row that is closed to an account is not there for it: conflicts and seals (R5, R8)."""

from django.db import migrations

from anwang.common.row_rules import ClosedToMe


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_closing_a_case"), ("access", "0005_closed_to_me")]
    operations = [
        ClosedToMe("cases_familyfile", "id"),
        ClosedToMe("cases_familymember", "family_id", "person_id"),
        ClosedToMe("cases_case", "id", "family_id", "matter_id"),
    ]
