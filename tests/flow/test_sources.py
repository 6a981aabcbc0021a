"""In the running demo every source has delivered, each by its own name and way."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.instance import Instance

pytestmark = pytest.mark.timeout(600)
# Another test of the same instance hands in a file that is held; what came before it stands.
STANDING = ("ok", "held")


def test_all_29_sources_of_the_demo_stand_in_time(instance: Instance) -> None:
    # What one call did not bring the next one does: the worker asks again by itself.
    until = time.monotonic() + 120
    while True:
        delivering = [one for one in instance.anwang("sources") if one["transport"] != "own"]
        waiting = {one["id"]: one["state"] for one in delivering if one["state"] not in STANDING}
        if not waiting or time.monotonic() > until:
            break
        time.sleep(5)
    assert waiting == {}
    assert len(delivering) == 29 and all(one["last_delivery"] for one in delivering)
    ways = Counter(one["transport"] for one in delivering)
    assert set(ways) == {"file", "sftp", "rest"} and min(ways.values()) >= 3
    assert sum(one["external"] for one in delivering) == 16
    assert sum(one["assumed"] for one in delivering) == 17
