"""A safe adult is named in a case: whoever works another one learns nothing of it (R8, R13)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0019_teams_asked_once")]
    operations = [
        migrations.AddField(
            model_name="safeadult", name="case_id", field=models.UUIDField(null=True)
        ),
        migrations.AddIndex(
            model_name="safeadult",
            index=models.Index(
                fields=["case_id"], name="safe_adults_of_case", condition=models.Q(case_id__isnull=False)
            ),
        ),
    ]
