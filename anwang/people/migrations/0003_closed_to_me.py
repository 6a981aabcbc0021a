"""A row that is closed to an account is not there for it: conflicts and seals (R5, R8)."""

from django.db import migrations

from anwang.common.row_rules import ClosedToMe


class Migration(migrations.Migration):
    dependencies = [("people", "0002_rules"), ("access", "0005_closed_to_me")]
    operations = [
        ClosedToMe("people_person", "id"),
        ClosedToMe("people_identity", "person_id"),
        ClosedToMe("people_link", "person_id"),
    ]
