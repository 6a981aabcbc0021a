"""S4: a guardian who is the respondent gets the answer of a child without any record, byte for byte."""

from __future__ import annotations

import pytest

from anwang.access.models import Conflict
from tests.conftest import as_role
from tests.factories import desk_worker, received_report
from tests.looking import citizen, is_safe, look, number, page, pair, report_on

pytestmark = pytest.mark.django_db
UNKNOWN = number(9001)


def test_s04_a_guardian_who_is_the_respondent_learns_nothing() -> None:
    """Even where a worker once judged him safe, and though looks are there to be shown."""
    child, father = pair(11)
    asker = citizen("father", father[0])
    nobody = page(asker, UNKNOWN)
    before = page(asker, child[1])
    report = report_on(child, father)
    is_safe(father[0], child[0])
    look(desk_worker(), report)
    assert page(asker, child[1]) == before == nobody


def test_s04_the_same_looks_are_shown_to_the_parent_who_is_safe() -> None:
    child, father = pair(12)
    mother, _ = pair(13)
    is_safe(mother[0], child[0])
    look(desk_worker(), report_on(child, father))
    asker = citizen("mother", mother[0])
    assert page(asker, child[1]) != page(asker, UNKNOWN)


def test_s04_who_becomes_respondent_is_safe_no_more() -> None:
    child, other = pair(14)
    mother, number_of_mother = pair(15)[0]
    is_safe(mother, child[0])
    look(desk_worker(), report_on(child, other))
    asker = citizen("mother", mother)
    assert page(asker, child[1]) != page(asker, UNKNOWN)
    report_on(child, (mother, number_of_mother))
    assert page(asker, child[1]) == page(asker, UNKNOWN)


def test_s04_a_respondent_whom_nobody_knows_may_be_anybody() -> None:
    child, other = pair(16)
    mother = pair(17)[0][0]
    is_safe(mother, child[0])
    look(desk_worker(), report_on(child, other))
    asker = citizen("mother", mother)
    unknown = {"role": "respondent", "name": "不詳", "relation_to_victim": "母"}
    report = report_on(child, (other[0], ""))
    received_report(subjects=[{"role": "victim", "national_id": child[1]}, unknown])
    assert report and page(asker, child[1]) == page(asker, UNKNOWN)


def test_s04_a_declared_conflict_closes_it() -> None:
    child, other = pair(18)
    mother = pair(19)[0][0]
    is_safe(mother, child[0])
    look(desk_worker(), report_on(child, other))
    asker = citizen("mother", mother)
    with as_role("worker"):
        Conflict.objects.create(account_id=asker.id, object_kind="person", object_id=child[0].person,
                                ground="declared", source="declared")  # fmt: skip
    assert page(asker, child[1]) == page(asker, UNKNOWN)


@pytest.mark.parametrize("typed", ["", "abc", "A123", UNKNOWN.lower(), "　" * 20])
def test_s04_whatever_is_typed_gets_the_same_answer(typed: str) -> None:
    father = pair(20)[1][0]
    asker = citizen("father", father)
    assert page(asker, typed) == page(asker, UNKNOWN)
