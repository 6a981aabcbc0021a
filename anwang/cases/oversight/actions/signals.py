"""Risk warnings: a new record that changes a signal of an open case tells who leads it, once.

Each look at a family is one transaction: what holds now is compared with what was held, the rows are
renewed and the notice written together, so that nothing is told twice and nothing is lost.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from django.db import connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, acting
from anwang.access.vocabulary import Act, NoticeKind
from anwang.cases.models import FamilyFile, SignalHeld, SignalLook
from anwang.cases.queries.household import focus_of_family
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.presenters.signals import signals_of_picture
from anwang.households.queries import picture_of

PURPOSE: Final = "risk-warning"
# Records are identified after their delivery is known: what came within this time is looked at again
# until every record of it was seen.
LOOKED_BACK: Final = dt.timedelta(hours=1)
MOST_ROWS: Final = 5_000  # of a delivery that is looked at record by record
MOST_FAMILIES: Final = 50  # a turn, each in a transaction of its own
EVERY_FAMILY_WITHIN: Final = dt.timedelta(hours=24)  # ages rise and reasons fade without a delivery
_NEVER_OR_LONG_AGO: Final = """
select f.id from cases_familyfile f left join cases_signallook l on l.family_id = f.id
where (l.family_id is null or l.looked_at < %s)
  and exists (select from cases_case c where c.family_id = f.id and c.closed_at is null)
order by l.looked_at nulls first limit %s
"""


def warn_of_changes() -> int:
    """Look at families of open cases that new records may have changed, and at those whose turn it
    is; how many had a change.
    """
    now = clock_now()
    with acting(SWEEPING, PURPOSE):
        touched = _touched(now - LOOKED_BACK)
        looks = SignalLook.objects.in_bulk(touched)
        waiting = [
            family for family, records in touched.items()
            if family not in looks or records - set(looks[family].seen)
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_NEVER_OR_LONG_AGO, [now - EVERY_FAMILY_WITHIN, MOST_FAMILIES])
            waiting += [family for (family,) in cursor.fetchall()]
    changed = 0
    for family in list(dict.fromkeys(waiting))[:MOST_FAMILIES]:
        with acting(SWEEPING, PURPOSE):
            changed += look_at_signals(family, touched.get(family, set()))
    return changed


@transaction.atomic
def look_at_signals(family_id: uuid.UUID, records: set[uuid.UUID]) -> bool:
    """Compare what holds for a family with what was held; tells its leads of what changed.

    `records`: the new records seen by this look. The first look of a family tells nobody: whoever took
    the case over has seen the picture.
    """
    family = FamilyFile.objects.select_for_update().get(pk=family_id)
    look = SignalLook.objects.filter(pk=family_id).first()
    held = {one.about: one for one in SignalHeld.objects.filter(family=family, until=None)}
    holding, persons = _holding(family_id)
    at = clock_now()
    began = [about for about in holding if about not in held]
    ended = [about for about in held if about not in holding]
    SignalHeld.objects.bulk_create(
        SignalHeld(
            family=family, signal_id=holding[about], about=about, since=at, warned=look is not None
        )
        for about in began
    )
    SignalHeld.objects.filter(pk__in=[held[about].pk for about in ended]).update(until=at)
    SignalLook.objects.update_or_create(
        family=family,
        defaults={"looked_at": at, "persons": persons, "seen": sorted(records)},
    )
    if look is None or not (began or ended):
        return False
    _tell(
        family_id,
        {
            "began": sorted({holding[about] for about in began}),
            "ended": sorted({held[about].signal_id for about in ended}),
        },
    )
    return True


def _holding(family_id: uuid.UUID) -> tuple[dict[str, str], list[str]]:
    """Key -> id of the signals that hold today, by all that is known now; and whom that is about."""
    today = clock_now().astimezone(TAIPEI).date()
    focus = focus_of_family(family_id)
    if not focus:
        return {}, []
    picture = picture_of([], as_of=today, focus=focus)
    held = {one.key[:200]: one.signal.id for one in signals_of_picture(picture) if one.certain}
    return held, [one["person_id"] for one in picture["members"]]


def _tell(family_id: uuid.UUID, detail: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select cases.leads_to_warn(%s)", [family_id])
        leads = [row[0] for row in cursor.fetchall()]
    for lead in leads:
        notify(
            NoticeKind.RISK_CHANGED, to_account=lead, object_kind="family", object_id=family_id,
            detail=detail,
        )  # fmt: skip
    record_event(
        Act.RISK_WARNED, actor=SWEEPING, object_kind="family", object_ids=[family_id],
        purpose=PURPOSE, detail=detail | {"told": len(leads)},
    )  # fmt: skip


def _touched(after: dt.datetime) -> dict[uuid.UUID, set[uuid.UUID]]:
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select family, record from cases.records_of_interest(%s, %s)", [after, MOST_ROWS]
        )
        for family, record in cursor.fetchall():
            found.setdefault(family, set()).add(record)
    return found
