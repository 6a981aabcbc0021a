"""Tells those who answer for the audit that something is wrong with it."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import transaction

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING
from anwang.access.models import Membership
from anwang.access.vocabulary import Act, NoticeKind, Role
from anwang.common.clock import clock_now

logger = logging.getLogger(__name__)
TOLD: Final = (Role.AUDITOR, Role.SECURITY_OFFICER)


@transaction.atomic
def raise_alarm(kind: NoticeKind, detail: dict[str, Any]) -> int:
    """Leave a notice for every auditor and security officer; how many were told.

    The operator reads it in the log besides: the audit may be what does not work.
    """
    logger.error("Audit alarm %s: %s", kind, detail)
    now = clock_now()
    accounts = (
        Membership.objects.filter(role__in=TOLD, since__lte=now)
        .exclude(until__lte=now)
        .values_list("account_id", flat=True)
        .distinct()
    )
    told = [
        notify(kind, to_account=account, object_kind="audit", detail=detail) for account in accounts
    ]
    record_event(
        Act.AUDIT_ALARM,
        actor=SWEEPING,
        object_kind="audit",
        detail={**detail, "kind": kind.removeprefix("audit-")},
    )
    return len(told)
