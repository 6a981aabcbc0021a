"""A relation ends with its ground and may be given again later; the database's functions end it."""

from django.db import migrations, models
from django.db.models import Q

NAME = "one_relation_a_ground"


class Migration(migrations.Migration):
    dependencies = [("access", "0002_rules")]
    operations = [
        migrations.RemoveConstraint("relation", NAME),
        migrations.AddConstraint(
            "relation",
            models.UniqueConstraint(
                fields=["object_id", "team_id", "through", "ground"],
                condition=Q(until__isnull=True),
                name=NAME,
            ),
        ),
    ]
