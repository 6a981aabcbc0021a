"""In the running demo every source has delivered, each by its own name and way."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.instance import Instance

pytestmark = pytest.mark.timeout(600)


def test_all_29_sources_of_the_demo_stand_in_time(instance: Instance) -> None:
    # What one call did not bring the next one does: the worker asks again by itself.
    until = time.monotonic() + 240
    while True:
        delivering = [one for one in instance.anwang("sources") if one["transport"] != "own"]
        if all(one["state"] == "ok" for one in delivering) or time.monotonic() > until:
            break
        time.sleep(5)
    assert len(delivering) == 29
    assert {one["id"]: one["state"] for one in delivering if one["state"] != "ok"} == {}
    ways = Counter(one["transport"] for one in delivering)
    assert set(ways) == {"file", "sftp", "rest"} and min(ways.values()) >= 3
    assert sum(one["external"] for one in delivering) == 16
    assert sum(one["assumed"] for one in delivering) == 17
