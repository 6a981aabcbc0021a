"""Every identity has its words or is like another: held against the rows that stand, by itself."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0010_words_kept_once")]
    operations = [ValidateConstraint(model_name="identity", name="identity_has_words")]
