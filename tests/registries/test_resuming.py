"""A load that breaks off in the middle of a file goes on there, and nothing of it counts before it ends."""

from __future__ import annotations

import pytest

from anwang.access.context import LOADING
from anwang.registries.actions import batches, loading
from anwang.registries.actions.deliveries import LoadOutcome, load_file
from anwang.registries.models import Delivery, Fact, QuarantinedRow, Record
from tests.conftest import as_role
from tests.registries.conftest import REGISTRY, person, write_csv

pytestmark = pytest.mark.django_db
PORTION = 6


class Killed(Exception):
    """What a kill looks like from within: nothing after it runs."""


@pytest.fixture(autouse=True)
def small_portions(monkeypatch):
    """Two batches of three rows a portion of six (`PORTION`)."""
    monkeypatch.setattr(loading, "ROWS_A_BATCH", 3)


@pytest.fixture
def load(monkeypatch):
    """Load a file; `killed_at`: the batch (from 1) that is not written any more."""
    write = loading.write_batch

    def _load(path, killed_at: int = 0) -> LoadOutcome | None:
        written = 0

        def counted(*given, **more):
            nonlocal written
            written += 1
            if written == killed_at:
                raise Killed
            write(*given, **more)

        monkeypatch.setattr(loading, "write_batch", counted)
        with as_role("worker"):
            if not killed_at:
                return load_file(REGISTRY, path, actor=LOADING, portion_rows=PORTION)
            with pytest.raises(Killed):
                load_file(REGISTRY, path, actor=LOADING, portion_rows=PORTION)
        return None

    return _load


@pytest.fixture
def taken(monkeypatch) -> list[str]:
    """Keys of the rows that were checked and written."""
    keys: list[str] = []
    take = batches.BatchMaker._take

    def noted(self, lines, record, values, digest, data_key):
        keys.append(values["record_key"])
        take(self, lines, record, values, digest, data_key)

    monkeypatch.setattr(batches.BatchMaker, "_take", noted)
    return keys


def rows(**changed: str) -> list[dict[str, str]]:
    """Twenty rows, one with a fault early and one late; R-3 stands twice."""
    made = [person(f"R-{no}", phone=f"09{no:08d}") for no in range(20)]
    made[2]["sex"] = made[17]["sex"] = "no such code"
    made.append(person("R-3", phone="0911111111"))
    return [one | changed for one in made]


def standing() -> list[tuple[str, str]]:
    with as_role("worker"):
        found = Record.objects.filter(source_id=REGISTRY, withdrawn=False).order_by("id")
        return [(one.record_key, one.values["phone"]) for one in found]


def test_it_goes_on_behind_the_last_portion_and_ends_as_if_nothing_had_been(load, taken, tmp_path):
    path = write_csv(tmp_path / "people.csv", rows(), mode="full")
    load(path, killed_at=4)
    (delivery,) = Delivery.objects.all()
    assert (delivery.state, delivery.known_at, delivery.checkpoint["rows"]) == ("loading", None, 6)
    taken.clear()
    outcome = load(path)
    assert (outcome.delivery_id, outcome.accepted) == (delivery.pk, 18)
    assert outcome.reasons == {"code-unknown": 2, "repeated-key": 1}
    assert taken[0] == "R-6" and len(taken) == 14
    kept = [(f"R-{no}", f"09{no:08d}") for no in range(20) if no not in (2, 3, 17)]
    assert standing() == [*kept, ("R-3", "0911111111")]
    with as_role("worker"):
        assert QuarantinedRow.objects.count() == 3
        assert Fact.objects.filter(kind="registered-household").count() == 18
    delivery.refresh_from_db()
    assert delivery.checkpoint is None and delivery.profile["rows"] == 18


def test_who_is_gone_is_told_from_the_whole_file_and_not_from_its_second_half(load, tmp_path):
    load(write_csv(tmp_path / "first.csv", rows(), mode="full"))
    second = [one for one in rows() if one["record_key"] != "R-5"]
    second[8]["phone"] = "0922222222"
    path = write_csv(tmp_path / "second.csv", second, mode="full")
    load(path, killed_at=4)
    outcome = load(path)
    assert (outcome.accepted, outcome.quarantined) == (17, 3)
    with as_role("worker"):
        gone = Record.objects.filter(source_id=REGISTRY, withdrawn=True)
        assert [one.record_key for one in gone] == ["R-5"]
        changed = Record.objects.filter(delivery_id=outcome.delivery_id, withdrawn=False)
        assert [one.values["phone"] for one in changed] == ["0922222222"]


def test_another_file_sets_what_broke_off_aside_and_its_rows_never_count(load, tmp_path):
    load(write_csv(tmp_path / "first.csv", rows(), mode="full"), killed_at=4)
    outcome = load(write_csv(tmp_path / "other.csv", rows(name="王小明"), mode="full"))
    broken = Delivery.objects.get(state="held")
    assert broken.held_because["rule"] == "load-abandoned" and broken.known_at is None
    assert outcome.accepted == 18
    with as_role("worker"):
        names = Record.objects.filter(delivery__state="published").values_list(
            "values__name", flat=True
        )
        assert set(names) == {"王小明"}


def test_under_another_manifest_it_begins_anew(load, taken, tmp_path, monkeypatch):
    path = write_csv(tmp_path / "people.csv", rows(), mode="full")
    load(path, killed_at=4)
    taken.clear()
    monkeypatch.setattr(loading, "digest_key", lambda manifest: b"another")
    assert load(path).accepted == 18
    assert taken[0] == "R-0"
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["held", "published"]
