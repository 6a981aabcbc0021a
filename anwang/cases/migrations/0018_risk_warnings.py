"""Signals that a family was found to have, and which families a new delivery may have changed."""

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

TOUCHED = """
-- Families with an open case, and the new records that may tell something of their household: of
-- somebody whom the last look at it found, of the same flat, of the same registered household, or naming
-- one of them by number. New are those of deliveries known since `after`; their ids begin like their delivery's. A delivery of more than
-- `most` rows is looked at from the families' side, for records of their members alone.
create function cases.records_of_interest(after timestamptz, most integer)
    returns table (family uuid, record uuid)
    language plpgsql stable security definer set search_path = public, pg_temp
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
    return query
    with fresh as materialized (
        select d.id, d.source_id::text as source, d.accepted,
            (substr(replace(d.id::text, '-', ''), 1, 20) || repeat('0', 12))::uuid as low,
            (substr(replace(d.id::text, '-', ''), 1, 20) || repeat('f', 12))::uuid as high
        from registries_delivery d where d.state = 'published' and d.known_at > after
    ),
    told (record, person, flat, token) as materialized (
        select i.record_id, i.person_id, i.full_key, i.id_token
        from fresh f join people_identity i on i.record_id between f.low and f.high
        where f.accepted <= most
        union
        select r.id, i.person_id, i.full_key, i.id_token
        from fresh f join registries_record r
            on r.id between f.low and f.high and r.source_id = f.source and r.withdrawn
        join people_identity i on i.source_id = r.source_id and i.record_key = r.record_key
        where f.accepted <= most
    ),
    of_person (record, person) as materialized (
        select t.record, t.person from told t where t.person is not null
        union
        select t.record, i.person_id from told t
        join people_identity i on i.full_key = t.flat where t.flat is not null
        union
        select t.record, i.person_id from told t
        join registries_fact f on f.record_id = t.record and f.key is not null
        join registries_fact g on g.key = f.key and g.kind = f.kind and g.record_id <> f.record_id
        join people_identity i on i.record_id = g.record_id
        union
        select t.record, i.person_id from told t
        join registries_fact f on f.record_id = t.record and f.key ~ '^[0-9a-f]{64}$'
        join people_identity i on i.id_token = decode(f.key, 'hex')
    )
    select distinct l.family_id, o.record
    from of_person o join cases_signallook l on l.persons @> array[o.person]
    where exists (select from cases_case c where c.family_id = l.family_id and c.closed_at is null)
    union
    select distinct l.family_id, i.record_id
    from fresh f join cases_signallook l on f.accepted > most
    cross join lateral unnest(l.persons) member (person)
    join people_identity i on i.person_id = member.person
        and i.record_id between f.low and f.high
    where exists (select from cases_case c where c.family_id = l.family_id and c.closed_at is null);
end
$$;

-- Whom to tell of a change in a family: who leads an open case of it and may know of it.
create function cases.leads_to_warn(family uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct c.lead from cases_case c
    where c.family_id = family and c.closed_at is null and not access.is_conflicted(c.lead, family)
      and not exists (
          select from access_seal s where s.object_id in (family, c.id) and s.until is null
            and not exists (select from access_sealmember m where m.seal_id = s.id
                            and m.account_id = c.lead and m.until is null))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_household_evidence")]
    operations = [
        migrations.CreateModel(
            name="SignalHeld",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "family",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signals",
                        to="cases.familyfile",
                    ),
                ),
                ("signal_id", models.CharField(max_length=60)),
                (
                    "about",
                    models.CharField(
                        help_text="The signal and the ids of whom it is about.", max_length=200
                    ),
                ),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
                (
                    "warned",
                    models.BooleanField(
                        help_text="Found by something new; not there at the first look."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(until__isnull=True),
                        fields=["family", "about"],
                        name="a_signal_is_held_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignalLook",
            fields=[
                (
                    "family",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="cases.familyfile",
                    ),
                ),
                ("looked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                (
                    "persons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                (
                    "seen",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["looked_at"], name="signals_looked_at_longest_ago"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["persons"], name="signals_looked_at_persons"
                    ),
                ],
            },
        ),
        VaultFunction(
            TOUCHED,
            {
                "cases.records_of_interest(timestamptz, integer)": ("worker",),
                "cases.leads_to_warn(uuid)": ("worker",),
            },
        ),
    ]
