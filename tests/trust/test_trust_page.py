"""docs/trust.md says what is measured, and each story of the threat model is a test or waits by name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("trust_page", ROOT / "tools" / "write_trust_page.py")
assert spec and spec.loader
trust_page = importlib.util.module_from_spec(spec)
sys.modules["trust_page"] = trust_page
spec.loader.exec_module(trust_page)


def test_the_page_is_what_the_tests_say() -> None:
    written = trust_page.PAGE.read_text(encoding="utf-8")
    assert written == trust_page.page(), "renew it: python tools/write_trust_page.py"


def test_every_figure_has_a_share_below_its_whole_and_faults_planted_for_it() -> None:
    for one in trust_page.figures():
        if isinstance(one["share"], int) and isinstance(one["whole"], int):
            assert 0 < one["share"] <= one["whole"], one["name"]


def test_each_of_the_22_stories_is_a_test_by_name_or_waits_for_its_room() -> None:
    stories, tested, waiting = (
        trust_page.stories(),
        trust_page.tests_of_stories(),
        trust_page.later(),
    )
    assert list(stories) == [f"S{number}" for number in range(1, 23)]
    assert sorted(stories.keys() - tested.keys() - waiting.keys()) == []
    assert sorted(waiting.keys() & tested.keys()) == [], (
        "it is a test now: take it out of later.yaml"
    )
    assert sorted(waiting.keys() - stories.keys()) == []
    assert all(len(room) > 10 for room in waiting.values())
