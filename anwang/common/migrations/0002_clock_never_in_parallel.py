"""The clock moves while a statement runs, so each reading of it is a command of its own.

A statement that several processes run may begin none: PostgreSQL refuses with "cannot start commands
during a parallel operation". Only what stands in large tables is planned so, and failed when it was.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("common", "0001_clock")]
    operations = [
        migrations.RunSQL(
            "alter function clock.now() parallel unsafe", reverse_sql=migrations.RunSQL.noop
        )
    ]
