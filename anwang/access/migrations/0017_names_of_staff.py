"""Names of accounts are staff's to staff: a citizen sees his own alone, and nobody sees a citizen's.

Who signs in to report or to see who looked at him is protected like any reporter (R6).
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function access.i_am_staff() returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership
        where account_id = access.actor() and role not in ('citizen', 'mandated-reporter')
          and since <= clock.now() and (until is null or until > clock.now()))
$$;

-- Now or once: who has left is still named where he worked.
create function access.is_staff(wanted uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership
        where account_id = wanted and role not in ('citizen', 'mandated-reporter'))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0016_digests_stay")]
    operations = [
        VaultFunction(
            FUNCTIONS, {"access.i_am_staff()": ("app",), "access.is_staff(uuid)": ("app",)}
        )
    ]
