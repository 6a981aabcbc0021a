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
    # After a second failure in a row that is four minutes, on a busy machine.
    until = time.monotonic() + 400
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


def test_each_of_them_says_something_of_somebody(instance: Instance) -> None:
    """Its rows are facts, and the facts are a person's whom a picture can be drawn for."""
    with instance.superuser() as connection:
        told = {
            source
            for (source,) in connection.execute(
                "select distinct f.source_id from registries_fact f"
                " join people_identity i on i.record_id = f.record_id"
                " join registries_delivery d on d.id = f.delivery_id"
                " where i.person_id is not null and not i.superseded and d.state = 'published'"
                " and d.mode not in ('look-up', 'replay')"
            )
        }
        person = connection.execute(
            "select person_id::text from people_identity where not superseded and person_id is not null"
            " group by person_id order by count(distinct source_id) desc, person_id limit 1"
        ).fetchone()
    listed = {one["id"] for one in instance.anwang("sources") if one["transport"] != "own"}
    assert listed <= told
    [picture] = instance.anwang("household", person[0])
    assert len({fact["source"] for fact in picture["facts"]}) > 3


def test_nobody_was_told_of_a_late_source_while_the_past_year_was_filled(
    instance: Instance,
) -> None:
    """What the sources held then was of another day, and their time to deliver was not now."""
    with instance.superuser() as connection:
        early = connection.execute(
            "select source_id, kind, since from registries_feedalarm where kind = 'late'"
        ).fetchall()
    assert early == []
