"""What was in force before terms were kept: from its first day on."""

from django.db import migrations

TERMS = """
insert into rulebook_policyterm (id, version_id, policy_id, county, since, until)
select gen_random_uuid(), v.id, v.policy_id, v.county,
    v.valid_from::timestamp at time zone 'Asia/Taipei', null
from rulebook_policyversion v where v.state = 'in force';
insert into rulebook_policyact (id, version_id, kind, at, "by", text, starts_at, sha256, answers_id)
select gen_random_uuid(), v.id, 'shipped', v.loaded_at, null, '', null, v.sha256, null
from rulebook_policyversion v;
"""


class Migration(migrations.Migration):
    dependencies = [("rulebook", "0003_two_persons_put_in_force")]
    operations = [migrations.RunSQL(TERMS, reverse_sql=migrations.RunSQL.noop)]
