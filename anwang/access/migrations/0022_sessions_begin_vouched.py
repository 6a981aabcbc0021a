"""A session is begun for whom sign-in vouches, like everything else before anybody is known.

Any statement of the application could begin one for any account. Alone that opened nothing, since what a
session is asked for needs the key, too; but nothing stood between the two.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
drop function access.begin_session(bytea, uuid, text, boolean, text);

create function access.begin_session(
    of_key bytea, of_account uuid, in_which_way text, is_strong boolean, with_device text, seal text
) returns uuid
    language sql volatile security definer set search_path = public, pg_temp
as $$
    insert into access_accountsession
        (id, key_sha256, account_id, begun_at, seen_at, proved_at, how, strong, device, rotate)
    select gen_random_uuid(), of_key, a.id, t.present, t.present, t.present, in_which_way, is_strong,
        with_device, false
    from access_account a, (select clock.now() as present) t
    where a.id = of_account and a.is_active
      and access.vouched('begin|' || encode(of_key, 'hex') || '|' || of_account::text, seal)
    returning id
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0021_approving_tells_nothing")]
    operations = [
        VaultFunction(
            FUNCTIONS, {"access.begin_session(bytea, uuid, text, boolean, text, text)": ("app",)}
        )
    ]
