"""`anwang link`: persons and households of all records, by the contract of docs/formats."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from tests.people import stored

pytestmark = pytest.mark.django_db
CHILD = {
    "name": "陳志安", "sex": "M", "birth_date": "2018-05-01", "national_id": "A123456789",
    "phone": "0912345678",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _as_the_command(in_role, settings, tmp_path):
    settings.HOME = tmp_path
    with in_role("worker"):
        yield


def link(capsys, *arguments: str) -> dict[str, int]:
    call_command("link", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


def test_it_links_writes_every_record_and_changes_nothing_the_second_time(capsys, tmp_path):
    stored.store([CHILD], source="school")
    stored.store([CHILD])
    out = tmp_path / "links.parquet"
    told = link(capsys, "--out", str(out))
    assert (told["linked"], told["records"], told["persons"], told["review"]) == (1, 2, 1, 0)
    rows = parquet.read_table(out).to_pylist()
    assert {row["source"] for row in rows} == {"school", stored.REGISTRY}
    assert (
        len({row["person_id"] for row in rows}) == len({row["household_id"] for row in rows}) == 1
    )
    assert (tmp_path / "derived" / "linking.duckdb").stat().st_mode & 0o777 == 0o600
    assert link(capsys)["linked"] == 0


def test_without_the_extra_spark_says_what_to_install(monkeypatch):
    monkeypatch.setattr("anwang.people.batch.keeping.has_spark", lambda: False)
    with pytest.raises(CommandError, match=r"requirements/spark\.txt"):
        call_command("link", "--engine", "spark")
