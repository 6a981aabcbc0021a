"""Policies are public rules: everybody may read them; they are put in force by the owner alone."""

from django.db import migrations

from anwang.common.row_rules import OpenTable

READ = {"app": "select", "worker": "select", "vault": "select"}


class Migration(migrations.Migration):
    dependencies = [("rulebook", "0001_initial"), ("access", "0002_rules")]
    operations = [
        OpenTable("rulebook_policyversion", "rules with their citation", **READ),
        OpenTable("rulebook_clockdefinition", "durations in law", **READ),
    ]
