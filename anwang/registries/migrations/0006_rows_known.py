"""A record keeps a digest of the row that it came from, so that the same row is known unread."""

from django.db import migrations

# Keyed, like the tokens of numbers: it tells nothing to who has no key.
COLUMN = "alter table registries_record add column row_digest bigint"


class Migration(migrations.Migration):
    dependencies = [("registries", "0005_feed_alarms")]
    operations = [migrations.RunSQL(COLUMN, reverse_sql=migrations.RunSQL.noop)]
