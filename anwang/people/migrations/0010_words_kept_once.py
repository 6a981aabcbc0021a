"""The words of records that tell the same are kept once: with the first of them.

Three of four records of a register say what an earlier one said; their forms and columns were most of
what identities took on the disk. Rows written before keep their copies, which nobody reads. Code of before
cannot read what is written from now on; no version of it was given to anybody.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- As in 0008_written_alike. Who stands for itself from now on has words of its own, too.
create or replace function people.part_alike() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    heir bigint;
begin
    if new.like_no is not null then
        if new.superseded or new.person_id is null then return null; end if;
        update people_identity i set like_no = null, keys = f.keys, forms = f.forms, packed = f.packed
        from people_identity f
        where i.no = new.no and f.no = new.like_no
          and (f.superseded or f.person_id is distinct from new.person_id);
        if not found then return null; end if;
        insert into people_key (key, identity_no)
        select unnest(i.keys), i.no from people_identity i where i.no = new.no on conflict do nothing;
        return null;
    end if;
    if new.keys is null or not (new.superseded or new.person_id is distinct from old.person_id) then
        return null;
    end if;
    select min(i.no) into heir from people_identity i
    where i.person_id = old.person_id and i.like_no = new.no and not i.superseded;
    if heir is not null then
        insert into people_key (key, identity_no) select unnest(new.keys), heir on conflict do nothing;
        update people_identity i set like_no = null, keys = new.keys, told = new.told,
            forms = new.forms, packed = new.packed
        where i.no = heir;
        update people_identity i set like_no = heir
        where i.person_id = old.person_id and i.like_no = new.no and not i.superseded;
    end if;
    return null;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0009_indexes_once")]
    operations = [
        migrations.AlterField(
            model_name="identity",
            name="forms",
            field=models.JSONField(null=True, help_text="None where it is like another (`like_no`)."),
        ),
        migrations.AlterField(
            model_name="identity",
            name="packed",
            field=models.BinaryField(
                null=True, help_text="The forms as columns of numbers, ready to compare."
            ),
        ),
        AddConstraintNotValid(
            model_name="identity",
            constraint=models.CheckConstraint(
                condition=Q(like_no__isnull=False)
                | Q(forms__isnull=False, packed__isnull=False),
                name="identity_has_words",
            ),
        ),
        VaultFunction(FUNCTIONS, {"people.part_alike()": ()}),
    ]
