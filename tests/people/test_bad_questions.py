"""Questions that tell nothing, too much or nonsense: an answer, never an error or a wild match."""

from __future__ import annotations

from datetime import date

import pytest

from anwang.people.queries import find_many, find_people
from anwang.people.queries.candidates import MOST_KEYS
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import query_keys
from tests.conftest import as_role
from tests.people.invented_persons import token
from tests.people.stored import store

pytestmark = pytest.mark.django_db
CHILD = {
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "national_id": "A123456789",
    "phone": "0900-000-001",
    "address": "桃園市中壢區範例路1段2號3樓",
}
LONG = "陳志安" * 3400


@pytest.fixture(autouse=True)
def _as_the_matcher(db):
    with as_role("worker"):
        yield


def told(**raw):
    return forms_of(raw, token=token, query=True, told_on=date(2026, 3, 2))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"name": "小明"},
        {"name": "阿安"},
        {"name": LONG},
        {"name": LONG, "address": LONG, "phone": LONG, "birth": LONG, "national_id": LONG},
        {"name": "Иван Петров", "address": "ул. Ленина 5"},
        {"name": "محمد علي"},
        {"name": "陳\x00志\ud800"},
        {"name": "😀"},
        {"national_id": "A123456780"},
        {"national_id": "Z9"},
        {"name": "王大明", "birth": "民國199年1月1日"},
        {"name": "王大明", "birth": "2999-01-01", "sex": "?"},
        {"birth": "2018-05-01"},
        {"sex": "M"},
        {"phone": "0000000000"},
        {"address": "桃園市"},
    ],
)
def test_what_tells_nobody_accepts_nobody(raw):
    store([CHILD])
    found = find_people(told(**raw))
    assert not any(one.accepted for one in found)
    for one in found:
        assert one.probability < 0.5
        assert one.reasons


def test_a_birth_in_the_future_is_not_the_birth_of_the_one_with_the_name():
    (child,) = store([CHILD])
    as_told = find_people(told(name="陳志安", birth="2018-05-01", sex="M"))[0]
    assert as_told.person_id == child
    for birth in ("2999-05-01", "民國188年5月1日"):
        found = find_people(told(name="陳志安", birth=birth, sex="M"))
        assert all(one.weight < as_told.weight and not one.accepted for one in found)


def test_bad_questions_among_good_ones_change_no_answer():
    (child,) = store([CHILD])
    good = told(name="陳志安", national_id="A123456798")
    bad = [told(), told(name=LONG), told(name="Иван"), told(birth="2999-01-01")]
    found = find_many([*bad, good, *bad] * 4)
    assert [one[0].person_id for one in found[4::9]] == [child] * 4
    assert find_people(good)[0].probability == pytest.approx(found[4][0].probability)


def test_a_question_asks_a_stated_number_of_keys_at_most():
    most = told(
        **CHILD | {"name": "陳志安", "phone": "0900000001 " * 20, "address": "桃園市中壢區" * 30}
    )
    assert len(query_keys(most)) <= MOST_KEYS
