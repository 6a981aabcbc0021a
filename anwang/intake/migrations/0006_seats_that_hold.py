"""Who sits in a team does so only while training and accepted rules hold."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SITS_IN = """
create or replace function access.sits_in(team text, roles text[]) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership m
        join access_account a on a.id = m.account_id and a.is_active
        where m.account_id = access.actor() and m.team_id = team
          and (roles is null or m.role = any(roles))
          and m.since <= clock.now() and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now()))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0005_relay_and_help"), ("access", "0014_training_and_rules")]
    operations = [VaultFunction(SITS_IN, {"access.sits_in(text, text[])": ()})]
