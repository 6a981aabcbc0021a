"""Joint cases: one lead, named helpers, each with its own status (S-030).

The steps stand in the database's functions (migration 0021), which look who asks, and which open the
family file to a helper from accepting until it is done.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.actions.transfers import told_well
from anwang.cases.models import Helper
from anwang.triage.actions.decisions import NotNow, ReasonNeeded

STEPS: Final = frozenset(Helper.Status) - {Helper.Status.INVITED}


@transaction.atomic
def invite_helper(case_id: uuid.UUID, *, team_id: str, task: str, permit: Permit) -> uuid.UUID:
    """Ask another team of the county to help with a case. Raises NotNow, ReasonNeeded."""
    if not task.strip():
        raise ReasonNeeded(_("請寫明請對方做什麼。"))
    with told_well(), connection.cursor() as cursor:
        cursor.execute("select cases.invite_helper(%s, %s, %s)", [case_id, team_id, task.strip()])
        (made,) = cursor.fetchone()
    record_event(Act.HELPER_INVITED, actor=permit.actor, object_kind="case", object_ids=[case_id],
                 purpose=permit.purpose, detail={"team": team_id, "helper": str(made)})  # fmt: skip
    return uuid.UUID(str(made))


@transaction.atomic
def step_helper(helper: Helper, *, to_status: str, permit: Permit, text: str = "") -> None:
    """The helping team accepts, declines, works or is done; the leading one takes back.

    Raises NotNow, ReasonNeeded.
    """
    if to_status not in STEPS:
        raise NotNow(_("這個個案或請求的狀態已經改變，請重新看過。"))
    if to_status == Helper.Status.DECLINED and not text.strip():
        raise ReasonNeeded(_("不協力需要理由。"))
    with told_well(), connection.cursor() as cursor:
        cursor.execute("select cases.step_helper(%s, %s, %s)", [helper.pk, to_status, text.strip()])
    record_event(Act.HELPER_STEPPED, actor=permit.actor, object_kind="case",
                 object_ids=[helper.case_id], purpose=permit.purpose, result=to_status,
                 detail={"helper": str(helper.pk)})  # fmt: skip
