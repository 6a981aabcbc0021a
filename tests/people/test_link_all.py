"""`link_all` over the database: what it writes, keeps, leaves to people, and does not touch again."""

from __future__ import annotations

import random
import uuid

import duckdb
import pytest

from anwang.access.context import LOADING, acting
from anwang.people.actions.batch import link_all
from anwang.people.batch.base import Base
from anwang.people.models import Identity, Link, Person, Review
from anwang.people.queries.reviews import review_sizes
from anwang.people.rules.scoring import load_model
from tests.conftest import as_role
from tests.people import stored
from tests.people.invented_persons import number
from tests.people.told_records import registries

pytestmark = pytest.mark.django_db
CHILD = {
    "name": "陳志安", "sex": "M", "birth_date": "2018-05-01", "national_id": "A123456789",
    "phone": "0912345678", "address": "桃園市中壢區中正路1段5號3樓",
}  # fmt: skip
BARE = {name: told for name, told in CHILD.items() if name != "national_id"}


@pytest.fixture(autouse=True)
def _worker(db):
    with as_role("worker"), acting(LOADING, "linking"):
        yield


def base() -> Base:
    made = Base(duckdb.connect(), load_model())
    made.prepare()
    return made


def keep(*raws, source=stored.REGISTRY):
    return stored.store(raws, source=source)


def persons() -> list[uuid.UUID]:
    return list(Identity.objects.order_by("no").values_list("person_id", flat=True))


def judge(record: Identity, person: uuid.UUID, judgement: str = "same") -> None:
    Link.objects.create(
        record_id=record.record_id, person_id=person, judgement=judgement, author="somebody",
        by_person=True, probability=1, weight=0,
    )  # fmt: skip


def test_records_of_one_person_get_one_id_with_author_score_and_reasons():
    first, second, third = keep(CHILD), keep(CHILD, source="school"), keep(BARE, source="clinic")
    found = link_all(base(), actor=LOADING)
    assert found.read == 3 and found.changed == 2
    assert len(set(persons())) == 1 and persons()[0] in {*first, *second, *third}
    links = list(Link.objects.order_by("weight"))
    assert {one.author for one in links} == {load_model().version}
    assert not any(one.by_person for one in links)
    kinds = {reason["comparison"] for one in links for reason in one.reasons}
    assert "national_id" in kinds


def test_run_again_it_changes_nothing_and_a_base_of_an_earlier_run_gives_the_same():
    rows, _ = registries(150, seed=41)
    stored.store(rows)
    kept = base()
    assert link_all(kept, actor=LOADING).changed > 0
    before, links = persons(), Link.objects.count()
    again = link_all(kept, actor=LOADING)
    assert (again.read, again.changed) == (0, 0)
    assert link_all(base(), actor=LOADING).changed == 0
    assert (persons(), Link.objects.count()) == (before, links)


def test_what_a_person_linked_stays_and_what_a_person_parted_is_never_joined():
    (one,), (other,) = keep(CHILD), keep(CHILD, source="school")
    first, second = Identity.objects.order_by("no")
    judge(first, one)
    judge(second, other)
    link_all(base(), actor=LOADING)
    assert persons() == [one, other]
    third = keep(BARE, source="clinic")[0]
    clinic = Identity.objects.get(source_id="clinic")
    judge(clinic, one, "not-same")
    judge(clinic, other, "not-same")
    link_all(base(), actor=LOADING)
    assert persons() == [one, other, third]


def test_two_settled_persons_are_proposed_and_not_merged():
    (one,), (other,) = keep(CHILD), keep({**CHILD, "phone": "0987654321"}, source="school")
    keep({**BARE, "name": "王大明", "birth_date": "1980-02-03"}, source="clinic")
    for person, no in ((one, 0), (other, 1)):
        away = Person.objects.create()
        judge(Identity.objects.order_by("no")[no], away.pk, "not-same")
        judge(Identity.objects.order_by("no")[2], person, "not-same")
    found = link_all(base(), actor=LOADING)
    assert persons()[:2] == [one, other]
    assert found.review == 1
    row = Review.objects.get(state="open")
    assert (row.kind, set(row.persons)) == ("merge", {one, other})
    link_all(base(), actor=LOADING)
    assert review_sizes() == {"two-numbers": 0, "one-number": 0, "merge": 1, "subject": 0}


def test_a_record_that_means_two_numbers_waits_for_a_person_until_newer_records_answer():
    twin = {**CHILD, "national_id": number(random.Random(3), "M")}
    keep(CHILD, twin)
    keep(BARE, source="clinic")
    link_all(base(), actor=LOADING)
    assert len(set(persons())) == 3
    assert review_sizes()["two-numbers"] >= 1
    Identity.objects.filter(source_id="clinic").update(superseded=True)
    Identity.objects.filter(id_token__isnull=False).exclude(
        no=Identity.objects.earliest("no").no
    ).update(superseded=True)
    link_all(base(), actor=LOADING)
    assert review_sizes()["two-numbers"] == 0
    assert set(Review.objects.values_list("state", flat=True)) == {"gone"}


@pytest.mark.parametrize("said_of", [0, 1])
@pytest.mark.parametrize("through", ["registry", "school"])
def test_whom_a_person_has_parted_is_not_asked_again(said_of, through):
    """One name and birth under two numbers; the word may be said of either, and of any record."""
    numbers = [CHILD["national_id"], number(random.Random(3), "M")]
    people = [keep({**CHILD, "national_id": one})[0] for one in numbers]
    for person, one in zip(people, numbers, strict=True):
        stored.store([{**CHILD, "national_id": one}], source="school", persons=[person])
    link_all(base(), actor=LOADING)
    assert review_sizes()["two-numbers"] == 1
    place = said_of + (2 if through == "school" else 0)
    judge(Identity.objects.order_by("no")[place], people[1 - said_of], "not-same")
    link_all(base(), actor=LOADING)
    assert persons() == people * 2
    assert review_sizes() == {"two-numbers": 0, "one-number": 0, "merge": 0, "subject": 0}


def test_holders_of_one_number_are_asked_about_for_what_they_tell_and_not_for_what_people_said():
    (one,), (other,) = keep(CHILD), keep(CHILD, source="school")
    judge(Identity.objects.get(source_id="school"), one, "not-same")
    link_all(base(), actor=LOADING)
    assert persons() == [one, other]
    assert review_sizes()["one-number"] == 0
    stranger = {**CHILD, "name": "林美玉", "birth_date": "1950-01-01"}
    (third,) = keep(stranger, source="clinic")
    link_all(base(), actor=LOADING)
    assert review_sizes()["one-number"] == 1
    clinic = Identity.objects.get(source_id="clinic")
    judge(clinic, one, "not-same")
    judge(clinic, other, "not-same")
    link_all(base(), actor=LOADING)
    assert persons() == [one, other, third]
    assert review_sizes()["one-number"] == 0


def test_earlier_versions_follow_their_record():
    keep(CHILD, source="school")
    (other,) = keep({**CHILD, "record_key": "K"})
    old = keep({**CHILD, "record_key": "K", "phone": "0900000001"})
    Identity.objects.filter(person_id=old[0]).update(superseded=True, person_id=other)
    keep({**CHILD}, source="clinic")
    link_all(base(), actor=LOADING)
    assert len(set(persons())) == 1
