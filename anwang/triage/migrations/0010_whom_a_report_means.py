"""Each subject with candidates is a question to people: open where the machine is in doubt."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

# In doubt: taken for somebody with a probability below 0.99 and not by the number, or for nobody
# while one candidate has 0.2 or more. The question is there for the others too: a person may look
# at what the machine is sure of. A question that was answered stays answered.
FUNCTION = """
create function triage.ask_whom() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into people_review (id, kind, matter, records, persons, reasons, margin, author, since,
        state, about)
    select gen_random_uuid(), 'subject', (told ->> 'record')::uuid, array[(told ->> 'record')::uuid],
        array(select (c ->> 'person_id')::uuid
              from jsonb_array_elements(told -> 'candidates') with ordinality e (c, n) order by n),
        told -> 'candidates',
        (told #>> '{candidates,0,weight}')::float8
            - coalesce((told #>> '{candidates,1,weight}')::float8, 0),
        'screening', clock.now(),
        case when told ->> 'person_id' is null
                then case when (told #>> '{candidates,0,probability}')::float8 >= 0.2
                     then 'open' else 'sure' end
            when (told ->> 'probability')::float8 >= 0.99 or exists (
                select from jsonb_array_elements(told -> 'candidates') c,
                    jsonb_array_elements(c -> 'reasons') r
                where c ->> 'person_id' = told ->> 'person_id'
                  and r ->> 'comparison' = 'national_id' and r ->> 'level' = 'same')
                then 'sure' else 'open' end,
        new.matter_id
    from jsonb_each(new.matches) as matched (index, told)
    where told ->> 'record' is not null
      and jsonb_array_length(coalesce(told -> 'candidates', '[]')) > 0
    on conflict (matter) do update set persons = excluded.persons, reasons = excluded.reasons,
        margin = excluded.margin,
        state = case when people_review.state = 'decided' then 'decided' else excluded.state end;
    return null;
end
$$;
"""
TRIGGER = """
create trigger ask_whom after insert on triage_screening
    for each row execute function triage.ask_whom();
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0009_deciding_is_the_desks"), ("people", "0006_judgements")]
    operations = [
        VaultFunction(FUNCTION, {"triage.ask_whom()": ()}),
        migrations.RunSQL(TRIGGER, reverse_sql=migrations.RunSQL.noop),
    ]
