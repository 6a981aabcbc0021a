"""What is closed is marked on the row: no function tells anybody ids of what he may not see (R5, R8).

`access.closed_to_me()` gave every policy the ids of all that is closed to the reader, and so gave them
to whoever asked it himself. It stays for the vault's functions. Policies read the two columns that
`anwang prepare` adds to each table with closed columns (anwang/access/rules/closing_marks.py).
"""

from django.db import migrations, models

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- To whom an object of these is closed by conflict, and for whom alone the sealed ones are; null: none.
-- An end in the future does not count yet, and of who is named a future one counts at once.
create function access.closings(objects uuid[]) returns table (closed_to uuid[], sealed_for uuid[])
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    seals uuid[];
begin
    closed_to := nullif(array(select distinct c.account_id from access_conflict c
        where c.object_id = any(objects) and (c.until is null or c.until > clock.now())), '{}');
    seals := array(select s.id from access_seal s
        where s.object_id = any(objects) and (s.until is null or s.until > clock.now()));
    if seals <> '{}' then
        sealed_for := array(select m.account_id from access_sealmember m
            where m.seal_id = any(seals) and m.since <= clock.now() and m.until is null
            group by 1 having count(distinct m.seal_id) = cardinality(seals));
    end if;
    return next;
end
$$;

create function access.stands_open(me uuid, closed_to uuid[], sealed_for uuid[]) returns boolean
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
    return me is not null and (closed_to is null or me <> all(closed_to))
        and (sealed_for is null or me = any(sealed_for));
end
$$;

create function access.closing_changed() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    objects uuid[] := '{}';
begin
    if tg_op <> 'DELETE' then
        if tg_table_name = 'access_sealmember' then
            objects := array(select s.object_id from fresh f join access_seal s on s.id = f.seal_id);
        else
            objects := array(select f.object_id from fresh f);
        end if;
    end if;
    if tg_op <> 'INSERT' then
        if tg_table_name = 'access_sealmember' then
            objects := objects || array(select s.object_id from gone g join access_seal s on s.id = g.seal_id);
        else
            objects := objects || array(select g.object_id from gone g);
        end if;
    end if;
    if objects <> '{}' then
        perform access.mark(array(select distinct one from unnest(objects) one));
    end if;
    return null;
end
$$;

-- A row made at the same moment as the conflict that closes it saw nothing of it, nor was it seen.
create function access.mark_again() returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    objects uuid[] := array(
        select object_id from access_conflict where since > clock.now() - interval '5 minutes'
        union select object_id from access_seal where since > clock.now() - interval '5 minutes');
begin
    if objects <> '{}' then
        perform access.mark(objects);
    end if;
end
$$;

create function access.mark_all() returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform access.mark(array(
        select object_id from access_conflict union select object_id from access_seal));
end
$$;

-- For who reads the log: whether nothing of an entry is closed to him. Others learn nothing.
create function access.entry_is_open(objects text[]) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    at timestamptz := clock.now();
begin
    return exists (select from access_membership m where m.account_id = me
            and m.role in ('auditor', 'privacy-officer', 'security-officer')
            and m.since <= at and (m.until is null or m.until > at)
            and (m.holds_until is null or m.holds_until > at))
        and not exists (select from access_conflict c where c.account_id = me
            and c.object_id::text = any(objects) and c.since <= at and (c.until is null or c.until > at))
        and not exists (select from access_seal s where s.object_id::text = any(objects)
            and s.since <= at and (s.until is null or s.until > at)
            and not exists (select from access_sealmember m where m.seal_id = s.id
                and m.account_id = me and m.since <= at and (m.until is null or m.until > at)));
end
$$;
"""
SIGNATURES: dict[str, tuple[str, ...]] = {
    "access.closings(uuid[])": (),
    "access.stands_open(uuid, uuid[], uuid[])": ("app",),
    "access.closing_changed()": (),
    "access.mark_all()": (),
    "access.mark_again()": ("worker",),
    "access.entry_is_open(text[])": ("app",),
}
TRIGGERS = "\n".join(
    f"create trigger closing_{name} after {name} on {table} referencing {rows}"
    " for each statement execute function access.closing_changed();"
    for table in ("access_conflict", "access_seal", "access_sealmember")
    for name, rows in (
        ("insert", "new table as fresh"),
        ("update", "old table as gone new table as fresh"),
        ("delete", "old table as gone"),
    )
)
OF_THE_VAULT_ALONE = (
    "revoke all on function access.closed_to_me()"
    " from public, anwang_app, anwang_door, anwang_worker, anwang_auditor;"
)


class Migration(migrations.Migration):
    dependencies = [("access", "0017_names_of_staff")]
    operations = [
        VaultFunction(FUNCTIONS, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            f"set role anwang_vault; {OF_THE_VAULT_ALONE} set role anwang_owner;",
            reverse_sql=migrations.RunSQL.noop,
        ),
        # A closed object is looked for in each of them.
        *(
            migrations.AddIndex(model, models.Index(fields=["object_id"], name=name))
            for model, name in (
                ("notice", "notices_on_object"),
                ("twofold", "twofolds_on_object"),
                ("glass", "glasses_on_object"),
                ("alarm", "alarms_on_object"),
                ("seal", "seals_on_object"),
            )
        ),
        migrations.AddIndex("conflict", models.Index(fields=["since"], name="conflicts_by_since")),
    ]
