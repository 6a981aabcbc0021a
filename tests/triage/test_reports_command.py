"""`anwang reports`: counts what it took, names what it did not, and waits for the screening."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from anwang.triage.models import Matter, State
from tests.conftest import as_role

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EXAMPLES = Path("docs/formats/example-reports.jsonl").read_text("utf-8")


def deliver(path: Path, content: str, capsys, *more: str) -> tuple[dict[str, int], str]:
    """What the command says on standard output, and on standard error."""
    path.write_text(content, "utf-8")
    with as_role("worker"):
        call_command("reports", str(path), "--json", *more)
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def test_reports_are_taken_once_and_screened_before_the_command_ends(tmp_path, capsys):
    said, faults = deliver(tmp_path / "a.jsonl", EXAMPLES + "{broken\n", capsys)
    assert said == {"received": 3, "repeated_delivery": 0, "refused": 1}
    assert "line 4" in faults
    with as_role("worker"):
        assert Matter.objects.count() == 3
        assert not Matter.objects.filter(state=State.RECEIVED).exists()
    again, _ = deliver(tmp_path / "a.jsonl", EXAMPLES, capsys)
    assert again == {"received": 0, "repeated_delivery": 3, "refused": 0}


def test_a_line_without_a_sender_is_the_local_ones_and_old_reports_keep_their_time(
    tmp_path, capsys
):
    line = {"report_id": "R-1", "received_at": "2024-03-02T09:12:00+08:00", "subjects": []}
    deliver(tmp_path / "a.jsonl", json.dumps(line), capsys, "--historic")
    with as_role("worker"):
        report = Matter.objects.select_related("report").get().report
    assert report.sender == "local"
    assert report.clock_started_at == report.received_at


def test_when_nothing_is_taken_the_command_fails(tmp_path, capsys):
    with pytest.raises(CommandError):
        deliver(tmp_path / "a.jsonl", "{broken", capsys)
