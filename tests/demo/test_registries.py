import csv
import hashlib
import json

import pytest

from demo.queries import queries, query_set
from demo.registries import COLUMNS, registry_rows, write_registries


@pytest.fixture(scope="module")
def folder(county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registries")
    write_registries(county, folder)
    return folder


@pytest.mark.parametrize("source", COLUMNS)
def test_each_source_has_its_columns_and_a_true_envelope(folder, source):
    path = folder / f"{source}.csv"
    with path.open(encoding="utf-8", newline="") as rows:
        read = list(csv.DictReader(rows))
    envelope = json.loads((folder / f"{source}.csv.meta.json").read_text("utf-8"))
    assert list(read[0]) == COLUMNS[source]
    assert envelope["mode"] == "full"
    assert envelope["rows"] == len(read)
    assert envelope["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_some_rows_are_faulty_but_few(county):
    rows = registry_rows(county, "household-registration")
    faults = [row.fault for row in rows if row.fault]
    assert set(faults) == {"bad-date", "missing-key", "unknown-code"}
    assert 0.001 < len(faults) / len(rows) < 0.006


def test_nobody_leaves_before_being_registered(county):
    for one in registry_rows(county, "household-registration"):
        left_on = one.row["left_on"]
        assert not left_on or left_on >= one.row["registered_on"], one.row["record_key"]


def test_a_second_telling_gives_the_same_rows(county):
    assert registry_rows(county, "prison") == registry_rows(county, "prison")


def test_the_query_set_keeps_its_mix_and_knows_its_answers(county):
    asked = queries(county, 2000, seed=3)
    share = {kind: sum(q.kind == kind for q in asked) / 2000 for kind in {q.kind for q in asked}}
    wanted = {"id-slip": 0.25, "sound": 0.25, "no-id": 0.30, "exact": 0.10, "absent": 0.10}
    assert share == pytest.approx(wanted, abs=0.03)
    assert all((q.truth is None) == (q.kind == "absent") for q in asked)
    assert all(q.truth in county.persons for q in asked if q.truth)
    assert [q.truth for q in asked] == [truth for _, truth in query_set(county, 2000, seed=3)]


def test_a_slipped_number_is_never_the_true_one(county):
    for query in queries(county, 500, seed=4):
        if query.kind == "id-slip":
            assert query.row["national_id"] != county.persons[query.truth].national_id
