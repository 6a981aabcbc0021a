"""Links of our own records: probable by machine, confirmed or undone by a person."""

from __future__ import annotations

import uuid

import pytest

from anwang.access.context import SCREENING, Actor
from anwang.access.models import AuditEntry
from anwang.people.actions import LinkedByPerson, NotLinked, link_own_record, unlink
from anwang.people.models import Identity, Key, Link, Person
from anwang.people.rules.scoring import Reason, Scored
from anwang.registries.actions.own import write_own_record
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
PROBABLE = Scored(14.0, 0.91, (Reason("name", "same", 9.0), Reason("birth", "day", 5.0)))
WORKER = Actor(uuid.UUID(int=5))


@pytest.fixture
def worker(db):
    with as_role("worker"):
        yield


def own_record(key: str = "R/0") -> uuid.UUID:
    values = {"name": "陳小安", "birth_date": "2018-05-01", "role": "victim"}
    return write_own_record(key, values, [], actor=SCREENING)


def test_a_probable_link_keeps_its_score_and_reasons(worker):
    person = Person.objects.create()
    record = own_record()
    assert link_own_record(record, person.pk, PROBABLE, actor=SCREENING) == person.pk
    link = Link.objects.get(record_id=record)
    assert (link.probability, link.by_person) == (0.91, False)
    assert link.reasons[0] == {"comparison": "name", "level": "same", "weight": 9.0}
    identity = Identity.objects.get(record_id=record)
    assert identity.person_id == person.pk
    assert Key.objects.filter(identity_no=identity.no).exists()
    assert AuditEntry.objects.filter(act="link-judged").count() == 1


def test_nobody_known_becomes_a_new_person(worker):
    person = link_own_record(own_record(), None, None, actor=SCREENING)
    assert Person.objects.filter(pk=person).exists()


def test_a_link_is_undone_by_a_new_judgement_and_the_first_stays(worker):
    record = own_record()
    person = link_own_record(record, None, PROBABLE, actor=SCREENING)
    unlink(record, actor=WORKER, not_same=True)
    assert Identity.objects.get(record_id=record).person_id is None
    judgements = Link.objects.filter(record_id=record).order_by("judged_at")
    assert [(one.judgement, one.person_id) for one in judgements] == [
        ("same", person), ("not-same", person),
    ]  # fmt: skip
    with pytest.raises(NotLinked):
        unlink(record, actor=WORKER)


def test_a_machine_does_not_change_what_a_person_judged(worker):
    record = own_record()
    person = link_own_record(record, None, None, actor=WORKER, by_person=True)
    with pytest.raises(LinkedByPerson):
        link_own_record(record, Person.objects.create().pk, PROBABLE, actor=SCREENING)
    other = Person.objects.create().pk
    assert link_own_record(record, other, None, actor=WORKER, by_person=True) == other
    assert person != other


def test_a_new_version_of_our_own_record_replaces_the_earlier_in_the_search(worker):
    first, second = own_record(), own_record()
    person = link_own_record(first, None, None, actor=SCREENING)
    link_own_record(second, person, PROBABLE, actor=SCREENING)
    old, new = Identity.objects.order_by("no")
    assert (old.superseded, new.superseded) == (True, False)
    assert not Key.objects.filter(identity_no=old.no).exists()
