"""A family that is reported again: its file wakes, and who led it last is told.

By those subjects whose number told who they are (decision 16). Nobody is told who is in conflict with
the report (S2), and sealed families have a way of their own (R8). The notice's object is the report,
so that whatever closes the report later closes the notice too; it tells the number of his own file.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

WAKE = """
create function triage.wake_families(of_report uuid) returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    one record;
    c cases_case;
    who uuid;
    heirs uuid[];
    made uuid;
    woken integer := 0;
begin
    if access.actor_kind() is distinct from 'program' then
        raise exception 'only our programs wake a file' using errcode = 'insufficient_privilege';
    end if;
    for one in
        select f.id, f.number, f.county is distinct from t.county as elsewhere
        from triage_matter t
        join cases_familymember m on m.until is null
            and m.person_id in (select cases.sure_persons(of_report))
        join cases_familyfile f on f.id = m.family_id
        where t.report_id = of_report
          and not exists (select from cases_case k where k.family_id = f.id and k.matter_id = of_report)
          and not exists (select from access_seal s
              where s.until is null and s.object_id in (f.id, of_report))
        group by f.id, f.number, f.county, t.county
    loop
        insert into cases_waking (id, family_id, matter_id, at, elsewhere, told)
        values (gen_random_uuid(), one.id, of_report, clock.now(), one.elsewhere, 0)
        on conflict do nothing returning id into made;
        if not found then continue; end if;
        woken := woken + 1;
        select * into c from cases_case k where k.family_id = one.id
        order by k.closed_at is null desc, coalesce(k.closed_at, k.opened_at) desc limit 1;
        if not found then continue; end if;
        -- The last lead where he is still there and may know; else who leads in that team.
        heirs := case when cases.may_lead(c.lead, c.id) and not access.is_conflicted(c.lead, of_report)
            then array[c.lead] else array(
                select distinct m.account_id from access_membership m
                where m.team_id = c.team_id and m.role in ('lead', 'supervisor')
                  and cases.may_lead(m.account_id, c.id)
                  and not access.is_conflicted(m.account_id, of_report)
                limit 3) end;
        foreach who in array heirs loop
            perform access.notify('family-reported-again', null, who, 'report', of_report,
                jsonb_build_object('family', one.number));
        end loop;
        update cases_waking set told = cardinality(heirs) where id = made;
    end loop;
    return woken;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0021_transfers_and_helpers")]
    operations = [
        migrations.CreateModel(
            name="Waking",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("matter_id", models.UUIDField()),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("elsewhere", models.BooleanField(default=False, help_text="The report lies in another county.")),
                ("told", models.PositiveSmallIntegerField(default=0, help_text="How many were told of it.")),
                ("family", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="wakings", to="cases.familyfile")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("family", "matter_id"), name="woken_once_a_report")]},
        ),
        VaultFunction(WAKE, {"triage.wake_families(uuid)": ("worker",)}),
    ]
