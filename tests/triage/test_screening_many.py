"""Many reports in one transaction come out as one after the other, and one bad report hurts itself alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from anwang.access.models import AuditEntry, Relation
from anwang.people.models import Identity, Link
from anwang.registries.models import Record
from anwang.triage.actions import screening, screening_steps
from anwang.triage.models import Matter, Screening
from anwang.triage.rules.together import how_many_together
from tests.conftest import as_role
from tests.households.telling import REGISTRY, deliver, person

pytestmark = pytest.mark.django_db
HOME = "桃園市中壢區範例路1段2號3樓"
CHILD, FATHER, MOTHER = "A123456789", "B123456780", "A223456781"
OTHERS = ("林大同", "黃春生", "張明月", "李山青", "吳飛雪", "蔡川流")


def row(key, name, born, sex, number, role, **more):
    return {"record_key": key, "name": name, "birth_date": born, "sex": sex, "address": HOME,
            "household_key": "F1", "relation_to_head": role, "registered_on": "2019-01-01",
            "national_id": number, **more}  # fmt: skip


@pytest.fixture
def family(db):
    """A child with both parents at one door, as the household registration tells it."""
    with as_role("worker"):
        deliver(REGISTRY, [
            (person(), row("1", "陳志安", "2018-05-01", "M", CHILD, "child",
                           father_id=FATHER, mother_id=MOTHER)),
            (person(), row("2", "陳大方", "1984-02-03", "M", FATHER, "head")),
            (person(), row("3", "林美玉", "1986-07-08", "F", MOTHER, "spouse", spouse_id=FATHER)),
        ])  # fmt: skip


def on_a_stranger(place: int) -> dict[str, Any]:
    return {
        "narrative": OTHERS[place] * 5,
        "subjects": [
            {"role": "victim", "name": OTHERS[place], "birth": f"民國{80 + place}年{place + 1}月9日",
             "address": f"桃園市平鎮區{OTHERS[place][-1]}路{place * 7 + 1}號"},
        ],
    }  # fmt: skip


def told_of_family() -> list[dict[str, Any]]:
    """Reports that tell of one family, of each other's event, of strangers; in their order."""
    child = {"role": "victim", "name": "陳志安", "national_id": CHILD, "birth": "107.5.1"}
    phone = {"phone": "0912-000-678"}  # the registers know of none
    mother = {"role": "respondent", "name": "林美玉", "relation_to_victim": "mother"}
    father = {"role": "victim", "name": "陳大方", "national_id": FATHER, "birth": "73.2.3"}
    road = {"incident": {"place": "桃園市楊梅區測試路5號", "occurred_at": "昨晚"}}
    return [
        {"subjects": [child | phone, mother]},
        on_a_stranger(0),
        {
            "subjects": [{"role": "victim", "name": "小安"} | phone],
            "narrative": "電話裡有小孩在哭。",
        },
        {"subjects": [father], "concerns": ["partner-violence"], "narrative": "他說昨晚被打。"},
        on_a_stranger(1) | road,
        {"subjects": [child], "channel": "hotline-113"},
        on_a_stranger(2) | road | {"narrative": OTHERS[1] * 5},
        {"subjects": []},
        on_a_stranger(1),
    ]


def outcome() -> list[dict[str, Any]]:
    """What is on record of every report, with receipts in place of what is drawn by lot."""
    receipts = {str(one.pk): one.report.receipt for one in Matter.objects.select_related("report")}
    records = {str(pk): key for pk, key in Record.objects.values_list("pk", "record_key")}
    named = receipts | records

    def plain(value: Any) -> Any:
        text = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        for drawn, name in named.items():
            text = text.replace(drawn, name)
        return json.loads(text)

    entries = list(AuditEntry.objects.values_list("object_ids", "act", "result", "detail"))
    told = []
    for matter in Matter.objects.order_by("report__receipt"):
        made = Screening.objects.get(matter=matter)
        told.append(plain({
            "matter": {name: getattr(matter, name) for name in (
                "state", "grade", "grade_class", "stream", "agency_kind", "joint_with", "headline",
                "same_event_as", "same_event_probability", "county", "desk_team",
                "failed_steps", "due_at")},
            "matches": made.matches,
            "same_event": made.same_event,
            "picture": made.picture | {"known_at": "", "facts": [
                fact | {"known_at": "", "record": ""} for fact in made.picture["facts"]]},
            "inputs": made.inputs,
            "proposal": made.proposal,
            "versions": made.versions,
            "links": list(Link.objects.filter(record_id__in=[
                one["record"] for one in made.matches.values() if one["record"]
            ]).values("person_id", "probability", "weight", "reasons")),
            "reach": sorted(Relation.objects.filter(through=matter.pk).values_list(
                "team_id", "object_kind", "object_id", "ground"), key=str),
            "audit": [said for objects, *said in entries if str(matter.pk) in objects],
        }))  # fmt: skip
    return told


def done_and_taken_back(screen: Callable[[], None]) -> list[dict[str, Any]]:
    with transaction.atomic():
        screen()
        told = outcome()
        transaction.set_rollback(True)
    return told


def one_after_the_other() -> None:
    waiting = Matter.objects.filter(state="received").order_by("report__accepted_at")
    for report in list(waiting.values_list("pk", flat=True)):
        screening.screen(report)


def test_many_together_come_out_as_one_after_the_other(delivered, family):
    for report in told_of_family():
        delivered(**report)
    with as_role("worker"):
        alone = done_and_taken_back(one_after_the_other)
        together = done_and_taken_back(lambda: screening.screen_waiting() and None)
    assert len(alone) == 9
    for one, other in zip(alone, together, strict=True):
        assert one == other
    assert any(one["same_event"] for one in alone)
    # A later one has read what an earlier one wrote.
    assert any(fact["source"] == "anwang" for one in alone for fact in one["picture"]["facts"])


def test_the_number_of_statements_does_not_grow_with_the_reports(delivered):
    with as_role("worker"):
        screening.screen_waiting()
    counts = []
    for number in (2, 6):
        for place in range(number):
            delivered(**on_a_stranger(place))
        with as_role("worker"), CaptureQueriesContext(connection) as asked:
            assert screening.screen_waiting() == number
        counts.append(len(asked))
        with as_role("worker"):
            Matter.objects.update(state="received", attempts=9, changed_at="2099-01-01T00:00Z")
    assert counts[1] - counts[0] <= 4


@pytest.fixture
def six(delivered):
    return [delivered(**on_a_stranger(place)).report for place in range(6)]


def each_once(reports) -> None:
    """Whether every report has one screening, its records and one audit entry."""
    assert Screening.objects.count() == len(reports)
    assert set(Screening.objects.values_list("matter_id", flat=True)) == set(reports)
    keys = list(Record.objects.filter(source_id="anwang").values_list("record_key", flat=True))
    assert len(keys) == len(set(keys)) == len(reports)
    screened = AuditEntry.objects.filter(act="report-screened").values_list("object_ids", flat=True)
    assert sorted(map(str, reports)) == sorted(one for ids in screened for one in ids)
    assert AuditEntry.objects.filter(act="records-loaded").count() == len(reports)


def test_a_step_that_fails_for_one_report_is_named_on_that_one_alone(six, monkeypatch, caplog):
    bad, real = six[3], screening_steps.inputs_from

    def fails(copy, picture):
        if copy["narrative"].startswith(OTHERS[3]):
            raise ValueError("綠色")
        return real(copy, picture)

    monkeypatch.setattr(screening_steps, "inputs_from", fails)
    with as_role("worker"):
        assert screening.screen_waiting() == 6
        each_once(six)
        failed = dict(Matter.objects.values_list("pk", "failed_steps"))
    assert failed == {one: ["proposal"] if one == bad else [] for one in six}
    assert "綠色" not in caplog.text


def test_a_report_that_cannot_be_written_waits_alone(six, monkeypatch):
    bad, real = six[0], screening.write_screenings

    def fails(found):
        if any(one.report.id == bad for one in found):
            with connection.cursor() as cursor:
                cursor.execute("select 1/0")
        return real(found)

    monkeypatch.setattr(screening, "write_screenings", fails)
    with as_role("worker"):
        assert screening.screen_waiting() == 5
        each_once(six[1:])
        assert Matter.objects.get(pk=bad).state == "received"
    monkeypatch.undo()
    with as_role("worker"):
        Matter.objects.filter(pk=bad).update(changed_at="2026-01-01T00:00Z")
        assert screening.screen_waiting() == 1
        each_once(six)


def test_a_worker_that_dies_among_many_leaves_nothing_half_done(six, monkeypatch):
    def dies(_found):
        raise SystemExit

    monkeypatch.setattr(screening, "wake_families", dies)
    with as_role("worker"), pytest.raises(SystemExit):
        screening.screen_waiting()
    monkeypatch.undo()
    with as_role("worker"):
        assert not Screening.objects.exists()
        assert not Identity.objects.filter(source_id="anwang").exists()
        assert not AuditEntry.objects.filter(act__in=["report-screened", "records-loaded"]).exists()
        assert set(Matter.objects.values_list("state", "attempts")) == {("received", 1)}
        assert screening.screen_waiting() == 0  # leased
        Matter.objects.update(changed_at="2026-01-01T00:00Z")
        alone: list[int] = []
        real = screening.steps.lock_waiting

        def counted(reports):
            alone.append(len(reports))
            return real(reports)

        monkeypatch.setattr(screening.steps, "lock_waiting", counted)
        assert screening.screen_waiting() == 6
        assert alone == [1] * 6  # one of them may be the one that kills
        each_once(six)


def test_what_was_decided_since_the_claim_is_left_alone(six, monkeypatch):
    real = screening._claim

    def claimed_late(portion):
        found = real(portion)
        Matter.objects.filter(pk=six[2]).update(state="closed", due_at=None)
        return found

    monkeypatch.setattr(screening, "_claim", claimed_late)
    with as_role("worker"):
        assert screening.screen_waiting() == 5
        each_once([one for one in six if one != six[2]])


SETS = st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), max_size=8)


@given(SETS)
def test_together_go_as_many_as_read_nothing_that_one_before_writes(told):
    reads, writes = [one[0] for one in told], [one[1] for one in told]
    number = how_many_together(reads, writes)
    clashes = [
        later for later in range(len(told)) if any(reads[later] & writes[i] for i in range(later))
    ]
    assert number == min(clashes, default=len(told))
    assert number > 0 or not told
