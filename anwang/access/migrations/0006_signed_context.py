"""Who acts is signed: an injection that sets a variable is still nobody (R3, B3).

The claim (anwang/access/rules/claims.py) is verified here against a key that only the vault's role
may read, and holds for one transaction on one backend. Everything that is not exactly a claim of
ours gives null, and null sees no rows.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

TABLE = """
create table vault.context_key (
    only_one boolean primary key default true check (only_one),
    inner_block bytea not null check (length(inner_block) = 64),
    outer_block bytea not null check (length(outer_block) = 64),
    installed_at timestamptz not null default clock.now()
);
"""
FUNCTIONS = """
create function access.install_context_key(new_inner bytea, new_outer bytea) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    insert into vault.context_key (inner_block, outer_block) values (new_inner, new_outer)
    on conflict (only_one) do update
        set inner_block = excluded.inner_block, outer_block = excluded.outer_block,
            installed_at = clock.now()
        where context_key.inner_block <> excluded.inner_block
$$;

-- The parts of the claim in force: version, actor, kind, began, ends, backend, purpose. Real time and
-- not clock.now(), which jumps in a demo. What the leader verified a parallel worker is not asked.
create function access.claim() returns text[]
    language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$
declare
    said text := current_setting('anwang.context', true);
    told text;
    parts text[];
    own vault.context_key;
begin
    if said is null or said = '' then
        return null;
    end if;
    select * into own from vault.context_key;
    told := substr(said, 66);
    -- Both sums are summed again, so that how far they agree shows in no time.
    if sha256(own.outer_block || convert_to(left(said, 64), 'UTF8')) is distinct from
       sha256(own.outer_block || convert_to(encode(sha256(own.outer_block
           || sha256(own.inner_block || convert_to(told, 'UTF8'))), 'hex'), 'UTF8')) then
        return null;
    end if;
    parts := string_to_array(told, '|');
    if parts[1] = 'v1' and cardinality(parts) = 7
       and parts[4]::bigint = (extract(epoch from now()) * 1000000)::bigint
       and parts[5]::bigint > (extract(epoch from clock_timestamp()) * 1000000)::bigint
       and parts[6]::integer = pg_backend_pid() then
        return parts;
    end if;
    return null;
end
$$;

-- Without a search_path of their own, so that the planner can open them in a policy.
create or replace function access.actor() returns uuid
    language sql stable parallel restricted
as $$ select (access.claim())[2]::pg_catalog.uuid $$;

create function access.purpose() returns text
    language sql stable parallel restricted
as $$ select (access.claim())[7] $$;

create function access.actor_kind() returns text
    language sql stable parallel restricted
as $$ select (access.claim())[3] $$;
"""
EVERYBODY = ("app", "door", "worker", "vault", "auditor")


class Migration(migrations.Migration):
    dependencies = [("access", "0005_closed_to_me")]
    operations = [
        migrations.RunSQL(TABLE, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(
            FUNCTIONS,
            {
                "access.install_context_key(bytea, bytea)": (),
                "access.claim()": EVERYBODY,
                "access.actor()": EVERYBODY,
                "access.purpose()": EVERYBODY,
                "access.actor_kind()": EVERYBODY,
            },
        ),
    ]
