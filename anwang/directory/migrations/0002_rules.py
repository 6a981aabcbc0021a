"""The directory holds offices, no persons: everybody may read it."""

from django.db import migrations

from anwang.common.row_rules import OpenTable

READ = {"app": "select", "door": "select", "worker": "select", "vault": "select"}


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial"), ("access", "0002_rules")]
    operations = [
        OpenTable("directory_county", "names of governments", **READ),
        OpenTable("directory_district", "names of townships", **READ),
        OpenTable("directory_team", "names of offices", **READ),
    ]
