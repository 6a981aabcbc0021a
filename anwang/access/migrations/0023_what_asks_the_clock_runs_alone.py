"""Who asks the clock is run by one process, as the clock is (common 0002_clock_never_in_parallel)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

ALTERED = """
alter function access.teams() parallel unsafe;
alter function access.counties() parallel unsafe;
"""
EVERYBODY = ("app", "door", "worker", "vault", "auditor")


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0022_sessions_begin_vouched"),
        ("common", "0002_clock_never_in_parallel"),
    ]
    operations = [
        VaultFunction(
            ALTERED, {"access.teams()": EVERYBODY, "access.counties()": EVERYBODY}
        )
    ]
