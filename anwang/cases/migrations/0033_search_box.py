"""Whom a search at the duty desk may mean: persons of the desk's own reports, and nobody else.

Who may be told is chosen before anything is ranked, counted or bounded, so that nobody outside shows by
a place that he took (docs/adr/0017-whom-a-search-may-tell.md).
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SEARCHED = """
-- What another desk's report tells of somebody stays with that desk: of our own records only those of
-- reports that lie here. A register's are compared, as the household picture shows them.
create function cases.may_compare(source text, key text, desks text[], closed uuid[])
    returns boolean language sql stable security definer set search_path = public, pg_temp
as $$
    select source <> 'anwang' or exists (
        select from intake_report t join triage_matter m on m.report_id = t.id
        where t.receipt = split_part(key, '/', 1) and m.desk_team = any(desks)
          and t.id <> all(closed))
$$;

-- The records of at most 100 persons who share a key with what was typed and of whom one of the
-- actor's desks has a report that is open to him; `reports`: those, the newest first. `known`: the keys
-- made of no place and no telephone, by which alone somebody is found who is kept safe (R7).
create function cases.searched_persons(keys bigint[], known bigint[])
    returns table (person uuid, packed bytea, name text, kept_safe boolean, reports uuid[],
        persons bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as materialized (
        select array(select access.closed_to_me()) as closed,
            array(select s.team_id from access.seats_of(access.actor()) s where s.role = 'desk') as desks
    ),
    hit as materialized (
        select distinct i.person_id, asked.key
        from me cross join unnest(keys) as asked (key)
        -- The newest first: our own records are newer than a register's first load.
        cross join lateral (
            select k.identity_no from people_key k where k.key = asked.key
            order by k.identity_no desc limit 20000
        ) held
        join people_identity i on i.no = held.identity_no
        where not i.superseded and i.person_id <> all(me.closed) and i.record_id <> all(me.closed)
          and exists (select from access_relation r where r.object_id = i.person_id
              and r.team_id = any(me.desks) and r.object_kind = 'person' and r.ground = 'subject'
              and r.until is null and r.through <> all(me.closed))
          and cases.may_compare(i.source_id, i.record_key, me.desks, me.closed)
    ),
    near as materialized (
        select h.person_id, kept.safe, mine.reports
        from (select person_id, array_agg(key) as shared from hit group by 1) h
        cross join me
        cross join lateral (
            select k.since is not null and not k.safe_from as safe
            from cases.kept_safe(h.person_id) k
        ) kept
        cross join lateral (
            select array_agg(m.report_id order by t.accepted_at desc) as reports
            from triage_matter m join intake_report t on t.id = m.report_id
            where m.desk_team = any(me.desks) and m.report_id <> all(me.closed)
              and m.report_id in (select r.through from access_relation r
                  where r.object_id = h.person_id and r.team_id = any(me.desks)
                    and r.object_kind = 'person' and r.ground = 'subject' and r.until is null)
        ) mine
        where mine.reports is not null and (not kept.safe or h.shared && known)
        order by cardinality(h.shared) desc, h.person_id limit 100
    )
    select n.person_id, i.packed, coalesce(i.forms ->> 'n', ''), n.safe, n.reports,
        (select reltuples::bigint from pg_class where oid = 'people_person'::regclass)
    from near n cross join me
    cross join lateral (
        select i.packed, i.forms from people_identity i
        where i.person_id = n.person_id and not i.superseded and i.packed is not null
          and i.record_id <> all(me.closed)
          and cases.may_compare(i.source_id, i.record_key, me.desks, me.closed)
        order by i.no limit 40
    ) i
    order by n.person_id
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0032_words_with_the_first"),
        ("triage", "0025_single_reports_of_trials"),
        ("people", "0012_links_by_person_alone"),
    ]
    operations = [
        VaultFunction(
            SEARCHED,
            {
                "cases.may_compare(text, text, text[], uuid[])": (),
                "cases.searched_persons(bigint[], bigint[])": ("app",),
            },
        )
    ]
