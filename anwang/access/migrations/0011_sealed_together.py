"""What was sealed together, by which request, and who leads it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0010_closed_asked_once")]
    operations = [
        migrations.AddField(
            "seal",
            "root",
            models.UUIDField(null=True, help_text="The report with which it was sealed."),
        ),
        migrations.AddField(
            "seal",
            "request",
            models.UUIDField(null=True, help_text="The act of two persons that sealed it."),
        ),
        migrations.AddField("sealmember", "lead", models.BooleanField(default=False)),
        migrations.AddIndex("seal", models.Index(fields=["root"], name="seals_of_root")),
    ]
