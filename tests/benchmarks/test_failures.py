"""What failed is kept by kind of slip: in the results and on the page that people read."""

from __future__ import annotations

import json

from benchmarks import harness, summary
from benchmarks.harness import Result
from benchmarks.live import Answer, by_kind


def answer(kind: str, score: float, *, right: bool, present: bool = True) -> Answer:
    return Answer(kind, present, answered=True, score=score, right=right)


def test_failures_of_each_engine_are_counted_by_kind_of_slip():
    ours = [
        answer("exact", 0.9, right=True),
        answer("masked-id", 0.3, right=True),  # right, but not taken
        answer("absent", 0.8, right=False, present=False),
    ]
    theirs = [answer("exact", 5, right=False)]  # asked fewer of the questions
    rows = by_kind({"ours": ours, "trigrams": theirs}, {"ours": 0.5, "trigrams": 1})
    found = {row.pop("kind"): tuple(row.values()) for row in rows}
    assert found == {
        "absent": (1, 0, 1, 0, 0, 0),
        "exact": (1, 0, 0, 1, 1, 1),
        "masked-id": (1, 1, 0, 0, 0, 0),
    }


def test_they_stand_in_the_results_and_on_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    monkeypatch.setattr(summary, "RESULTS", tmp_path)
    row = {"size": 10_000, "kind": "masked-id", "ours_asked": 40, "ours_missed": 3}
    Result("live", "questions", rows=[{"size": 10_000}], by_kind=[row]).keep()
    assert json.loads((tmp_path / "live.json").read_text())["by_kind"] == [row]
    assert "masked-id" in capsys.readouterr().out
    assert "| 10,000 | masked-id | 40 | 3 |" in summary.page()
