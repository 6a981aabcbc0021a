"""An assessment about a report that is sealed counts for no other report any more (R8).

What a screening read of it goes from its picture; where its score was the one that counted, the input is
not known again, the reasons that asked for it go, and the report is proposed anew unless it was decided.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Without the reasons of rows that ask for the score of the danger assessment, in whichever version.
create function cases.without_assessed(reasons jsonb) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(jsonb_agg(r order by place), '[]')
    from jsonb_array_elements(coalesce(reasons, '[]')) with ordinality as one (r, place)
    where not exists (
        select from rulebook_policyversion v, jsonb_array_elements(v.body -> 'rows') asked
        where v.policy_id = r ->> 'rule' and asked ->> 'id' = r ->> 'row'
          and asked -> 'when' ? 'danger_assessment_score')
$$;

create function cases.forget_answers(reports uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    receipts text[] := array(select receipt::text from intake_report where id = any(reports));
    one record;
begin
    for one in
        select s.id, s.matter_id, s.proposal,
            (select jsonb_agg(g order by place)
             from jsonb_array_elements(s.picture -> 'answered') with ordinality as o (g, place)
             where coalesce(g ->> 'report', '') <> all(receipts)) as left_over,
            -- The score is theirs where one of them counts just so many.
            exists (select from jsonb_array_elements(s.picture -> 'answered') g
                    where g ->> 'report' = any(receipts)
                      and (select count(*) from jsonb_each_text(g -> 'answers') a where a.value = 'yes')
                          = case when jsonb_typeof(s.inputs -> 'danger_assessment_score') = 'number'
                                 then (s.inputs ->> 'danger_assessment_score')::int end) as counted
        from triage_screening s
        where s.matter_id <> all(reports) and jsonb_typeof(s.picture -> 'answered') = 'array'
          and exists (select from jsonb_array_elements(s.picture -> 'answered') g
                      where g ->> 'report' = any(receipts))
    loop
        update triage_screening s set picture = case when one.left_over is null
            then s.picture - 'answered' else jsonb_set(s.picture, '{answered}', one.left_over) end
        where s.id = one.id;
        if one.counted then
            update triage_screening s
            set inputs = jsonb_set(s.inputs, '{danger_assessment_score}', '"unknown"'),
                proposal = s.proposal
                    || jsonb_build_object('reasons', cases.without_assessed(one.proposal -> 'reasons'))
            where s.id = one.id;
            update triage_matter m set failed_steps = '["proposal"]', attempts = 0,
                changed_at = clock.now()
            where m.report_id = one.matter_id and m.state = 'awaiting-decision'
              and not exists (select from triage_decision d where d.matter_id = m.report_id);
        end if;
    end loop;
end
$$;

create or replace function cases.forget_elsewhere(reports uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.forget_answers(reports);
    perform cases.forget_reasons(reports);
    perform cases.forget_shown(reports);
end
$$;
"""
SIGNATURES: dict[str, tuple[str, ...]] = {
    "cases.without_assessed(jsonb)": (),
    "cases.forget_answers(uuid[])": (),
    "cases.forget_elsewhere(uuid[])": (),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0027_taken_back_is_superseded")]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
