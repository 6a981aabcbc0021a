"""Identities carry their columns ready to compare, so that a candidate is read in one piece."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="identity",
            name="packed",
            field=models.BinaryField(
                default=b"", help_text="The forms as columns of numbers, ready to compare."
            ),
            preserve_default=False,
        ),
    ]
