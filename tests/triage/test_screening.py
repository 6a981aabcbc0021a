"""The first second of a report: every step may fail, no report is lost, nothing is done twice."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection

from anwang.access.context import SCREENING, acting
from anwang.access.models import AuditEntry
from anwang.triage.actions import screening, screening_steps
from anwang.triage.models import Clock, Duty, Matter, Screening
from tests.conftest import as_role

pytestmark = pytest.mark.django_db


def screened() -> int:
    with as_role("worker"):
        return screening.screen_waiting()


def acts_on(receipt) -> list[str]:
    entries = AuditEntry.objects.values_list("act", "object_ids")
    return sorted(act for act, objects in entries if str(receipt.report) in objects)


def matter_of(receipt) -> Matter:
    return Matter.objects.get(pk=receipt.report)


def test_a_report_gets_its_proposal_and_awaits_the_decision(delivered):
    receipt = delivered()
    assert screened() == 1
    with as_role("worker"):
        matter = matter_of(receipt)
        made = Screening.objects.get(matter=matter)
    assert matter.state == "awaiting-decision"
    assert matter.failed_steps == []
    assert matter.grade in ("1", "2")
    assert matter.stream == "child-protection"
    assert made.proposal["reasons"]
    assert made.versions["policies"]["triage.stream"]
    assert made.inputs["concerns"] == ["child-physical"]
    assert matter.headline["name"] == "陳小安"
    assert matter.headline["place"] == "中壢區"


def test_screening_leaves_one_entry(delivered):
    receipt = delivered()
    screened()
    with as_role("worker"):
        assert acts_on(receipt) == ["report-screened"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("find_many", "matching"),
        ("pictures_of", "picture"),
        ("propose", "proposal"),
        ("write_own_records", "own-records"),
        ("trace_and_compare", "same-event"),
    ],
)
@pytest.mark.parametrize("error", [ValueError("綠色"), DatabaseError("綠色")])
def test_a_step_that_fails_leaves_the_report_at_the_desk_not_checked(
    delivered, monkeypatch, caplog, name, code, error
):
    def fails(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(screening_steps, name, fails)
    receipt = delivered()
    assert screened() == 1
    with as_role("worker"):
        matter = matter_of(receipt)
        assert matter.state == "awaiting-decision"
        assert matter.failed_steps == [code]
        assert Clock.objects.filter(matter=matter, state="running").exists()
        assert matter.due_at is not None
    assert "綠色" not in caplog.text


def test_a_statement_that_fails_inside_a_step_takes_only_the_step_back(delivered, monkeypatch):
    def fails(*_args, **_kwargs):
        with connection.cursor() as cursor:
            cursor.execute("select 1/0")

    monkeypatch.setattr(screening_steps, "find_many", fails)
    receipt = delivered()
    assert screened() == 1
    with as_role("worker"):
        assert matter_of(receipt).failed_steps == ["matching"]
        assert matter_of(receipt).grade


def test_total_failure_parks_the_report_after_five_attempts(delivered, monkeypatch):
    def fails(*_args):
        raise RuntimeError

    monkeypatch.setattr(screening, "write_screenings", fails)
    receipt = delivered()
    for _ in range(screening.MOST_ATTEMPTS):
        assert screened() == 0
        with as_role("worker"):
            assert matter_of(receipt).state == "received"
            Matter.objects.update(changed_at="2026-01-01T00:00Z")
    assert screened() == 1
    with as_role("worker"):
        matter = matter_of(receipt)
        assert matter.state == "awaiting-decision"
        assert matter.failed_steps == ["screening"]
        assert Clock.objects.filter(matter=matter, state="running").count() == 1


def test_a_leased_report_is_left_alone_until_its_lease_ends(delivered):
    receipt = delivered()
    with as_role("worker"), acting(SCREENING):
        Matter.objects.filter(pk=receipt.report).update(attempts=1, changed_at=_now())
    assert screened() == 0
    with as_role("worker"), acting(SCREENING):
        Matter.objects.filter(pk=receipt.report).update(changed_at="2026-01-01T00:00Z")
    assert screened() == 1


def _now():
    from anwang.common.clock import clock_now

    return clock_now()


def test_screening_again_replaces_the_proposal_and_keeps_the_first(delivered):
    receipt = delivered()
    screened()
    with as_role("worker"):
        screening.screen(receipt.report)
        assert Screening.objects.filter(matter_id=receipt.report).count() == 2
        assert acts_on(receipt) == ["report-screened", "report-screened"]


def test_a_report_that_is_not_there_is_not_waiting():
    with as_role("worker"), pytest.raises(screening.NotWaiting):
        screening.screen(uuid.uuid4())


@pytest.mark.parametrize(
    "odd",
    [
        {"subjects": "某人"},
        {"subjects": [7, None, {"role": 3, "name": ["陳"], "birth": {}, "address": 5}]},
        {"subjects": [], "concerns": "child-physical", "narrative": 5},
        {"incident": "昨晚", "immediate_danger": 1, "answers": [1]},
        {
            "subjects": [
                {"role": "victim", "name": "安" * 5000, "national_id": "Ａ１２３４５６７８９"}
            ]
        },
    ],
)
def test_a_report_that_breaks_the_schema_is_screened_like_any_other(delivered, odd):
    receipt = delivered(**odd)
    assert screened() == 1
    with as_role("worker"):
        assert matter_of(receipt).failed_steps == []
        assert matter_of(receipt).grade


def test_the_second_telling_of_an_event_points_to_the_first(delivered):
    first = delivered()
    second = delivered(
        received_at="2026-03-02T10:40:00+08:00", channel="hotline-113",
        narrative="老師說學生手臂有新瘀傷,昨晚被父親用衣架打。",
    )  # fmt: skip
    assert screened() == 2
    with as_role("worker"):
        assert matter_of(second).same_event_as == first.report
        assert matter_of(first).same_event_as is None
        assert matter_of(second).headline["same_events"] == 1
        assert matter_of(second).state == "awaiting-decision"


def test_a_later_report_that_was_screened_first_learns_of_the_earlier(delivered):
    first = delivered()
    second = delivered(received_at="2026-03-02T10:40:00+08:00", channel="hotline-113")
    with as_role("worker"):
        screening.screen(second.report)
        assert matter_of(second).same_event_as is None
        screening.screen(first.report)
        assert matter_of(second).same_event_as == first.report
        assert matter_of(first).same_event_as is None


def test_every_matter_keeps_one_running_duty_and_a_clock(delivered):
    """V2"""
    reports = [delivered(county=county) for county in ("桃園市", "臺北市", None, "火星")]
    screened()
    with as_role("worker"):
        for receipt in reports:
            matter = matter_of(receipt)
            running = Duty.objects.filter(matter=matter, during__endswith=None)
            assert [duty.accountable_team for duty in running] == [matter.accountable_team]
            assert matter.due_at == Clock.objects.get(matter=matter).due_at
