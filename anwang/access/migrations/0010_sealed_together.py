"""What was sealed together, who leads it, and records that no screening may take into account."""

from django.db import migrations, models

from anwang.common.row_rules import VaultFunction

# Records are closed to our own programs, which ask for them by kind; no screen ever names one.
CLOSED_TO_ME = """
create or replace function access.closed_to_me() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select object_id from access_conflict
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
    union
    select s.object_id from access_seal s
    where s.object_kind <> 'record' and s.since <= clock.now()
      and (s.until is null or s.until > clock.now())
      and not exists (select from access_sealmember m
          where m.seal_id = s.id and m.account_id = access.actor() and m.since <= clock.now()
            and (m.until is null or m.until > clock.now()))
$$;
"""
READERS = ("app", "door", "worker", "vault", "auditor")


class Migration(migrations.Migration):
    dependencies = [("access", "0009_glass_and_alarms")]
    operations = [
        migrations.AddField(
            "seal",
            "root",
            models.UUIDField(null=True, help_text="The report with which it was sealed."),
        ),
        migrations.AddField(
            "seal",
            "request",
            models.UUIDField(null=True, help_text="The act of two persons that sealed it."),
        ),
        migrations.AddField("sealmember", "lead", models.BooleanField(default=False)),
        migrations.AddIndex("seal", models.Index(fields=["root"], name="seals_of_root")),
        VaultFunction(CLOSED_TO_ME, {"access.closed_to_me()": READERS}),
    ]
