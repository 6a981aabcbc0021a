"""`anwang link`: persons and households of all records, by the contract of docs/formats."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from pyarrow import parquet

from anwang.access.context import LOADING
from anwang.households.management.commands.link import shown
from anwang.registries.actions.deliveries import load_file
from tests.people import stored
from tests.people.test_identify import dose
from tests.registries.conftest import CHILD as REGISTERED
from tests.registries.conftest import write_csv

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


def test_it_says_how_far_it_is_from_what_a_load_left_to_what_it_writes(tmp_path):
    """A load that broke off before it knew whose its records are leaves that to this command."""
    path = write_csv(tmp_path / "doses.csv", [dose("V-1"), dose("V-2", national_id=REGISTERED)])
    assert not load_file("immunisation", path, actor=LOADING).held
    stored.store([CHILD | {"national_id": REGISTERED}])
    stored.store([CHILD | {"national_id": REGISTERED}], source="school")
    said = StringIO()
    call_command("link", stdout=StringIO(), stderr=said)
    assert said.getvalue().splitlines() == [
        "2/2 identified, immunisation", "4/4 read", "1/1 compared", "1/1 written",
    ]  # fmt: skip


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_rewritten_on_a_terminal_and_told_now_and_then_elsewhere(terminal):
    said = StringIO()
    said.isatty = lambda: terminal
    show = shown(OutputWrapper(said))
    for done in range(4_000, 100_001, 4_000):
        show("read", done, 100_000)
    show("read", 4_000, 5_000)
    assert said.getvalue().count("\n") == (1 if terminal else 6)
    assert "100000/100000 read" in said.getvalue()


def test_without_the_extra_spark_says_what_to_install(monkeypatch):
    monkeypatch.setattr("anwang.people.batch.keeping.has_spark", lambda: False)
    with pytest.raises(CommandError, match=r"requirements/spark\.txt"):
        call_command("link", "--engine", "spark")
