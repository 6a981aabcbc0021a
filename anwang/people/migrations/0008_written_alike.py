"""Records in the same words share one set of keys: the first of them has it.

A register tells of a person in the same words with every visit, dose and journey. What finds one of
these records finds the person; the others point at it (`like_no`) and need no keys of their own until
one of the two is superseded or judged to be somebody else's.
"""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Called for a record that is superseded or becomes another person's. Whoever shared keys with it and no
-- longer stands beside it gets them: the first of the others for all of them, a record that leaves the
-- others for itself. All records of one statement are looked at as it leaves them.
create function people.part_alike() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    shared bigint[];
    heir bigint;
begin
    if new.like_no is not null then
        if new.superseded or new.person_id is null then return null; end if;
        select f.keys into shared from people_identity f
        where f.no = new.like_no
          and (f.superseded or f.person_id is distinct from new.person_id);
        if not found then return null; end if;
        insert into people_key (key, identity_no) select unnest(shared), new.no on conflict do nothing;
        update people_identity i set like_no = null, keys = shared where i.no = new.no;
        return null;
    end if;
    if new.keys is null or not (new.superseded or new.person_id is distinct from old.person_id) then
        return null;
    end if;
    select min(i.no) into heir from people_identity i
    where i.person_id = old.person_id and i.like_no = new.no and not i.superseded;
    if heir is not null then
        insert into people_key (key, identity_no) select unnest(new.keys), heir on conflict do nothing;
        update people_identity i set like_no = null, keys = new.keys, told = new.told
        where i.no = heir;
        update people_identity i set like_no = heir
        where i.person_id = old.person_id and i.like_no = new.no and not i.superseded;
    end if;
    return null;
end
$$;
"""
HUNG = """
create trigger part_alike after update of superseded, person_id on people_identity
    for each row when (new.superseded is distinct from old.superseded
        or new.person_id is distinct from old.person_id)
    execute function people.part_alike();
"""
UNHUNG = "drop trigger if exists part_alike on people_identity"


class Migration(migrations.Migration):
    dependencies = [("people", "0007_findings")]
    operations = [
        migrations.AddField(
            model_name="identity",
            name="told",
            field=models.BigIntegerField(
                null=True, help_text="Digest of the words, of the first record in these words."
            ),
        ),
        migrations.AddField(
            model_name="identity",
            name="like_no",
            field=models.BigIntegerField(
                null=True, help_text="The record in the same words whose keys find this one too."
            ),
        ),
        migrations.AddField(
            model_name="identity",
            name="keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="identity",
            index=models.Index(
                condition=Q(("told__isnull", False)), fields=["told"], name="identity_as_told"
            ),
        ),
        VaultFunction(FUNCTIONS, {"people.part_alike()": ()}),
        migrations.RunSQL(HUNG, reverse_sql=UNHUNG),
    ]
