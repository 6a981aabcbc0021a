"""The desk's fields are complete and never tell the reporter; the number of statements is constant."""

from __future__ import annotations

import io
import json
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.access.actions.relations import Reach, relate
from anwang.access.context import acting
from anwang.access.operator import NoOperator
from anwang.people.models import Link
from anwang.triage.actions import screening
from anwang.triage.models import Matter, Screening
from anwang.triage.queries import desk_fields, desk_rows, explain_fields
from tests.conftest import as_role

pytestmark = pytest.mark.django_db

FIELDS = [
    "receipt", "sender", "report_id", "county", "state", "grade", "class", "stream", "agency_kind",
    "joint_with", "passed_to", "accountable_team", "received_at", "due_at", "clocks",
    "same_event_as", "same_event_probability", "persons", "unknown", "reasons",
]  # fmt: skip


def screen_all() -> None:
    with as_role("worker"):
        screening.screen_waiting()


def printed(command: str, *arguments: str) -> list[dict]:
    out = io.StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_desk_prints_every_field_of_the_format(delivered, operator):
    receipt = delivered()
    screen_all()
    (row,) = printed("desk")
    assert list(row) == FIELDS
    assert row["receipt"] == receipt.receipt
    assert row["county"] == "68000"
    assert row["accountable_team"] == "68000-desk"
    assert row["state"] == "awaiting-decision"
    assert row["clocks"][0]["state"] == "running"
    assert set(row["clocks"][0]) == {"id", "started_at", "due_at", "state"}
    assert row["reasons"]
    for reason in row["reasons"]:
        assert list(reason) == ["rule", "row", "text", "citation"]
        assert all(isinstance(part, str) and part for part in reason.values())


def test_a_report_not_yet_screened_stands_on_the_desk_with_every_source_unknown(
    delivered, operator
):
    delivered()
    (row,) = printed("desk")
    assert row["state"] == "received"
    assert row["due_at"] and row["accountable_team"] and row["clocks"]
    assert row["grade"] is None
    assert row["persons"] == {}
    assert "household-registration" in row["unknown"]
    assert "anwang" not in row["unknown"]


def test_the_due_time_is_written_with_its_offset(delivered, operator):
    delivered()
    (row,) = printed("desk")
    for instant in (row["received_at"], row["due_at"], row["clocks"][0]["due_at"]):
        assert instant.endswith(("+00:00", "+08:00"))


def test_neither_desk_nor_explain_tells_the_reporter(delivered, operator):
    """R7"""
    receipt = delivered()
    screen_all()
    told = json.dumps(printed("desk", "--all") + printed("explain", receipt.receipt))
    for secret in ("範例老師", "03-3000000", "3000000"):
        assert json.dumps(secret)[1:-1] not in told


def test_closed_reports_are_shown_with_all_alone(delivered, operator):
    receipt = delivered()
    screen_all()
    with as_role("worker"):
        Matter.objects.filter(pk=receipt.report).update(state="answered")
    assert printed("desk") == []
    assert [row["receipt"] for row in printed("desk", "--all")] == [receipt.receipt]


def test_explain_adds_inputs_versions_and_picture(delivered, operator):
    receipt = delivered()
    screen_all()
    (told,) = printed("explain", receipt.receipt)
    assert list(told)[: len(FIELDS)] == FIELDS
    assert told["inputs"]["concerns"] == ["child-physical"]
    assert told["policy_versions"]["triage.grade"]
    assert told["picture"]["members"]
    assert told["failed_steps"] == []


def test_explain_refuses_an_unknown_receipt(operator):
    with pytest.raises(CommandError, match="查無"):
        call_command("explain", "AAAAAAAAAAA")


def test_without_the_operators_account_the_desk_says_so(db):
    with pytest.raises(NoOperator):
        call_command("desk")


def test_without_context_there_are_no_rows(delivered):
    """V4"""
    delivered()
    assert list(desk_rows()) == []


def test_the_number_of_statements_does_not_grow_with_the_rows(delivered, operator):
    def statements(rows: int) -> int:
        for _ in range(rows):
            delivered()
        screen_all()
        with acting(operator), CaptureQueriesContext(connection) as seen:
            assert len(list(desk_rows())) >= rows
        return len(seen)

    assert statements(1) == statements(12)


def test_one_report_and_all_reports_give_the_same_fields(delivered, operator):
    receipt = delivered()
    screen_all()
    with acting(operator):
        (row,) = desk_rows()
        assert desk_fields(receipt.report) == row
        explained = explain_fields(receipt.receipt)
    assert {name: explained[name] for name in FIELDS} == row


def test_persons_are_those_last_judged(delivered, operator):
    """A person's later judgement on a link stands above the machine's."""
    receipt = delivered()
    screen_all()
    taken, other = uuid.uuid4(), uuid.uuid4()
    records = [uuid.uuid4(), uuid.uuid4(), uuid.uuid4()]
    with as_role("worker"):
        Screening.objects.filter(matter_id=receipt.report).update(
            matches={
                str(index): {"person_id": str(taken), "probability": 0.97, "record": str(record)}
                for index, record in enumerate(records)
            }
        )
        Link.objects.create(
            record_id=records[1], person_id=taken, judgement="not-same", author="x",
            probability=0, weight=0,
        )  # fmt: skip
        Link.objects.create(
            record_id=records[2], person_id=other, author="x", by_person=True, probability=1,
            weight=0,
        )  # fmt: skip
        relate(
            Reach("68000-desk", "person", person, ground="subject", through=receipt.report)
            for person in (taken, other)
        )
    (row,) = printed("desk")
    assert row["persons"] == {
        "0": {"person_id": str(taken), "probability": 0.97},
        "2": {"person_id": str(other), "probability": 1},
    }
