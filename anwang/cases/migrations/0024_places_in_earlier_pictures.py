"""Pictures stored before their facts said which of them tell a place: marked, and kept as new ones are.

What sources answered beside a report was noted with its place; of a report with somebody under
protection it is forgotten, and may be asked again.
"""

from django.db import migrations

from anwang.common.row_rules import WithForceLifted

# The kinds and words of fact_kinds.yaml and places.yaml as they stood.
EARLIER = """
update triage_screening s set picture = jsonb_set(s.picture, '{facts}', (
    select coalesce(jsonb_agg(case when kind.tells is null then f else f || jsonb_build_object(
            'tells_place', kind.tells,
            'settled_on', coalesce((f ->> 'valid_from')::date, (f ->> 'known_at')::timestamptz::date) + 365,
            'instead', jsonb_build_object(
                'zh', (f #>> '{label,zh}') || '：受保護，請洽主責',
                'en', (f #>> '{label,en}') || ': protected, ask the lead')) end order by place), '[]')
    from jsonb_array_elements(s.picture -> 'facts') with ordinality one (f, place)
    cross join lateral (select case
        when f ->> 'kind' in ('registered-address', 'lives-at') then 'home'
        when f ->> 'kind' in ('registered-at-office', 'in-school', 'school-counselling', 'clinic-visit',
            'early-intervention', 'psychiatric-admission', 'out-of-home-placement', 'in-custody',
            'campus-incident', 'whereabouts-unknown') then 'whereabouts' end as tells) kind
))
where jsonb_typeof(s.picture -> 'facts') = 'array'
  and not jsonb_path_exists(s.picture, '$.facts[*] ? (exists (@.tells_place))');

do $$
declare
    kept uuid[] := array(
        select distinct p.matter_id from vault.safe_address s
        join cases_pictured with_it on with_it.matter_id = s.report_id
        join cases_pictured p on p.person_id = with_it.person_id);
begin
    -- On an empty database the vault has no rights yet, and nothing to keep.
    if kept <> '{}' then
        perform cases.keep_places(kept);
        update triage_lookup set told = '[]' where matter_id = any(kept);
    end if;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_stored_pictures_keep_places"), ("triage", "0011_look_ups")]
    operations = [
        WithForceLifted(
            ("triage_screening", "triage_lookup", "cases_pictured", "vault.safe_address"), EARLIER
        )
    ]
