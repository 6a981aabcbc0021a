"""Whom a person has said a record is not, no version of the model proposes again."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from anwang.access.context import LOADING, SCREENING, Actor
from anwang.people.actions import identify, link_own_record, unlink
from anwang.people.models import Identity
from anwang.people.queries import find_many
from anwang.people.rules.forms import forms_of
from anwang.registries.actions.deliveries import load_file
from anwang.registries.actions.own import write_own_record
from tests.conftest import as_role
from tests.people.invented_persons import token
from tests.people.stored import store
from tests.people.test_identify import dose
from tests.registries.conftest import CHILD, REGISTRY, person, write_csv

pytestmark = pytest.mark.django_db
SOMEBODY = Actor(uuid.UUID(int=5))
TOLD = {
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "phone": "0900-000-001",
    "address": "桃園市中壢區範例路1段2號3樓",
}


@pytest.fixture(autouse=True)
def _as_the_matcher(db):
    with as_role("worker"):
        yield


def asked():
    return forms_of(TOLD, token=token, query=True, told_on=date(2026, 3, 2))


def own_record(key: str) -> uuid.UUID:
    return write_own_record(key, {**TOLD, "role": "victim"}, [], actor=SCREENING)


def test_a_rejected_person_is_not_found_again_for_the_record_but_is_for_others():
    (child,) = store([TOLD])
    record = own_record("R/0")
    link_own_record(record, child, None, actor=SCREENING, forms=asked())
    unlink(record, actor=SOMEBODY, not_same=True)
    rejected, other, new = find_many([asked()] * 3, own_keys=["R/0", "R/1", None])
    assert [one.person_id for one in rejected] == []
    assert other[0].person_id == new[0].person_id == child


def test_a_rejection_is_kept_to_its_record_among_many_questions(monkeypatch):
    monkeypatch.setattr("anwang.people.queries.persons.AT_ONCE", 20)
    (child,) = store([TOLD])
    record = own_record("R/0")
    link_own_record(record, child, None, actor=SCREENING, forms=asked())
    unlink(record, actor=SOMEBODY, not_same=True)
    keys = [None] * 50
    keys[33] = "R/0"
    found = find_many([asked()] * 50, own_keys=keys)
    assert [place for place, one in enumerate(found) if not one] == [33]


def test_a_rejection_counts_for_later_versions_of_the_record_until_it_is_taken_back():
    (child,) = store([TOLD])
    first = own_record("R/0")
    link_own_record(first, child, None, actor=SCREENING, forms=asked())
    unlink(first, actor=SOMEBODY, not_same=True)
    second = own_record("R/0")
    stranger = link_own_record(second, None, None, actor=SCREENING, forms=asked())
    found = find_many([asked()], own_keys=["R/0"])[0]
    assert {one.person_id for one in found} == {stranger}
    link_own_record(second, child, None, actor=SOMEBODY, by_person=True, forms=asked())
    assert find_many([asked()], own_keys=["R/0"])[0][0].person_id == child


def test_a_machines_withdrawal_is_no_rejection():
    (child,) = store([TOLD])
    record = own_record("R/0")
    link_own_record(record, child, None, actor=SCREENING, forms=asked())
    unlink(record, actor=SCREENING)
    assert find_many([asked()], own_keys=["R/0"])[0][0].person_id == child


@pytest.mark.parametrize("number", [CHILD, ""])
def test_a_later_delivery_does_not_link_what_was_rejected(tmp_path, number):
    def take(source: str, line: dict[str, str], day: str) -> Identity:
        path = write_csv(tmp_path / f"{day}.csv", [line])
        outcome = load_file(source, path, actor=LOADING)
        assert outcome.delivery_id, outcome.held_because
        identify(outcome.delivery_id, actor=LOADING)
        return Identity.objects.get(record_key=line["record_key"], superseded=False)

    known = take("immunisation", dose("V-1", national_id=number), "first").person_id
    line = person("P-1", national_id=number)
    linked = take(REGISTRY, line, "second")
    assert linked.person_id == known
    unlink(linked.record_id, actor=SOMEBODY, not_same=True)
    later = take(REGISTRY, line | {"phone": "0900000009"}, "third")
    assert later.person_id not in (None, known)
