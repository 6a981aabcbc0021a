"""Answering and ruling lock the report before its dispute, as deciding does.

The other way round a ruling and a desk that decided at the same moment waited for each other, and one
of them was told of an error. Found by tests/trust/test_dispatch.py.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create or replace function triage.answer_dispute(of_dispute uuid, agrees boolean, said text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    d triage_dispute;
begin
    -- The report before its dispute, as everybody who decides it does, or the two would deadlock.
    perform from triage_matter where report_id =
        (select matter_id from triage_dispute where id = of_dispute
            and wanted_team = any(array(select access.my_teams()))) for update;
    select * into d from triage_dispute where id = of_dispute and state = 'open'
        and wanted_team = any(array(select access.my_teams()))
        and matter_id <> all(array(select access.closed_to_me())) for update;
    if not found then
        raise exception 'no such dispute' using errcode = 'no_data_found';
    end if;
    if d.answered_at is not null then
        raise exception 'disputes: not-now';
    end if;
    update triage_dispute set answer = said, answered_at = clock.now(), answered_by = access.actor()
    where id = d.id;
    -- Of a service team: its desk offers it the report next. Of a desk: it answers from now on.
    if agrees then
        perform triage.settle_dispute(d, 'agreed', d.wanted_team, said);
    end if;
end
$$;

create or replace function triage.rule_dispute(
    of_dispute uuid, whose text, because text, of_law text, for_later text
) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    d triage_dispute;
    m triage_matter;
begin
    -- The report before its dispute, as everybody who decides it does, or the two would deadlock.
    perform from triage_matter where report_id =
        (select matter_id from triage_dispute where id = of_dispute
            and id = any(array(select triage.disputes_i_rule()))) for update;
    select * into d from triage_dispute where id = of_dispute
        and id = any(array(select triage.disputes_i_rule())) for update;
    if not found then
        raise exception 'no such dispute' using errcode = 'no_data_found';
    end if;
    select * into strict m from triage_matter where report_id = d.matter_id;
    if d.state <> 'open' then
        raise exception 'disputes: not-now';
    end if;
    if not exists (select from directory_team t where t.id = whose
            and (t.is_desk and d.level = 'ministry' or t.county_id is not distinct from m.county)) then
        raise exception 'disputes: no-such-team';
    end if;
    perform triage.settle_dispute(d, 'ruled', whose, because);
    insert into triage_precedent (dispute_id, matter_id, at, level, ground, stream, agency_kind, law,
        principle)
    select d.id, d.matter_id, clock.now(), d.level, d.ground, d.stream,
        coalesce(t.agency_kind, ''), of_law, for_later
    from directory_team t where t.id = whose;
end
$$;
"""
APP = ("app",)


class Migration(migrations.Migration):
    dependencies = [("triage", "0016_disputes")]
    operations = [
        VaultFunction(
            FUNCTIONS,
            {
                "triage.answer_dispute(uuid, boolean, text)": APP,
                "triage.rule_dispute(uuid, text, text, text, text)": APP,
            },
        )
    ]
