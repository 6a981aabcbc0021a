"""Conflicts of interest found by the database: who is close to a family sees nothing of it (R5)."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection

from anwang.access.context import Actor, acting
from anwang.access.models import Conflict
from anwang.intake.models import Report
from anwang.triage.models import Matter, Screening
from tests.conftest import as_role
from tests.factories import desk_worker, picture_of_two, received_report, report_body
from tests.relatives import (
    Known,
    child_of,
    is_human,
    known_person,
    marry,
    older_version,
    say,
)

pytestmark = pytest.mark.django_db
YESTERYEAR = dt.date(2011, 5, 1)


def screened_about(child: Known, father: Known, **more) -> uuid.UUID:
    """A report whose screening took its subjects for these two."""
    report = received_report(**more).report
    with as_role("worker"):
        Screening.objects.create(
            matter_id=report, picture=picture_of_two(child.person, father.person), matches={}
        )
    return report


def sees(actor: Actor, report: uuid.UUID) -> bool:
    with acting(actor, "test"):
        seen = {
            Report.objects.filter(pk=report).exists(),
            Matter.objects.filter(pk=report).exists(),
        }
    assert len(seen) == 1
    return seen.pop()


@pytest.fixture
def family() -> tuple[Known, Known]:
    child, father = known_person("陳小安"), known_person("陳大方")
    child_of(child, father)
    return child, father


def ground_of(actor: Actor, report: uuid.UUID) -> set[str]:
    with as_role("worker"):
        found = Conflict.objects.filter(account_id=actor.id, object_id=report, until=None)
        return set(found.values_list("ground", flat=True))


def test_a_worker_unknown_to_the_family_sees_its_report(family):
    worker = desk_worker()
    is_human(worker.id, known_person())
    assert sees(worker, screened_about(*family))


def test_the_respondent_sees_nothing_of_the_report_on_him(family):
    """S2."""
    worker = desk_worker()
    is_human(worker.id, family[1])
    report = screened_about(*family)
    assert not sees(worker, report)
    assert ground_of(worker, report) == {"self"}


@pytest.mark.parametrize("steps", ["brother", "spouse", "mother-in-law", "household", "same door"])
def test_who_is_close_to_anybody_in_the_picture_sees_nothing(family, steps):
    worker, father = desk_worker(), family[1]
    own = known_person(door=77 if steps == "same door" else None)
    if steps == "brother":
        grandfather = known_person()
        child_of(father, grandfather)
        child_of(own, grandfather)
    elif steps == "spouse":
        marry(father, own)
    elif steps == "mother-in-law":
        wife = known_person()
        marry(father, wife)
        child_of(wife, own, "kin-mother")
    elif steps == "household":
        say(father, "registered-household", "HH-1")
        say(own, "registered-household", "HH-1")
    else:
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(
                "update people_identity set full_key = 77 where person_id = %s", [father.person]
            )
    is_human(worker.id, own)
    assert not sees(worker, screened_about(*family))


@pytest.mark.parametrize("known_by", ["an ended fact", "an older version of the record"])
def test_a_former_spouse_stays_one_whatever_the_register_says_today(family, known_by):
    worker, former = desk_worker(), known_person()
    if known_by == "an ended fact":
        marry(family[1], former, until=YESTERYEAR)
    else:
        older_version(family[1], "kin-spouse", former.token.hex())
    is_human(worker.id, former)
    report = screened_about(*family)
    assert not sees(worker, report)
    assert ground_of(worker, report) == {"former-spouse"}


def test_a_household_left_long_ago_closes_nothing(family):
    worker, lodger = desk_worker(), known_person()
    say(family[1], "registered-household", "HH-2")
    say(lodger, "registered-household", "HH-2", until=YESTERYEAR)
    is_human(worker.id, lodger)
    assert sees(worker, screened_about(*family))


def test_who_becomes_known_later_loses_sight_at_once(family):
    worker = desk_worker()
    report = screened_about(*family)
    assert sees(worker, report)
    is_human(worker.id, family[1])
    assert not sees(worker, report)


def test_a_relation_of_the_registers_that_proves_wrong_opens_again(family):
    worker = desk_worker()
    is_human(worker.id, family[1])
    report = screened_about(*family)
    is_human(worker.id, known_person())
    assert sees(worker, report)
    with as_role("worker"):
        ended = Conflict.objects.filter(account_id=worker.id, object_id=report)
        assert ended.exclude(until=None).exists(), "a conflict is ended, never deleted"


def test_a_marriage_told_later_closes_on_the_next_look(family):
    """Stale relations: a new fact, a new look."""
    worker, own = desk_worker(), known_person()
    is_human(worker.id, own)
    report = screened_about(*family)
    assert sees(worker, report)
    marry(own, family[1])
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select cases.renew_conflicts(%s)", [worker.id])
    assert not sees(worker, report)


NUMBER = "A123456789"


@pytest.mark.parametrize(
    "told",
    [NUMBER, "A123456788", "A132456789"],
    ids=["the number", "a wrong digit", "two exchanged"],
)
def test_before_any_screening_the_numbers_told_close_the_report(told):
    worker, respondent, brother = desk_worker(), known_person(number=NUMBER), known_person()
    parent = known_person()
    child_of(respondent, parent)
    child_of(brother, parent)
    is_human(worker.id, brother)
    subjects = [{"role": "respondent", "name": "某人", "national_id": told}]
    assert not sees(worker, received_report(subjects=subjects).report)


def test_before_any_screening_the_names_of_his_own_people_close_the_report(family):
    worker = desk_worker()
    is_human(worker.id, family[1])
    assert not sees(worker, received_report().report)


def test_a_namesake_sees_the_report_again_after_its_screening(family):
    worker, namesake = desk_worker(), known_person("陳大方")
    is_human(worker.id, namesake)
    report = received_report().report
    assert not sees(worker, report)
    with as_role("worker"):
        Screening.objects.create(
            matter_id=report, picture=picture_of_two(family[0].person, family[1].person), matches={}
        )
    assert sees(worker, report)


def test_a_failed_screening_leaves_the_namesake_outside(family):
    worker = desk_worker()
    is_human(worker.id, known_person("陳大方"))
    report = received_report().report
    with as_role("worker"):
        Screening.objects.create(matter_id=report, failed_steps=["matching"])
    assert not sees(worker, report)


def test_the_other_report_of_the_same_event_is_closed_too(family):
    worker = desk_worker()
    is_human(worker.id, family[1])
    first = screened_about(*family)
    second = received_report(subjects=[{"role": "victim", "name": "不明"}]).report
    assert sees(worker, second)
    with as_role("worker"):
        Matter.objects.filter(pk=second).update(same_event_as=first)
    assert not sees(worker, second)


def test_who_wrote_a_report_may_go_on_seeing_what_he_wrote(family):
    worker = desk_worker()
    is_human(worker.id, family[1])
    from anwang.intake.actions import deliver

    receipt = deliver(report_body(), sender="anwang-web", author=worker.id, actor=worker)
    with as_role("worker"):
        Screening.objects.create(
            matter_id=receipt.report,
            picture=picture_of_two(family[0].person, family[1].person),
            matches={},
        )
    with acting(worker, "test"):
        assert Report.objects.filter(pk=receipt.report).exists()
        assert not Matter.objects.filter(pk=receipt.report).exists()
