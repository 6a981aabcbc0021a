"""What was sealed together, who leads it, and records that no screening may take into account."""

from django.db import migrations, models

from anwang.common.row_rules import VaultFunction

# Records are closed to our own programs, which ask for them by kind; no screen ever names one.
CLOSED_TO_ME = """
create or replace function access.closed_to_me() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (select access.actor() as id, clock.now() as at)
    select c.object_id from me join access_conflict c on c.account_id = me.id
    where c.since <= me.at and (c.until is null or c.until > me.at)
    union
    select s.object_id from me cross join access_seal s
    where s.object_kind <> 'record' and s.since <= me.at and (s.until is null or s.until > me.at)
      and not exists (select from access_sealmember m
          where m.seal_id = s.id and m.account_id = me.id and m.since <= me.at
            and (m.until is null or m.until > me.at))
$$;
"""
READERS = ("app", "door", "worker", "vault", "auditor")


class Migration(migrations.Migration):
    dependencies = [("access", "0010_closed_asked_once")]
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
