"""How far a load came, so that one that breaks off is gone on with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registries", "0008_outgoing")]
    operations = [
        migrations.AddField(
            "delivery", "checkpoint",
            models.JSONField(help_text="How far a load came that has not ended.", null=True),
        )
    ]  # fmt: skip
