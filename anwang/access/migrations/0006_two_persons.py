"""Acts of two persons of different rank, held by the database itself (R6, R7, R14)."""

import uuid

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

# What was asked stays; what was answered is answered; an end only comes nearer.
STAYS = """
create function access.twofold_stays() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if tg_op = 'DELETE' then raise exception 'two-persons: kept-for-ever'; end if;
    if tg_op = 'INSERT' then
        if new.approved_by is not null or new.approved_at is not null or new.declined_at is not null
           or new.ends_at is not null or new.used_at is not null or new.uses <> 0 then
            raise exception 'two-persons: answered-before-asking';
        end if;
        return new;
    end if;
    if (new.id, new.act, new.object_kind, new.object_id, new.ground, new.text, new.payload, new.digest,
        new.county, new.asked_by, new.asked_role, new.asked_team, new.asked_at, new.expires_at,
        new.single_use)
       is distinct from
       (old.id, old.act, old.object_kind, old.object_id, old.ground, old.text, old.payload, old.digest,
        old.county, old.asked_by, old.asked_role, old.asked_team, old.asked_at, old.expires_at,
        old.single_use) then
        raise exception 'two-persons: changed-after-asking';
    end if;
    if old.approved_at is not null and (
        (new.approved_by, new.approved_role, new.approved_at)
            is distinct from (old.approved_by, old.approved_role, old.approved_at)
        or new.ends_at is null or new.ends_at > old.ends_at) then
        raise exception 'two-persons: changed-after-approval';
    end if;
    if old.declined_at is not null and (new.declined_at is distinct from old.declined_at
        or new.approved_at is not null) then
        raise exception 'two-persons: changed-after-declining';
    end if;
    if new.approved_at is not null and new.ends_at > new.approved_at + interval '30 minutes' then
        raise exception 'two-persons: too-long';
    end if;
    if old.used_at is not null and (new.used_at is distinct from old.used_at
        or (old.single_use and new.uses <> old.uses)) or new.uses < old.uses then
        raise exception 'two-persons: used-again';
    end if;
    return new;
end
$$;
create trigger twofold_stays before insert or update or delete on access_twofold
    for each row execute function access.twofold_stays();
"""

FUNCTIONS = """
create function access.accounts_of_human(wanted uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select wanted
    union
    select other.id from access_account mine join access_account other on other.human = mine.human
    where mine.id = wanted
$$;

create function access.is_conflicted(who uuid, about uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_conflict c
        where c.object_id = about and c.account_id in (select access.accounts_of_human(who))
          and c.since <= clock.now() and (c.until is null or c.until > clock.now()))
$$;

-- The seats of an active account now, each with its rank.
create function access.ranked_seats(who uuid)
    returns table (role text, team_id text, county text, rank smallint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select m.role::text, m.team_id::text, m.county::text, r.rank
    from access_membership m join access_rank r on r.role = m.role
    join access_account a on a.id = m.account_id and a.is_active
    where m.account_id = who and m.since <= clock.now()
      and (m.until is null or m.until > clock.now())
    order by r.rank, m.role, m.team_id
$$;

create function access.twofold_digest(t access_twofold) returns bytea
    language sql stable security definer set search_path = public, pg_temp
as $$
    select sha256(convert_to(jsonb_build_array(t.id, t.act, t.object_kind, t.object_id, t.ground,
        t.text, t.payload, t.county, t.asked_by, t.asked_role, t.asked_team, t.expires_at,
        t.single_use)::text, 'UTF8'))
$$;

-- Why this account may not approve this request now; null where it may.
create function access.twofold_hindrance(t access_twofold, who uuid) returns text
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    rules access_twofoldact;
begin
    select * into rules from access_twofoldact where act = t.act;
    if rules is null then return 'no-such-act'; end if;
    if who is null then return 'nobody-acts'; end if;
    if t.digest <> access.twofold_digest(t) then return 'changed'; end if;
    if who in (select access.accounts_of_human(t.asked_by)) then return 'same-human'; end if;
    if (select kind from clock.instance) = 'production' and exists (
        select from access_account a where a.id in (who, t.asked_by) and a.human is null) then
        return 'human-unknown';
    end if;
    if not exists (select from access.ranked_seats(t.asked_by) s where s.role = any(rules.ask_roles))
    then return 'asker-may-not'; end if;
    if not exists (select from access.ranked_seats(who) s
        where s.role = any(rules.approve_roles)
          and (s.county is null or s.county = t.county)
          -- A rank that the asker holds himself is no other rank.
          and s.rank <> all(array(select rank from access.ranked_seats(t.asked_by)))) then
        return 'may-not-approve';
    end if;
    if t.object_id is not null and (access.is_conflicted(who, t.object_id)
        or access.is_conflicted(t.asked_by, t.object_id)) then
        return 'conflicted';
    end if;
    return null;
end
$$;

create function access.two_ask(
    for_act text, about_kind text, about uuid, on_ground text, with_text text, with_payload jsonb
) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    rules access_twofoldact;
    seat record;
    made access_twofold;
    other uuid;
begin
    select * into rules from access_twofoldact where act = for_act;
    if rules is null then raise exception 'two-persons: no-such-act'; end if;
    if me is null then raise exception 'two-persons: nobody-acts'; end if;
    select * into seat from access.ranked_seats(me) s where s.role = any(rules.ask_roles) limit 1;
    if not found then raise exception 'two-persons: may-not-ask'; end if;
    if about is not null and (access.is_conflicted(me, about)
        or about = any(array(select access.closed_to_me()))) then
        raise exception 'two-persons: conflicted';
    end if;
    if not exists (select from jsonb_array_elements(rules.grounds) g where g ->> 'code' = on_ground) then
        raise exception 'two-persons: no-such-ground';
    end if;
    if length(regexp_replace(with_text, '\\s+', '', 'g')) < rules.minimum_text then
        raise exception 'two-persons: text-too-short';
    end if;
    made.id := gen_random_uuid();
    made.act := for_act;
    made.object_kind := about_kind;
    made.object_id := about;
    made.ground := on_ground;
    made.text := with_text;
    made.payload := with_payload;
    made.county := seat.county;
    made.asked_by := me;
    made.asked_role := seat.role;
    made.asked_team := seat.team_id;
    made.asked_at := clock.now();
    made.expires_at := made.asked_at + make_interval(hours => rules.open_hours);
    made.single_use := rules.single_use;
    made.decline_reason := '';
    made.uses := 0;
    made.digest := access.twofold_digest(made);
    insert into access_twofold values (made.*);
    for other in
        select distinct m.account_id from access_membership m
        where m.role = any(rules.approve_roles) and (m.county is null or m.county = seat.county)
    loop
        if access.twofold_hindrance(made, other) is null then
            perform access.notify('two-persons-asked', null, other, about_kind, about,
                jsonb_build_object('request', made.id, 'act', for_act));
        end if;
    end loop;
    return made.id;
end
$$;

create function access.two_approve(request uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    t access_twofold;
    rules access_twofoldact;
    hindrance text;
    now timestamptz := clock.now();
begin
    select * into t from access_twofold where id = request for update;
    if not found then raise exception 'two-persons: no-such-request'; end if;
    if t.object_id = any(array(select access.closed_to_me())) then
        raise exception 'two-persons: no-such-request';
    end if;
    hindrance := access.twofold_hindrance(t, me);
    if hindrance is not null then raise exception 'two-persons: %', hindrance; end if;
    if t.approved_at is not null or t.declined_at is not null then
        raise exception 'two-persons: answered-already';
    end if;
    if t.expires_at <= now then raise exception 'two-persons: expired'; end if;
    select * into rules from access_twofoldact where act = t.act;
    update access_twofold set approved_by = me, approved_at = now,
        approved_role = (select s.role from access.ranked_seats(me) s
            where s.role = any(rules.approve_roles)
              and (s.county is null or s.county = t.county)
              and s.rank <> all(array(select rank from access.ranked_seats(t.asked_by))) limit 1),
        ends_at = now + make_interval(mins => rules.minutes)
    where id = request;
    perform access.notify('two-persons-approved', null, t.asked_by, t.object_kind, t.object_id,
        jsonb_build_object('request', t.id, 'act', t.act));
end
$$;

create function access.two_decline(request uuid, reason text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
    t access_twofold;
    hindrance text;
begin
    select * into t from access_twofold where id = request for update;
    if not found or t.object_id = any(array(select access.closed_to_me())) then
        raise exception 'two-persons: no-such-request';
    end if;
    if t.approved_at is not null or t.declined_at is not null then
        raise exception 'two-persons: answered-already';
    end if;
    -- Who asked may take the request back; anybody else must be one who could approve it.
    if me is distinct from t.asked_by then
        hindrance := access.twofold_hindrance(t, me);
        if hindrance is not null then raise exception 'two-persons: %', hindrance; end if;
    end if;
    if length(btrim(reason)) < 2 then raise exception 'two-persons: text-too-short'; end if;
    update access_twofold set declined_by = me, declined_at = clock.now(), decline_reason = reason
    where id = request;
    if me <> t.asked_by then
        perform access.notify('two-persons-declined', null, t.asked_by, t.object_kind, t.object_id,
            jsonb_build_object('request', t.id, 'act', t.act));
    end if;
end
$$;

-- Whether the actor may use an approved request now, for just this act and object; null where so.
create function access.two_unusable(request uuid, for_act text, about uuid) returns text
    language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
    t access_twofold;
    hindrance text;
    now timestamptz := clock.now();
begin
    select * into t from access_twofold where id = request;
    if not found or t.asked_by is distinct from access.actor() then return 'no-such-request'; end if;
    if t.act is distinct from for_act or t.object_id is distinct from about then
        return 'another-act';
    end if;
    if t.approved_at is null then return 'not-approved'; end if;
    if t.approved_at > now or t.ends_at <= now then return 'expired'; end if;
    if t.single_use and t.used_at is not null then return 'used-already'; end if;
    -- Rights that ended since the approval end it too (R4), and so does a conflict (R5).
    hindrance := access.twofold_hindrance(t, t.approved_by);
    if hindrance is not null then return hindrance; end if;
    if t.object_id = any(array(select access.closed_to_me())) then return 'conflicted'; end if;
    return null;
end
$$;

create function access.two_use(request uuid, for_act text, about uuid) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    unusable text;
    found_payload jsonb;
begin
    perform from access_twofold where id = request for update;
    unusable := access.two_unusable(request, for_act, about);
    if unusable is not null then raise exception 'two-persons: %', unusable; end if;
    update access_twofold set used_at = coalesce(used_at, clock.now()), uses = uses + 1
    where id = request returning payload into found_payload;
    return found_payload;
end
$$;

create function access.two_for_me() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select t.id from access_twofold t
    where t.approved_at is null and t.declined_at is null and t.expires_at > clock.now()
      and access.twofold_hindrance(t, access.actor()) is null
$$;
"""
SIGNATURES = {
    "access.accounts_of_human(uuid)": (),
    "access.is_conflicted(uuid, uuid)": (),
    "access.ranked_seats(uuid)": (),
    "access.twofold_digest(access_twofold)": (),
    "access.twofold_hindrance(access_twofold, uuid)": (),
    "access.two_ask(text, text, uuid, text, text, jsonb)": ("app",),
    "access.two_approve(uuid)": ("app",),
    "access.two_decline(uuid, text)": ("app",),
    "access.two_unusable(uuid, text, uuid)": ("app",),
    "access.two_use(uuid, text, uuid)": ("app",),
    "access.two_for_me()": ("app",),
}


class Migration(migrations.Migration):
    dependencies = [("access", "0006_signed_context")]
    operations = [
        migrations.CreateModel(
            name="Rank",
            fields=[
                ("role", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("rank", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="TwofoldAct",
            fields=[
                ("act", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("ask_roles", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ("approve_roles", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ("minimum_text", models.PositiveSmallIntegerField()),
                ("open_hours", models.PositiveSmallIntegerField()),
                ("minutes", models.PositiveSmallIntegerField()),
                ("single_use", models.BooleanField()),
                ("grounds", models.JSONField()),
                ("text", models.JSONField()),
                ("citation", models.TextField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(minutes__gte=1, minutes__lte=30), name="an_act_lasts_half_an_hour"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Twofold",
            fields=[
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)),
                ("act", models.CharField(max_length=40)),
                ("object_kind", models.CharField(max_length=20)),
                ("object_id", models.UUIDField(null=True)),
                ("ground", models.CharField(max_length=40)),
                ("text", models.TextField()),
                ("payload", models.JSONField(default=dict)),
                ("digest", models.BinaryField(max_length=32, help_text="Of all that was asked, and by whom.")),
                ("county", models.CharField(max_length=5, null=True)),
                ("asked_by", models.UUIDField()),
                ("asked_role", models.CharField(max_length=40)),
                ("asked_team", models.CharField(max_length=64)),
                ("asked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("expires_at", models.DateTimeField()),
                ("single_use", models.BooleanField()),
                ("approved_by", models.UUIDField(null=True)),
                ("approved_role", models.CharField(max_length=40, null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                ("declined_by", models.UUIDField(null=True)),
                ("declined_at", models.DateTimeField(null=True)),
                ("decline_reason", models.TextField(blank=True, default="")),
                ("used_at", models.DateTimeField(null=True)),
                ("uses", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["act", "expires_at"], name="open_requests",
                        condition=Q(approved_by__isnull=True, declined_by__isnull=True),
                    ),
                    models.Index(fields=["asked_by", "-asked_at"], name="requests_of_asker"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("asked_by")),
                        name="nobody_approves_himself",
                    ),
                    models.CheckConstraint(
                        condition=Q(approved_by__isnull=True) | Q(declined_by__isnull=True),
                        name="approved_or_declined",
                    ),
                    models.CheckConstraint(
                        condition=Q(used_at__isnull=True) | Q(approved_at__lte=F("used_at")),
                        name="used_after_approval",
                    ),
                ],
            },
        ),
        migrations.RunSQL(STAYS, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(FUNCTIONS, SIGNATURES),
    ]  # fmt: skip
