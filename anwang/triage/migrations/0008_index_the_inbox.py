"""A team's inbox is its open offers, the oldest first: an index for that, since all teams' were read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0007_functions_ask_who_calls")]
    operations = [
        migrations.AddIndex(
            "offer",
            models.Index(
                fields=["team_id", "offered_at"],
                condition=models.Q(answer="open"),
                name="open_offers_of_team",
            ),
        ),
    ]
