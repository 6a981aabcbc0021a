"""A file of reports: the good lines are taken, the bad ones named with their number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from anwang.intake.rules.bodies import LARGEST_BYTES
from anwang.intake.rules.lines import FileUnreadable, reports_in

GOOD = json.dumps({"report_id": "R-1", "narrative": "經過"}, ensure_ascii=False)
FRAME = '{"narrative":"%s"}'


def exactly(size: int) -> str:
    return FRAME % ("x" * (size - len(FRAME) + 2))


def read(path: Path) -> list[tuple[int, bool]]:
    return [(line.number, line.delivered is not None) for line in reports_in(path)]


@pytest.mark.parametrize("packed", [False, True])
def test_bad_lines_are_named_and_the_good_ones_taken(tmp_path, packed):
    lines = ["\ufeff" + GOOD, "", "{broken", "[1]", exactly(LARGEST_BYTES),
             exactly(LARGEST_BYTES + 1), exactly(3 * LARGEST_BYTES), GOOD]  # fmt: skip
    path = tmp_path / "reports.jsonl"
    content = "\r\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read(path) == [
        (1, True), (3, False), (4, False), (5, True), (6, False), (7, False), (8, True),
    ]  # fmt: skip


def test_a_refused_line_says_what_to_do_and_repeats_nothing(tmp_path):
    path = tmp_path / "reports.jsonl"
    path.write_text('{"narrative": "王大明')
    (line,) = reports_in(path)
    assert "更正" in line.reason and "王大明" not in line.reason


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(gzip.compress(GOOD.encode() * 999)[:40])
    for path in (tmp_path / "absent.jsonl", tmp_path, torn):
        with pytest.raises(FileUnreadable):
            list(reports_in(path))
