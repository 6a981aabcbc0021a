"""A subject told by name and relation only is recognised beside a victim who was."""

from __future__ import annotations

import pytest

from anwang.triage.actions import screening
from anwang.triage.models import Screening
from tests.conftest import as_role
from tests.households.telling import REGISTRY, deliver, person

pytestmark = pytest.mark.django_db
HOME = "桃園市中壢區範例路1段2號3樓"
CHILD, FATHER, MOTHER = "A123456789", "B123456780", "A223456781"


def row(key, name, born, sex, number, role, **more):
    return {"record_key": key, "name": name, "birth_date": born, "sex": sex, "address": HOME,
            "household_key": "F1", "relation_to_head": role, "registered_on": "2019-01-01",
            "national_id": number, **more}  # fmt: skip


@pytest.fixture
def family(db):
    """A child with both parents at one door, as the household registration tells it."""
    with as_role("worker"):
        made = {name: person() for name in ("child", "father", "mother")}
        deliver(REGISTRY, [
            (made["child"], row("1", "陳志安", "2018-05-01", "M", CHILD, "child",
                                father_id=FATHER, mother_id=MOTHER)),
            (made["father"], row("2", "陳大方", "1984-02-03", "M", FATHER, "head")),
            (made["mother"], row("3", "林美玉", "1986-07-08", "F", MOTHER, "spouse",
                                 spouse_id=FATHER)),
        ])  # fmt: skip
    return {name: str(one) for name, one in made.items()}


def matched(receipt) -> dict[str, str | None]:
    with as_role("worker"):
        screening.screen_waiting()
        made = Screening.objects.get(matter_id=receipt.report)
        return {index: one["person_id"] for index, one in made.matches.items()}


def reported(**mother):
    victim = {"role": "victim", "name": "陳志安", "national_id": CHILD, "birth": "107.5.1"}
    return [victim, {"role": "respondent", **mother}]


def test_the_mother_told_by_name_and_relation_is_the_registered_mother(delivered, family):
    receipt = delivered(subjects=reported(name="林美玉", relation_to_victim="mother"))
    assert matched(receipt) == {"0": family["child"], "1": family["mother"]}


def test_another_name_than_the_mothers_is_nobody(delivered, family):
    receipt = delivered(subjects=reported(name="謝惠如", relation_to_victim="mother"))
    assert matched(receipt)["1"] is None


def test_without_a_recognised_victim_nobody_is_recognised_beside_him(delivered, family):
    receipt = delivered(
        subjects=[
            {"role": "victim", "name": "小安"},
            {"role": "respondent", "name": "林美玉", "relation_to_victim": "mother"},
        ]
    )
    assert set(matched(receipt).values()) == {None}
