"""A row that is closed to an account is not there for it: conflicts and seals (R5, R8)."""

from django.db import migrations

from anwang.common.row_rules import ClosedToMe


class Migration(migrations.Migration):
    dependencies = [("triage", "0004_index_what_the_desk_polls"), ("access", "0005_closed_to_me")]
    operations = [
        ClosedToMe("triage_matter", "report_id"),
        ClosedToMe("triage_sameeventjudgement", "earlier_id"),
    ]
