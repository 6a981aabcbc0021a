-- The database roles of decision 4. Run once by a superuser on a server of your own:
--   psql -d postgres -f config/roles.sql
-- then give the login roles their passwords and put them into DATABASE_URL and its siblings.
-- No role may bypass row rules; none but the owner owns a table.
do $$
declare
  role_name text;
begin
  perform pg_advisory_xact_lock(815001);
  foreach role_name in array array['anwang_owner', 'anwang_vault'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit nobypassrls nocreatedb nocreaterole', role_name);
    end if;
  end loop;
  foreach role_name in array array['anwang_migrator', 'anwang_app', 'anwang_door', 'anwang_worker',
                                   'anwang_auditor'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I login noinherit nobypassrls nocreatedb nocreaterole', role_name);
    end if;
  end loop;
  if not pg_has_role('anwang_migrator', 'anwang_owner', 'member') then
    grant anwang_owner to anwang_migrator;
  end if;
  if not pg_has_role('anwang_migrator', 'anwang_vault', 'member') then
    grant anwang_vault to anwang_migrator;
  end if;
  -- pg_stat_activity shows a session's statement to every session of the same role, values and all.
  foreach role_name in array array['anwang_app', 'anwang_door', 'anwang_worker', 'anwang_auditor'] loop
    if not exists (select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
                   where r.rolname = role_name and 'track_activities=off' = any(s.setconfig)) then
      execute format('alter role %I set track_activities = off', role_name);
    end if;
  end loop;
end
$$;
