"""What is closed is asked for in every policy, several times a query: who asks is verified once a call.

Before, the claim was verified again for every seal in force; a list took three times as long with
a dozen seals, and would have taken longer with every seal more.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTION = """
create or replace function access.closed_to_me() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (select access.actor() as id, clock.now() as at)
    select c.object_id from me join access_conflict c on c.account_id = me.id
    where c.since <= me.at and (c.until is null or c.until > me.at)
    union
    select s.object_id from me cross join access_seal s
    where s.since <= me.at and (s.until is null or s.until > me.at)
      and not exists (select from access_sealmember m
          where m.seal_id = s.id and m.account_id = me.id and m.since <= me.at
            and (m.until is null or m.until > me.at))
$$;
"""
READERS = ("app", "door", "worker", "vault", "auditor")


class Migration(migrations.Migration):
    dependencies = [("access", "0009_glass_and_alarms")]
    operations = [VaultFunction(FUNCTION, {"access.closed_to_me()": READERS})]
