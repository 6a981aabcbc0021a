"""What a sealed report gave to the proposals of others is taken back too (R8)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- How many earlier reports a picture told of persons only through these receipts: a day and person
-- once, the most of one person, as the input prior_reports_12m counts them.
create function cases.earlier_told(facts jsonb, receipts text[]) returns int
    language sql immutable set search_path = public, pg_temp
as $$
    with told as (
        select f ->> 'person_id' as person, left(f ->> 'valid_from', 10) as day,
            bool_and(f -> 'value' ->> 'report' = any(receipts)) as only_these
        from jsonb_array_elements(coalesce(facts, '[]')) f
        where f ->> 'kind' = 'report-subject'
        group by 1, 2
    )
    select coalesce(max(number), 0)::int
    from (select count(*) filter (where only_these) as number from told group by person) each_person
$$;

-- Without the reasons of rows that ask for the number of earlier reports, in whichever version.
create function cases.without_earlier(reasons jsonb) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(jsonb_agg(r order by place), '[]')
    from jsonb_array_elements(coalesce(reasons, '[]')) with ordinality as one (r, place)
    where not exists (
        select from rulebook_policyversion v, jsonb_array_elements(v.body -> 'rows') asked
        where v.policy_id = r ->> 'rule' and asked ->> 'id' = r ->> 'row'
          and asked -> 'when' ? 'prior_reports_12m')
$$;

-- Run before the facts are taken out of the pictures, since they tell what was counted.
create function cases.forget_reasons(reports uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    receipts text[] := array(select receipt::text from intake_report where id = any(reports));
    one record;
begin
    for one in
        select s.id, s.matter_id, s.proposal, told.number,
            cases.without_earlier(s.proposal -> 'reasons') as left_over
        from triage_screening s
        cross join lateral (select cases.earlier_told(s.picture -> 'facts', receipts) as number) told
        where s.matter_id <> all(reports) and told.number > 0
          and exists (select from jsonb_array_elements(coalesce(s.picture -> 'facts', '[]')) f
                      where f -> 'value' ->> 'report' = any(receipts))
    loop
        update triage_screening s set inputs = case
            when jsonb_typeof(s.inputs -> 'prior_reports_12m') = 'number'
            then jsonb_set(s.inputs, '{prior_reports_12m}',
                to_jsonb(greatest((s.inputs ->> 'prior_reports_12m')::int - one.number, 0)))
            else s.inputs end
        where s.id = one.id;
        if one.left_over is distinct from coalesce(one.proposal -> 'reasons', '[]') then
            update triage_screening s
            set proposal = s.proposal || jsonb_build_object('reasons', one.left_over)
            where s.id = one.id;
            -- What rests on it is proposed anew, unless somebody has decided already.
            update triage_matter m set failed_steps = '["proposal"]', attempts = 0,
                changed_at = clock.now()
            where m.report_id = one.matter_id and m.state = 'awaiting-decision'
              and not exists (select from triage_decision d where d.matter_id = m.report_id);
        end if;
    end loop;
end
$$;

alter function cases.forget_elsewhere(uuid[]) rename to forget_shown;

create function cases.forget_elsewhere(reports uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.forget_reasons(reports);
    perform cases.forget_shown(reports);
end
$$;
"""
SIGNATURES: dict[str, tuple[str, ...]] = {
    "cases.earlier_told(jsonb, text[])": (),
    "cases.without_earlier(jsonb)": (),
    "cases.forget_reasons(uuid[])": (),
    "cases.forget_shown(uuid[])": (),
    "cases.forget_elsewhere(uuid[])": (),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_seals"), ("rulebook", "0001_initial")]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
