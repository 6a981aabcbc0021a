"""Reports whose subjects may be somebody, screened as the worker does, for the tests of who is who."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from anwang.access.context import Actor, acting
from anwang.cases.identity_permissions import check_can_judge
from anwang.cases.queries.who_is_who import Question
from anwang.intake.actions import Receipt
from anwang.people.models import Identity, Review
from anwang.triage.actions.screening import screen
from anwang.triage.models import Screening
from tests.conftest import as_role
from tests.factories import received_report
from tests.people.stored import store

# The child of `report_body`, as registries know him: and his namesake two doors on.
CHILD = {"name": "陳小安", "sex": "M", "birth_date": "2018-05-01",
         "address": "桃園市中壢區範例路1段2號3樓"}  # fmt: skip
NAMESAKE = CHILD | {"birth_date": "2018-05-11", "address": "桃園市中壢區範例路1段6號"}
TWINLIKE = CHILD | {"address": "桃園市中壢區範例路1段2號5樓"}


def known(*raws: Mapping[str, str], **more: Any) -> list[uuid.UUID]:
    """Persons whom a registry knows, one a row."""
    with as_role("worker"):
        return store(raws, **more)


def screened(**more: Any) -> Receipt:
    """A report that the worker has screened."""
    receipt = received_report(**more)
    with as_role("worker"):
        screen(receipt.report)
    return receipt


def record_of(receipt: Receipt, index: int = 0) -> uuid.UUID:
    """Our own record of a subject."""
    with as_role("worker"):
        last = Screening.objects.filter(matter=receipt.report).latest("at")
    return uuid.UUID(last.matches[str(index)]["record"])


def person_of(record: uuid.UUID) -> uuid.UUID | None:
    """Whom a record is taken for now."""
    with as_role("worker"):
        return Identity.objects.get(record_id=record).person_id


def review_of(receipt: Receipt, index: int = 0) -> Review:
    """The question about a subject."""
    with as_role("worker"):
        return Review.objects.get(matter=record_of(receipt, index))


def asked(actor: Actor, wanted: uuid.UUID) -> Question:
    """The question as the actor sees it. Raises Refused."""
    with acting(actor, "who-is-who"):
        return check_can_judge(actor, wanted)[1]
