"""The picture stored with a screening tells no protected place: to nobody, by no page, not later (R7)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.cases.identity_permissions import check_can_judge
from anwang.cases.queries.who_is_who import records_of
from anwang.common.clock import clock_now
from anwang.intake.actions import Receipt
from anwang.intake.actions import deliver as through_the_door
from anwang.people.models import Identity, Link
from anwang.triage.actions import screening
from anwang.triage.models import Screening
from anwang.triage.queries import explain_fields
from anwang.triage.trials.queries.replays import differs_from_stored
from tests.cases.household_world import HOME, NEW_HOME, row
from tests.conftest import as_role
from tests.factories import PASSWORD, SENDER, desk_worker, report_body
from tests.households.telling import REGISTRY, day, deliver, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
CHILD, FATHER, MOTHER = "A123456789", "B123456780", "A223456781"
NEW_ROAD, NEW_SCHOOL = "新生路77號", "測試國小"
SAFE = {"safe_address": "臺中市北區平安街8號"}
SAID = {
    CHILD: {"name": "陳志安", "birth": "2018-05-01"},
    MOTHER: {"name": "林美玉", "birth": "1986-07-08"},
}


def days_ago(days: int) -> str:
    return (clock_now().date() - timedelta(days=days)).isoformat()


@pytest.fixture
def desk() -> Client:
    desk_worker()
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    return client


@pytest.fixture
def moved(desk) -> dict[str, uuid.UUID]:
    return family_that_moved()


def family_that_moved() -> dict[str, uuid.UUID]:
    """Mother and child moved from the father's door to another, and the child to another school."""
    rows = {
        "child": row("1", "陳志安", "2018-05-01", "M", "child", national_id=CHILD,
                     father_id=FATHER, mother_id=MOTHER),
        "father": row("2", "陳大方", "1984-02-03", "M", "head", national_id=FATHER),
        "mother": row("3", "林美玉", "1986-07-08", "F", "spouse", national_id=MOTHER,
                      spouse_id=FATHER),
    }  # fmt: skip
    went = {"address": NEW_HOME, "household_key": "F9", "registered_on": "2026-02-20"}
    pupil = {"record_key": "S1", "name": "陳志安", "national_id": CHILD, "school_name": NEW_SCHOOL,
             "enrolled_on": days_ago(100)}  # fmt: skip
    with as_role("worker"):
        people = {name: person() for name in rows}
        deliver(REGISTRY, [(people[name], one) for name, one in rows.items()])
        deliver(REGISTRY, [(people[name], rows[name] | went) for name in ("child", "mother")],
                day("2026-02-21"), mode="incremental")  # fmt: skip
        deliver("school", [(people["child"], pupil)], day("2026-02-24"), mode="incremental")
    return people


def reported(number: str = CHILD, *, safe: bool = False, **more) -> Receipt:
    """A report on somebody of the family, and the father as who hurt him, screened."""
    victim = {"role": "victim", **SAID[number]}
    other = {"role": "respondent", "name": "陳大方", "birth": "1984-02-03"}
    with as_role("door"):
        receipt = through_the_door(
            report_body(subjects=[victim | (SAFE if safe else {}), other], **more),
            sender="tests", actor=SENDER,
        )  # fmt: skip
    screened()
    return receipt


def screened() -> None:
    with as_role("worker"):
        screening.screen_waiting()


def stored(receipt: Receipt) -> str:
    """Every picture of a report, as the application's role reads it for its desk."""
    with as_role("worker"):
        reader = Actor(Account.objects.get(username="desk-one").pk)
    with acting(reader, "deciding"), connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(string_agg(picture::text, ' '), '') from triage_screening"
            " where matter_id = %s", [receipt.report],
        )  # fmt: skip
        told = str(cursor.fetchone()[0])
        return told + str(explain_fields(receipt.receipt))


def page(desk: Client, receipt: Receipt) -> str:
    answer = desk.get(f"/desk/{receipt.receipt}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_anybody_to_protect_the_picture_tells_where_people_are(desk, moved):
    receipt = reported()
    for told in (stored(receipt), page(desk, receipt)):
        assert NEW_ROAD in told
        assert NEW_SCHOOL in told


def test_a_report_with_a_place_of_safety_stores_no_place_that_the_other_side_does_not_know(
    desk, moved
):
    receipt = reported(safe=True)
    for told in (stored(receipt), page(desk, receipt)):
        assert "陳志安" in told
        assert NEW_ROAD not in told
        assert NEW_SCHOOL not in told
        assert "受保護，請洽主責" in told
    assert HOME in stored(receipt), "where the other side is registered, it knows"


def test_a_later_report_without_one_tells_it_no_more_than_the_first(desk, moved):
    """And an earlier one does not either: it was stored before anybody asked for protection."""
    before = reported(MOTHER)
    assert NEW_ROAD in stored(before)
    reported(safe=True)
    after = reported(MOTHER)
    for receipt in (before, after):
        for told in (stored(receipt), page(desk, receipt)):
            assert NEW_ROAD not in told
            assert NEW_SCHOOL not in told


def test_a_place_of_safety_that_is_told_afterwards_clears_what_was_stored(desk, moved):
    key = uuid.uuid4().hex
    receipt = reported(report_id=key)
    assert NEW_ROAD in stored(receipt)
    reported(safe=True, report_id=key, narrative="補充：已離家。")
    assert NEW_ROAD not in stored(receipt)
    assert NEW_ROAD not in page(desk, receipt)


def test_somebody_said_by_a_person_to_be_meant_is_protected_from_then(desk, moved):
    """A report with a place of safety on somebody nobody was recognised for."""
    other = reported(MOTHER)
    with as_role("door"):
        unknown = through_the_door(
            report_body(subjects=[{"role": "victim", "name": "陳志安", "birth": "2009-12-03", **SAFE}]),
            sender="tests", actor=SENDER,
        )  # fmt: skip
    screened()
    assert NEW_ROAD in stored(other)
    with as_role("worker"):
        record = Identity.objects.get(source_id="anwang", record_key=f"{unknown.receipt}/0")
        Link.objects.create(
            record_id=record.record_id, person_id=moved["child"], author="desk", by_person=True,
            probability=1, weight=20,
        )  # fmt: skip
    assert NEW_ROAD not in stored(other)


def test_what_was_decided_is_decided_alike_once_the_places_are_gone(desk, moved):
    """V6: that somebody is in custody still holds; where, is not told."""
    with as_role("worker"):
        deliver("prison", [(moved["mother"], {
            "record_key": "P1", "name": "林美玉", "national_id": MOTHER, "entered_on": days_ago(90),
            "facility": "範例女子監獄"})], day("2026-02-26"), mode="incremental")  # fmt: skip
    receipt = reported(MOTHER)
    reported(safe=True)
    with as_role("worker"):
        kept = Screening.objects.select_related("matter__report").get(matter_id=receipt.report)
        assert differs_from_stored(kept, kept.matter.report) == []
        (custody,) = [one for one in kept.picture["facts"] if one["kind"] == "in-custody"]
    assert (custody["state"], custody["current"], custody["value"]) == ("value", True, {})
    assert "範例女子監獄" not in str(kept.picture)


def test_records_compared_to_say_who_is_who_tell_no_place_of_whoever_is_kept_safe(desk, moved):
    told = {"role": "victim", "name": "陳志安", "birth": "2018-05-01", "address": HOME}
    with as_role("door"):
        by_name = through_the_door(report_body(subjects=[told]), sender="tests", actor=SENDER)
    screened()
    with as_role("worker"):
        record = Identity.objects.get(source_id="anwang", record_key=f"{by_name.receipt}/0")
        reader = Actor(Account.objects.get(username="desk-one").pk)

    def compared() -> str:
        with acting(reader, "who-is-who"):
            permit, question = check_can_judge(reader, record.record_id)
            return str([(one.forms.address, one.forms.phones, one.written)
                        for one in records_of(question, permit) if not one.asked])  # fmt: skip

    assert "新生路" in compared()
    reported(safe=True)
    assert "新生路" not in compared()


def test_a_picture_drawn_again_leaves_none_behind_that_tells_a_place(desk, moved):
    receipt = reported()
    with as_role("worker"):
        screening.screen(receipt.report)
        first, second = Screening.objects.filter(matter_id=receipt.report).order_by("at")
    assert NEW_ROAD not in str(first.picture)
    assert NEW_ROAD in str(second.picture)
