"""Who asks the clock is run by one process, as the clock is (common 0002_clock_never_in_parallel)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0022_second_looks"),
        ("access", "0023_what_asks_the_clock_runs_alone"),
    ]
    operations = [
        VaultFunction(
            "alter function triage.counties_counted() parallel unsafe;",
            {"triage.counties_counted()": ("app", "worker", "vault")},
        )
    ]
