"""Alarms about odd access: raised from the audit's entries, judged by another office (D5)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, acting
from anwang.access.models import AlarmMark
from anwang.access.permissions import Permit
from anwang.access.rules.alarms import Found, Near, Reading, alarms_in, load_rules
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.errors import AnwangError

PORTION: Final = 20_000
LOOKED_BACK: Final = dt.timedelta(hours=25)
# Lists show many at once and are polled by themselves: being shown in one is no opening.
_OPENED: Final = """
select e.no, e.at, e.actor, o.object, e.act, coalesce(e.detail ->> 'task', 'true') = 'true',
    exists (select from access_membership m where m.account_id = e.actor
        and m.until between e.at and e.at + interval '14 days'),
    exists (select from access_membership m where m.account_id = e.actor
        and m.role in ('desk', 'hotline') and (m.until is null or m.until > e.at)),
    cases.lives_near(e.actor, o.object)
from access_auditentry e cross join lateral unnest(e.object_ids) o (object)
where e.at > %(since)s and e.actor_kind = 'account'
  and e.object_kind in ('report', 'family', 'case', 'person')
  and (e.act = 'conflict-attempted' or (e.act in ('read', 'glass-broken')
       and not e.fields && array['queue', 'offer']))
order by e.at, e.no
"""
_NEW: Final = """
select max(no), min(at) from (select no, at from access_auditentry where no > %s order by no limit %s) e
"""
_RAISE: Final = """
insert into access_alarm (id, rule, account_id, team_id, day, object_kind, object_id, counted,
    review_team, verdict, verdict_text)
values (%s, %s, %s, coalesce((select team_id from access_membership where account_id = %s
    order by since limit 1), ''), %s, %s, %s, %s, cases.office_over(%s), '', '')
on conflict (rule, account_id, day, object_id) do nothing returning review_team
"""


class NotReviewable(AnwangError):
    """The alarm is not there for this actor, or was judged already."""


def evaluate_alarms() -> int:
    """Look at what was read since the last look, and raise what is odd; how many were new."""
    with acting(SWEEPING, "alarms"):
        mark, _made = AlarmMark.objects.select_for_update().get_or_create(pk=1)
        with connection.cursor() as cursor:
            cursor.execute(_NEW, [mark.until_no, PORTION])
            last, first_at = cursor.fetchone()
            if last is None:
                return 0
            cursor.execute(_OPENED, {"since": first_at - LOOKED_BACK})
            readings = [_reading(row) for row in cursor.fetchall()]
        raised = _raise(alarms_in(readings, load_rules()))
        AlarmMark.objects.filter(pk=1).update(until_no=last)
    return raised


def _reading(row: tuple[Any, ...]) -> Reading:
    _no, at, actor, about, act, task, leaving, night_duty, near_by = row
    near: Near = "relative" if act == "conflict-attempted" else "neighbour" if near_by else ""
    return Reading(at, str(actor), str(about), task, near, leaving, night_duty)


def _raise(found: Iterable[Found]) -> int:
    new = 0
    for one in found:
        account = uuid.UUID(one.account)
        kind = "report" if one.object else ""
        values: list[Any] = [uuid.uuid4(), one.rule, account, account, one.day, kind, one.object,
                             one.counted, account]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_RAISE, values)
            row = cursor.fetchone()
        if row is None:
            continue
        new += 1
        record_event(Act.ALARM_RAISED, actor=SWEEPING, object_kind="account", object_ids=[account],
                     purpose="alarms", detail={"rule": one.rule, "counted": one.counted})  # fmt: skip
        notify(
            NoticeKind.ALARM_RAISED,
            to_team=row[0],
            detail={"alarm": str(values[0]), "rule": one.rule},
        )
    return new


@transaction.atomic
def review_alarm(alarm_id: uuid.UUID, verdict: str, words: str, *, permit: Permit) -> None:
    """Say whether an alarm is explained. Raises NotReviewable."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select cases.review_alarm(%s, %s, %s)", [alarm_id, verdict, words])
    except DatabaseError as error:
        if "alarm: " not in str(error):
            raise
        raise NotReviewable(_("請選擇結論並用文字說明；不能審查自己或已審查的警示。")) from None
    record_event(Act.ALARM_REVIEWED, actor=permit.actor, object_kind="alarm",
                 object_ids=[alarm_id], purpose=permit.purpose, result=verdict)  # fmt: skip
