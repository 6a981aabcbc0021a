"""A source's last full delivery and its newest one, without walking past every look-up and increment.

Each household picture asks both of every source; look-ups are deliveries too and grow by the hour.
"""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("registries", "0006_rows_known")]
    operations = [
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["source", "-known_at"],
                condition=Q(mode="full", state="published"),
                name="full_deliveries_of_source",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["source", "-began_at"],
                condition=~Q(mode="look-up"),
                name="newest_deliveries_of_source",
            ),
        ),
    ]
