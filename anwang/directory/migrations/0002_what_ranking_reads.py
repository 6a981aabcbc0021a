"""What the ranking of offers reads of a team: skills, languages, where it sets out from, its capacity."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]
    operations = [
        migrations.AddField("district", "latitude", models.FloatField(null=True, help_text="About its middle, degrees; null: not known.")),
        migrations.AddField("district", "longitude", models.FloatField(null=True)),
        migrations.AddField("team", "skills", models.JSONField(default=list, db_default=[], help_text="Codes of `skills`.")),
        migrations.AddField("team", "languages", models.JSONField(default=list, db_default=[], help_text="Codes of `languages`.")),
        migrations.AddField(
            "team",
            "seat_district",
            models.CharField(max_length=8, blank=True, default="", db_default="", help_text="Code of the district it sets out from; empty: not known."),
        ),
        migrations.AddField(
            "team",
            "full_load",
            models.PositiveSmallIntegerField(null=True, help_text="Weighted cases that fill one worker; null: what the dispatch weights say."),
        ),
    ]
