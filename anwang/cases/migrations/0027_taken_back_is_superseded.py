"""A correction that was taken back is marked as superseded, since what is known now is read by that mark."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction, WithForceLifted

TAKING_BACK = """
-- Taking back: a later version of the record that is withdrawn. It stays readable as of its own
-- time; of now it is out of force, as whatever a newer version took the place of.
create or replace function cases.take_correction_back(correction uuid, delivery uuid, record uuid) returns boolean
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
    update people_identity set superseded = true where record_id = said.record_id;
    update cases_correction set undone_at = now_at, undone_by = access.actor() where id = said.id;
    return true;
end
$$;
"""
EARLIER = """
update people_identity set superseded = true where not superseded and record_id in (
    select record_id from cases_correction where undone_at is not null);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0026_keys_of_households_alone"),
        ("households", "0002_reading_now"),
    ]
    operations = [
        VaultFunction(
            TAKING_BACK, {"cases.take_correction_back(uuid, uuid, uuid)": ("app",)}
        ),
        WithForceLifted(("people_identity", "cases_correction"), EARLIER),
    ]
