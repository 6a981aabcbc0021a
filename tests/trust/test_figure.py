"""The frame of the figures: a drill goes on where it ended, and never over another product."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trust import figure as frame
from tests.trust.figure import digest_of, hold

SMALL = frame.Figure(  # not one of the page: by its full name
    "small", "what", "goal", share=2, whole=25, portion=10
)


@pytest.fixture
def drill(monkeypatch, tmp_path: Path) -> Path:
    """A drill in a folder of its own; gives where its results stand."""
    monkeypatch.setenv("ANWANG_DRILL", "1")
    monkeypatch.setenv("ANWANG_DRILL_HOME", str(tmp_path / "drill"))
    monkeypatch.setattr(frame, "RESULTS", tmp_path / "results.json")
    at(monkeypatch, "of-one", "one")
    return tmp_path / "results.json"


def at(monkeypatch, files: str, commit: str) -> None:
    monkeypatch.setattr(frame, "_digest", lambda: files)
    monkeypatch.setattr(frame, "_named", lambda: commit)


def stops_after(slices: int, made: list[range]):
    """An attempt that is cut off in the slice after so many."""

    def attempt(numbers: range, seed: int) -> list[str]:
        if len(made) == slices:
            raise KeyboardInterrupt
        made.append(numbers)
        return []

    return attempt


def cut_off(slices: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        hold(SMALL, stops_after(slices, []))


def test_a_drill_goes_on_over_a_commit_that_changes_nothing_it_speaks_of(
    drill, monkeypatch, capsys
) -> None:
    cut_off(1)
    at(monkeypatch, "of-one", "two")
    made: list[range] = []
    hold(SMALL, stops_after(9, made))
    assert made == [range(10, 20), range(20, 25)]
    assert "ran 25 of 25" in capsys.readouterr().out
    assert json.loads(drill.read_text())["small"] | {"seconds": 0} == {
        "ran": 25, "of": 25, "found": 0, "seed": frame.SEED, "commit": "two", "files": "of-one",
        "seconds": 0,
    }  # fmt: skip


def test_a_drill_begins_anew_with_other_files(drill, monkeypatch) -> None:
    cut_off(2)
    at(monkeypatch, "of-another", "two")
    made: list[range] = []
    hold(SMALL, stops_after(9, made))
    assert made[0] == range(10)


def test_a_slice_whose_line_was_cut_off_is_made_again(drill, tmp_path, capsys) -> None:
    cut_off(2)
    (state,) = (tmp_path / "drill").iterdir()
    state.write_text(state.read_text()[:-9])
    made: list[range] = []
    hold(SMALL, stops_after(9, made))
    assert made == [range(10, 20), range(20, 25)]
    assert len(state.read_text().splitlines()) == 3


def test_what_was_found_before_the_cut_still_fails(drill) -> None:
    def found_first(numbers: range, seed: int) -> list[str]:
        return ["one"] if numbers.start == 0 else []

    for _ in range(2):
        with pytest.raises(AssertionError, match="one"):
            hold(SMALL, found_first)


@pytest.mark.parametrize(
    ("path", "matters"),
    [("anwang/access/context.py", True), ("tests/trust/test_x.py", True),
     ("requirements/run.txt", True), ("witness/witness.py", True), ("tests/factories.py", True),
     ("docs/trust.md", False), ("tests/cases/test_x.py", False),
     ("anwang/access/__pycache__/context.cpython-311.pyc", False)],
)  # fmt: skip
def test_which_files_a_figure_speaks_of(tmp_path: Path, path: str, matters: bool) -> None:
    for name in (*frame.MATTERS, "docs"):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("") if place.suffix else place.mkdir(exist_ok=True)
    before = digest_of(tmp_path)
    changed = tmp_path / path
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("another")
    assert (digest_of(tmp_path) != before) == matters
