"""What became of a proposal that policy lets go out by itself, and to which teams nothing may go so."""

from django.db import migrations, models
from django.db.models import Q

from anwang.common.row_rules import VaultFunction

# For our programs alone. Where nobody sits, the office is closed, somebody there or at the desk must be
# kept from the report, or the report is sealed, a person chooses the team (R5, R8); which of these it
# was is told to nobody.
MAY_GO = """
create function triage.may_go_by_itself(of_report uuid, to_team text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    with seated as materialized (
        select distinct a.id, s.team_id, s.holds_until is null or s.holds_until > clock.now() as holds
        from triage_matter m
            join access_membership s on s.team_id in (m.desk_team, to_team)
            join access_account a on a.id = s.account_id and a.is_active
        where m.report_id = of_report and s.since <= clock.now()
          and (s.until is null or s.until > clock.now())
    )
    select coalesce(access.actor_kind() = 'program', false)
       and exists (select from seated where team_id = to_team and holds)
       and not exists (select from seated where access.is_conflicted(id, of_report))
       and not exists (select from access_seal s where s.object_id = of_report
           and s.since <= clock.now() and (s.until is null or s.until > clock.now()))
       and not exists (select from triage_officeclosure c where c.team_id = to_team
           and c.since <= clock.now() and clock.now() < c.until)
$$;
"""
CHOICES = [("", "Not"), ("waiting", "Waiting"), ("done", "Done"), ("held", "Held")]


class Migration(migrations.Migration):
    dependencies = [("triage", "0018_answers")]
    operations = [
        migrations.AddField("screening", "automatic", models.CharField(blank=True, choices=CHOICES, db_default="", default="", help_text="What became of a proposal that policy lets go out by itself.", max_length=10)),
        migrations.AddField("screening", "held_because", models.JSONField(db_default=[], default=list, help_text="Codes.")),
        migrations.AddIndex("screening", models.Index(condition=Q(("automatic", "waiting")), fields=["at"], name="waiting_for_dispatch")),
        VaultFunction(MAY_GO, {"triage.may_go_by_itself(uuid, text)": ("worker",)}),
    ]
