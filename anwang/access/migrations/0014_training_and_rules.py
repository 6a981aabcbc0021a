"""Training and accepted rules, dated, as a condition of opening anything (R2, R4).

Every membership carries until when what its role needs is fulfilled, kept by triggers, so that the
functions of every row rule compare one column more and join nothing.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

HOLDING = """
-- Until when the role's needs are fulfilled by the account; null: it needs nothing, so without end.
create function access.holds_until(who uuid, in_role text) returns timestamptz
    language sql stable security definer set search_path = public, pg_temp
as $$
    select min(coalesce((select max(f.until) from access_fulfilment f
        where f.account_id = who and f.requirement_id = q.id and f.version = q.version
          and f.withdrawn_at is null), 'epoch'))
    from access_requirement q where in_role = any(q.roles)
$$;

create function access.keep_holding() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    new.holds_until := access.holds_until(new.account_id, new.role);
    return new;
end
$$;

create function access.renew_holding() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update access_membership m set holds_until = access.holds_until(m.account_id, m.role)
    where m.account_id = new.account_id;
    return null;
end
$$;

-- After the policy changed: all that it touches.
create function access.renew_all_holding() returns bigint
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with renewed as (
        update access_membership m set holds_until = w.wanted
        from (select id, access.holds_until(account_id, role) as wanted from access_membership
              where until is null or until > clock.now()) w
        where w.id = m.id and m.holds_until is distinct from w.wanted
        returning 1)
    select count(*) from renewed
$$;
"""
# The functions that every row rule and permission rests on: who lacks what his role needs has no
# team, no county and no role, until he has it.
CONTEXT = """
create or replace function access.my_teams() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct team_id from access_membership
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
      and (holds_until is null or holds_until > clock.now())
$$;

create or replace function access.my_counties() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct coalesce(county, '00000') from access_membership
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
      and (holds_until is null or holds_until > clock.now())
$$;

create or replace function access.i_am(wanted text) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership
        where account_id = access.actor() and role = wanted and since <= clock.now()
          and (until is null or until > clock.now())
          and (holds_until is null or holds_until > clock.now()))
$$;

create or replace function access.seats_of(wanted uuid)
    returns table (team_id text, county text, role text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select m.team_id, m.county, m.role from access_membership m
    where m.account_id = wanted and wanted = access.actor() and m.since <= clock.now()
      and (m.until is null or m.until > clock.now())
      and (m.holds_until is null or m.holds_until > clock.now())
    order by 1, 3
$$;

create or replace function access.ranked_seats(who uuid)
    returns table (role text, team_id text, county text, rank smallint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select m.role::text, m.team_id::text, m.county::text, r.rank
    from access_membership m join access_rank r on r.role = m.role
    join access_account a on a.id = m.account_id and a.is_active
    where m.account_id = who and m.since <= clock.now()
      and (m.until is null or m.until > clock.now())
      and (m.holds_until is null or m.holds_until > clock.now())
    order by r.rank, m.role, m.team_id
$$;

create or replace function access.my_glass() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select unnest(g.object_ids) from access_glass g
    where g.account_id = access.actor() and g.opened_at <= clock.now() and clock.now() < g.ends_at
      and (g.ended_at is null or clock.now() < g.ended_at)
      and not g.object_ids && array(select access.closed_to_me())
      and exists (select access.my_counties())
$$;

-- Nations' administrators are of '00000'; nobody's place in a team makes him one.
create function access.counties_i_administer() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct coalesce(county, '00000') from access_membership
    where account_id = access.actor() and role = 'administrator' and since <= clock.now()
      and (until is null or until > clock.now())
      and (holds_until is null or holds_until > clock.now())
$$;

-- Whether the actor has a place, and none that holds now.
create function access.all_lapsed() returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(bool_and(coalesce(holds_until <= clock.now(), false)), false) from access_membership
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
$$;

-- Own needs: what the roles demand, and what is fulfilled until when; null: never.
create function access.my_standing() returns table (requirement_id text, until timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select q.id::text, (select max(f.until) from access_fulfilment f
        where f.account_id = access.actor() and f.requirement_id = q.id
          and f.version = q.version and f.withdrawn_at is null)
    from access_requirement q
    where exists (select from access_membership m where m.account_id = access.actor()
        and m.role = any(q.roles) and m.since <= clock.now()
        and (m.until is null or m.until > clock.now()))
    order by q.kind, q.id
$$;

-- Nobody accepts for another, and nobody notes his own training.
create function access.accept_rules(wanted text) returns timestamptz
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    rules access_requirement;
    me uuid := access.actor();
    holds timestamptz;
begin
    select * into rules from access_requirement where id = wanted and kind = 'rules';
    if rules is null or me is null or not exists (select from access_membership m
        where m.account_id = me and m.role = any(rules.roles)
          and (m.until is null or m.until > clock.now())) then
        raise exception 'people: no-such-rules';
    end if;
    holds := clock.now() + make_interval(days => rules.valid_days);
    insert into access_fulfilment
        (id, account_id, requirement_id, version, passed_on, until, proof, noted_by)
    values (gen_random_uuid(), me, rules.id, rules.version,
        (clock.now() at time zone 'Asia/Taipei')::date, holds, '', me);
    return holds;
end
$$;

-- Who is to be told that something ends soon: once each. The rows are marked as told.
create function access.ending_soon(most integer)
    returns table (fulfilment uuid, account_id uuid, requirement_id text, until timestamptz)
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update access_fulfilment f set warned_at = clock.now()
    where f.id in (select e.id from access_fulfilment e
        join access_requirement q on q.id = e.requirement_id and q.version = e.version
        join access_account a on a.id = e.account_id and a.is_active
        where e.warned_at is null and e.withdrawn_at is null
          and e.until - make_interval(days => q.warn_days) <= clock.now()
          and not exists (select from access_fulfilment later
              where later.account_id = e.account_id and later.requirement_id = e.requirement_id
                and later.version = e.version and later.withdrawn_at is null
                and later.until > e.until)
        order by e.until limit most for update of e skip locked)
    returning f.id, f.account_id, f.requirement_id::text, f.until
$$;
"""
TRIGGERS = """
create trigger keep_holding before insert on access_membership
    for each row execute function access.keep_holding();
create trigger renew_holding after insert or update of withdrawn_at, until on access_fulfilment
    for each row execute function access.renew_holding();
"""
EVERYBODY = ("app", "door", "worker", "vault", "auditor")
uuid_key = models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("access", "0013_invitations")]
    operations = [
        migrations.CreateModel(
            name="Requirement",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("kind", models.CharField(help_text="training or rules", max_length=10)),
                ("version", models.CharField(help_text="A new one must be fulfilled anew.", max_length=20)),
                ("roles", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ("valid_days", models.PositiveSmallIntegerField()),
                ("warn_days", models.PositiveSmallIntegerField()),
                ("text", models.JSONField(help_text="title {zh, en} and points [{zh, en}]")),
                ("citation", models.TextField()),
            ],
            options={"constraints": [
                models.CheckConstraint(condition=Q(kind__in=("training", "rules")), name="requirement_of_a_kind"),
                models.CheckConstraint(condition=Q(warn_days__lt=F("valid_days")), name="requirement_warns_before_its_end"),
            ]},
        ),
        migrations.CreateModel(
            name="Fulfilment",
            fields=[
                ("id", uuid_key),
                ("requirement_id", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=20)),
                ("passed_on", models.DateField()),
                ("until", models.DateTimeField()),
                ("proof", models.CharField(blank=True, help_text="Which certificate or course.", max_length=200)),
                ("noted_by", models.UUIDField()),
                ("noted_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by", models.UUIDField(null=True)),
                ("warned_at", models.DateTimeField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="fulfilments", to=settings.AUTH_USER_MODEL)),
            ],
            options={"indexes": [models.Index(fields=["account", "requirement_id"], name="fulfilments_of_account")]},
        ),
        migrations.AddField("membership", "holds_until", models.DateTimeField(null=True, help_text="Until when training and rules let it open anything, null without end. A trigger's.")),
        migrations.AddField("membership", "given_by", models.UUIDField(null=True)),
        migrations.AddField("membership", "ground", models.CharField(max_length=40, db_default="")),
        migrations.AddField("membership", "ended_by", models.UUIDField(null=True)),
        migrations.AddField("membership", "ended_ground", models.CharField(max_length=40, db_default="")),
        migrations.AddField("rank", "given", models.CharField(max_length=20, db_default="command", help_text="By whom: administrators, or on the machine.")),
        migrations.AddConstraint("membership", models.CheckConstraint(condition=~Q(role="administrator") | Q(team_id=""), name="an_administrator_sits_in_no_team")),
        VaultFunction(
            HOLDING,
            {
                "access.holds_until(uuid, text)": (),
                "access.keep_holding()": (),
                "access.renew_holding()": (),
                "access.renew_all_holding()": (),
            },
        ),
        VaultFunction(
            CONTEXT,
            {
                "access.my_teams()": EVERYBODY,
                "access.my_counties()": EVERYBODY,
                "access.i_am(text)": EVERYBODY,
                "access.seats_of(uuid)": ("app", "worker"),
                "access.ranked_seats(uuid)": (),
                "access.my_glass()": EVERYBODY,
                "access.counties_i_administer()": EVERYBODY,
                "access.all_lapsed()": ("app",),
                "access.my_standing()": ("app",),
                "access.accept_rules(text)": ("app",),
                "access.ending_soon(integer)": ("worker",),
            },
        ),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]
