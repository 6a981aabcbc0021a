"""Reports about the same person that somebody looked into and found untrue: a pattern, for the desk.

Only for the desk that had all of them, as it looks at another one; no rule, no score and no other
office ever asks for it. A person who was wrongly reported three times may be harmed the fourth time.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from anwang.access.permissions import Permit

UNTRUE: Final = ("untrue", "impossible")
WITHIN_DAYS: Final = 365
PATTERN: Final = 2  # one alone is none
MOST_TOLD: Final = 20

# By the persons whom the desk's own reports were about. Row rules leave out what is sealed from the
# asker or closed to him.
_UNTRUE: Final = """
select distinct r.receipt, ended.at
from access_relation mine
join access_relation other on other.object_id = mine.object_id and other.object_kind = 'person'
    and other.ground = 'subject' and other.team_id = mine.team_id and other.through <> mine.through
join triage_matter m on m.report_id = other.through and m.state = 'error'
    and m.desk_team = mine.team_id
join intake_report r on r.id = m.report_id
cross join lateral (select d.at, d.outcome from triage_decision d
    where d.matter_id = m.report_id order by d.at desc limit 1) ended
where mine.through = %s and mine.object_kind = 'person' and mine.ground = 'subject'
  and mine.team_id = any(%s) and ended.outcome ->> 'error_kind' = any(%s)
  and ended.at > clock.now() - make_interval(days => %s)
order by ended.at desc limit %s
"""


@dataclass(frozen=True, slots=True)
class UntrueReport:
    """A report that was ended as untrue, and when."""

    receipt: str
    ended_at: dt.datetime


def untrue_reports(matter_id: uuid.UUID, permit: Permit) -> list[UntrueReport]:
    """Within a year, about anybody of this report, latest first; at most 20, none where it is one.

    The permit says at which desks the reader sits and that the reading is on record.
    """
    if permit.audit_id is None:
        raise PermissionError("Past reports are told on a permit whose reading is on record.")
    values: list[Any] = [matter_id, list(permit.team_ids), list(UNTRUE), WITHIN_DAYS, MOST_TOLD]
    with connection.cursor() as cursor:
        cursor.execute(_UNTRUE, values)
        found = [UntrueReport(*row) for row in cursor.fetchall()]
    return found if len(found) >= PATTERN else []
