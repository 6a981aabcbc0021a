"""A row that is closed to an account is not there for it: conflicts and seals (R5, R8)."""

from django.db import migrations

from anwang.common.row_rules import ClosedToMe


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_rules"), ("access", "0005_closed_to_me")]
    operations = [
        ClosedToMe("intake_report", "id"),
    ]
