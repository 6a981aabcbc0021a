"""Whoever sent a picture opens it again, whatever has become of the report since.

The author goes on seeing the report that is his or hers; the key was closed with the report, so that
its pictures ended in an error from the day on which it was sealed, and told of it.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTION = """
create or replace function intake.key_of_report(wanted uuid)
    returns table (county text, kek_version integer, wrapped bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select r.county::text, k.kek_version, k.wrapped
    from intake_report r left join vault.data_key k on k.scope_id = r.id
    where r.id = wanted and access.actor() is not null
      and (r.author = access.actor() or wanted <> all(array(select access.closed_to_me())));
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0007_indexes_once")]
    operations = [VaultFunction(FUNCTION, {"intake.key_of_report(uuid)": ("app",)})]
