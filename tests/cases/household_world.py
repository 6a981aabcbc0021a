"""A family with a case whose members the registers know: child, father, mother, at one door."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from anwang.access.context import acting
from anwang.cases.actions import accept_offer
from anwang.cases.models import Case, FamilyFile
from anwang.triage.actions.decisions import Change, confirm
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import TEAM, desk_worker, screened_report, team_worker
from tests.households.telling import REGISTRY, day, deliver, person
from tests.people.invented_persons import number

HOME = "桃園市中壢區範例路1段2號3樓"
OTHER = "桃園市平鎮區測試路9號"
NEW_HOME = "桃園市龜山區新生路77號5樓"


@dataclass
class Known:
    """The family, who is in it, its case, and the number of the child's parents."""

    child: uuid.UUID
    father: uuid.UUID
    mother: uuid.UUID
    family: FamilyFile
    case: Case
    receipt: str
    rows: dict[str, dict[str, str]]

    @property
    def path(self) -> str:
        """The family's page."""
        return f"/families/{self.family.number}/"


def row(key, name, born, sex, role, **more):
    return {
        "record_key": key, "name": name, "birth_date": born, "sex": sex, "address": HOME,
        "household_key": "F1", "relation_to_head": role, "registered_on": "2019-01-01", **more,
    }  # fmt: skip


def known_family(**report) -> Known:
    """Accepted by `team-one`, its registrations delivered on 5 January 2026."""
    draw = random.Random(11)
    numbers = {"child": number(draw, "M"), "father": number(draw, "M"), "mother": number(draw, "F")}
    rows = {
        "child": row("1", "陳小安", "2022-05-01", "M", "child", national_id=numbers["child"],
                     father_id=numbers["father"], mother_id=numbers["mother"]),
        "father": row("2", "陳大方", "1984-02-03", "M", "head", national_id=numbers["father"]),
        "mother": row("3", "林美玉", "1986-07-08", "F", "spouse", national_id=numbers["mother"],
                      spouse_id=numbers["father"]),
    }  # fmt: skip
    with as_role("worker"):
        people = {name: person() for name in rows}
        deliver(REGISTRY, [(people[name], one) for name, one in rows.items()])
    desk, worker = desk_worker(), team_worker()
    receipt = screened_report(child=people["child"], **report)
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        offer = confirm(receipt.report, permit=permit, change=Change("由該組接", {"team": TEAM}))
    with acting(worker, "answer-offer"):
        case = accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
        family = FamilyFile.objects.get(pk=case.family_id)
    return Known(
        people["child"], people["father"], people["mother"], family, case, receipt.receipt, rows
    )


def into_custody(who: uuid.UUID, since: str = "2026-02-01", known_at=None, **more):
    """The prison delivers that somebody came in, the same day where no other is said."""
    with as_role("worker"):
        return deliver(
            "prison",
            [(who, {"record_key": "P1", "name": "陳大方", "entered_on": since, **more})],
            known_at or day(since, hour=20), mode="incremental",
        )  # fmt: skip
