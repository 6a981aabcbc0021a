"""A load that uses several processes gives what one gives, really committed."""

from __future__ import annotations

from threading import Event

import pytest

from anwang.access.context import LOADING
from anwang.people.actions import identify, identities
from anwang.people.models import Identity, Link, Person
from anwang.registries.actions import deliveries, loading
from anwang.registries.models import Record
from tests.people.invented_persons import persons
from tests.people.test_identify import dose
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


@pytest.mark.slow
def test_batches_are_read_while_others_are_written(own_database, tmp_path, monkeypatch):
    monkeypatch.setattr(identities, "workers_for", lambda rows: 2)
    monkeypatch.setattr(identities, "ROWS_A_BATCH", 100)
    told = [one.raw for one in persons(150, seed=12) if one.raw.get("national_id")]
    first = [person(f"R-{n}") | raw for n, raw in enumerate(told)]
    doses = [
        dose(f"V-{turn}-{n}") | {"national_id": raw["national_id"], "name": raw["name"]}
        for turn in range(8)
        for n, raw in enumerate(told)
    ]
    assert take(tmp_path, REGISTRY, first) == len(first)
    reads, read_on = [], Event()
    read, write = identities._Run._read, identities.write_identities

    def reading(run):
        reads.append(read(run))
        if len(reads) > 4:  # so many are on their way before the first is written
            read_on.set()
        return reads[-1]

    def writing(*given, **named):
        assert read_on.wait(30), "nothing was read while a batch was written"
        return write(*given, **named)

    monkeypatch.setattr(identities._Run, "_read", reading)
    monkeypatch.setattr(identities, "write_identities", writing)
    assert take(tmp_path, "immunisation", doses) == len(doses)
    assert Person.objects.count() == len(told)
    assert Identity.objects.count() == Link.objects.count() == 9 * len(told)
    assert Identity.objects.exclude(like_no=None).count() > 2 * len(told)
    with_words = Identity.objects.filter(like_no=None)
    assert with_words.exclude(forms=None).count() == with_words.count()


def take(folder, source, lines):
    """Deliver rows and say whose they are; returns how many were identified."""
    file = write_csv(folder / f"{source}.csv", lines)
    return identify(deliveries.load_file(source, file, actor=LOADING).delivery_id, actor=LOADING)
