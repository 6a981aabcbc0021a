"""What workers say of a household's members: facts of our own source, that can be taken back."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

CORRECTING = """
-- Only by a team with an open case in the family, of somebody in its household, of a kind that our own
-- manifest yields. A relative is named by the number that a register holds; without one nothing is said.
create function cases.correct_household(
    about uuid, person uuid, other uuid, what text, kind text, value jsonb,
    begins date, ends date, forms jsonb, packed bytea, flat bigint, reason text, delivery uuid,
    record uuid, link_author text, kin text[], together text[], residence text[], sources text[],
    most integer
) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    at timestamptz := clock.now();
    made uuid := gen_random_uuid();
    named text;
begin
    if not cases.works_in_household(about) then raise exception 'correction: not-yours'; end if;
    if exists (select from unnest(array[person, other]) one where one is not null
               and (one = any(array(select access.closed_to_me()))
                    or one not in (select e.person from cases.household_evidence(about, kin,
                        together, residence, sources, most, at::date, at, false) e))) then
        raise exception 'correction: not-a-member';
    end if;
    if not exists (select from registries_source s, jsonb_array_elements(s.manifest -> 'facts') f
                   where s.manifest ->> 'transport' = 'own' and f ->> 'kind' = correct_household.kind) then
        raise exception 'correction: no-such-kind';
    end if;
    if other is not null then
        select encode(i.id_token, 'hex') into named from people_identity i
        where i.person_id = other and i.id_token is not null and not i.superseded
        order by i.source_id, i.record_key limit 1;
        if named is null then raise exception 'correction: no-number'; end if;
    end if;
    insert into registries_delivery (id, source_id, mode, file_sha256, manifest_version, delivered_at,
        began_at, known_at, state, accepted, quarantined, reasons)
    select delivery, s.id, 'incremental', encode(sha256(convert_to(delivery::text, 'utf8')), 'hex'),
        s.version, at, at, at, 'published', 1, 0, '{}'
    from registries_source s where s.manifest ->> 'transport' = 'own';
    insert into registries_record (id, source_id, record_key, delivery_id, values, withdrawn)
    select record, d.source_id, 'correction/' || made, d.id, jsonb_build_object('reason', reason), false
    from registries_delivery d where d.id = delivery;
    insert into registries_fact (source_id, record_id, delivery_id, kind, key, value, valid_from, valid_to)
    select d.source_id, record, d.id, correct_household.kind, named, correct_household.value, begins, ends
    from registries_delivery d where d.id = delivery;
    insert into people_identity (record_id, source_id, record_key, delivery_id, person_id, forms, packed,
        full_key, superseded)
    select record, d.source_id, 'correction/' || made, d.id, person, correct_household.forms,
        correct_household.packed, flat, false
    from registries_delivery d where d.id = delivery;
    insert into people_link (id, record_id, person_id, judgement, author, by_person, probability, weight,
        reasons, judged_at)
    values (gen_random_uuid(), record, person, 'same', link_author, true, 1, 0, '[]', at);
    insert into cases_correction (id, family_id, person_id, other_id, what, told_on, record_id, reason, by, at)
    values (made, about, person, other, what, coalesce(begins, ends), record, reason, access.actor(), at);
    return made;
end
$$;

create function cases.works_in_household(about uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select about <> all(array(select access.closed_to_me())) and exists (
        select from cases_case c where c.family_id = about and c.closed_at is null
          and c.team_id = any((select access.teams())::text[]))
$$;

-- Taking back: a later version of the record that is withdrawn. It stays readable as of its own time.
create function cases.take_correction_back(correction uuid, delivery uuid, record uuid) returns boolean
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    said cases_correction;
    now_at timestamptz := clock.now();
begin
    select * into said from cases_correction c where c.id = correction and c.undone_at is null for update;
    if said.id is null or not cases.works_in_household(said.family_id) then return false; end if;
    insert into registries_delivery (id, source_id, mode, file_sha256, manifest_version, delivered_at,
        began_at, known_at, state, accepted, quarantined, reasons)
    select delivery, s.id, 'incremental', encode(sha256(convert_to(delivery::text, 'utf8')), 'hex'),
        s.version, now_at, now_at, now_at, 'published', 1, 0, '{}'
    from registries_source s where s.manifest ->> 'transport' = 'own';
    insert into registries_record (id, source_id, record_key, delivery_id, values, withdrawn)
    select record, d.source_id, 'correction/' || said.id, d.id, '{}', true
    from registries_delivery d where d.id = delivery;
    update cases_correction set undone_at = now_at, undone_by = access.actor() where id = said.id;
    return true;
end
$$;
"""
ID = models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_risk_warnings")]
    operations = [
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", ID),
                (
                    "family",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="cases.familyfile",
                    ),
                ),
                ("person_id", models.UUIDField()),
                ("other_id", models.UUIDField(null=True)),
                ("what", models.CharField(max_length=40)),
                ("told_on", models.DateField()),
                ("record_id", models.UUIDField()),
                ("reason", models.TextField()),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by", models.UUIDField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["family", "-at"], name="corrections_of_family"),
                ],
            },
        ),
        VaultFunction(
            CORRECTING,
            {
                "cases.correct_household(uuid, uuid, uuid, text, text, jsonb, date, date, jsonb, bytea,"
                " bigint, text, uuid, uuid, text, text[], text[], text[], text[], integer)": ("app",),
                "cases.works_in_household(uuid)": (),
                "cases.take_correction_back(uuid, uuid, uuid)": ("app",),
            },
        ),
    ]
