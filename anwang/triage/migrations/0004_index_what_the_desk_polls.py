"""The desk asks at every poll what changed last and how much is urgent: an index for each."""

from django.db import migrations, models
from django.db.models import Q

OPEN = ["received", "screened", "awaiting-decision", "offered", "disputed"]


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_rules"), ("triage", "0003_returned_offers")]
    operations = [
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(fields=["desk_team", "-changed_at"], name="matters_by_change"),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                fields=["desk_team"],
                name="urgent_matters",
                condition=Q(state__in=OPEN, grade="1"),
            ),
        ),
    ]
