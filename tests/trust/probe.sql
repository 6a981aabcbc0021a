-- The probe of the tests' own databases: runs statements as whoever calls it, takes each back, and
-- gives what it said. Belongs to the superuser and lends nobody any right.
create schema probe;
grant usage on schema probe to public;

-- `befores` run first in the same subtransaction (null: nothing). A result has one line a row;
-- an error has everything that the client would be told. `touched` are the rows changed, as JSON.
create function probe.run(befores text[], statements text[])
    returns table (number integer, outcome text, said text, counted bigint, touched text)
    language plpgsql
as $$
declare
    one record;
    message text;
    detail text;
    hint text;
    place text;
begin
    for number in 1 .. cardinality(statements) loop
        said := '';
        counted := 0;
        touched := '';
        begin
            perform set_config('probe.touched', '', true);
            if befores[number] is not null then
                execute befores[number];
            end if;
            if statements[number] ~* '^\s*(select|table|values|with|explain|show|fetch)\y'
               or statements[number] ~* '\yreturning\y' then
                for one in execute statements[number] loop
                    counted := counted + 1;
                    said := said || one::text || chr(10);
                    exit when counted > 2000;  -- the largest public list has fewer rows
                end loop;
            else
                execute statements[number];
                get diagnostics counted = row_count;
            end if;
            touched := current_setting('probe.touched', true);
            raise exception using errcode = 'PROBE';
        exception
            when sqlstate 'PROBE' then
                outcome := 'done';
            when others then
                get stacked diagnostics message = message_text, detail = pg_exception_detail,
                    hint = pg_exception_hint, place = pg_exception_context,
                    outcome = returned_sqlstate;
                said := said || concat_ws(' | ', message, detail, hint,
                    split_part(place, 'PL/pgSQL function probe.run', 1));
        end;
        return next;
    end loop;
end
$$;

-- Fires for every row that a statement changes or deletes, within definer functions too.
create function probe.touch() returns trigger language plpgsql
as $$
begin
    perform set_config('probe.touched', current_setting('probe.touched', true)
        || jsonb_build_object('op', tg_op, 'row', to_jsonb(old)) || chr(10), true);
    return null;
end
$$;

do $$
declare
    one record;
begin
    for one in select c.oid::regclass as place from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition
          and n.nspname !~ '^(pg_|information_schema|probe)'
    loop
        execute format('create trigger zz_probe after update or delete on %s for each row'
            ' execute function probe.touch()', one.place);
    end loop;
end
$$;
