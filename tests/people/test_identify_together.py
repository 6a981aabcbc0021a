"""A load that uses several processes gives what one gives, really committed."""

from __future__ import annotations

import pytest

from anwang.access.context import LOADING
from anwang.people.actions import identify, identities
from anwang.people.models import Identity, Link, Person
from anwang.registries.actions import deliveries, loading
from anwang.registries.models import Record
from tests.people.invented_persons import persons
from tests.registries.conftest import REGISTRY, person, write_csv


@pytest.mark.slow
@pytest.mark.parametrize("processes", [0, 2])
def test_every_row_has_one_record_one_person_and_one_link(
    own_database, tmp_path, monkeypatch, processes
):
    for module in (loading, identities):
        monkeypatch.setattr(module, "workers_for", lambda rows: processes)
        monkeypatch.setattr(module, "ROWS_A_BATCH", 100)
    lines = [person(f"R-{one.key}") | one.raw for one in persons(600, seed=11)]
    lines[250]["sex"] = "no such code"
    outcome = deliveries.load_file(REGISTRY, write_csv(tmp_path / "many.csv", lines), actor=LOADING)
    assert (outcome.accepted, outcome.quarantined) == (599, 1)
    assert identify(outcome.delivery_id, actor=LOADING) == 599
    assert Record.objects.filter(source_id=REGISTRY).count() == 599
    assert Identity.objects.count() == 599
    assert Person.objects.count() == 599
    assert len(set(Link.objects.values_list("id", flat=True))) == 599
