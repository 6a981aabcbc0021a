"""Simulated sources over real sockets, and what fetching from them writes. Nobody exists."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anwang.access.context import LOADING
from anwang.registries.actions import fetching
from anwang.registries.actions.fetching import FetchOutcome, fetch_source
from anwang.registries.rules.manifests import SOURCES, load_manifest
from anwang.registries.transports.connections import connect
from anwang.registries.transports.routes import route_of
from demo.sources.simulator import Simulator
from demo.sources.stock import Stock
from tests.conftest import as_role

DELIVERED_AT = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
ASKING = {"path": "/look-up", "by": ["national_id"], "who_may_ask": ["desk"], "keep_hours": 24,
          "time_limit_seconds": 2}  # fmt: skip
PRISON, IMMUNISATION, CARE = "prison", "immunisation", "psychiatric-care"
ROUTES = {
    PRISON: {"kind": "sftp", "path": "/out"},
    IMMUNISATION: {"kind": "rest", "path": "/v1/doses", "paging": "cursor", "page_size": 4},
    CARE: {"kind": "file", "path": ""},
}
NUMBERS = ["A123456789", "F131104093", "A142536471"]


def identity(no: int) -> dict[str, str]:
    """The identifying columns of an invented person."""
    return {
        "national_id": NUMBERS[no] if no < len(NUMBERS) else "",
        "name": f"範例{'甲乙丙丁戊己庚辛壬癸'[no % 10]}",
        "sex": "M",
        "birth_date": f"19{50 + no:02d}-05-01",
    }


ROWS = {
    PRISON: [
        identity(no) | {"record_key": f"J-{no}", "entered_on": "2025-01-10", "facility": "範例監獄"}
        for no in range(10)
    ],
    IMMUNISATION: [
        identity(no) | {"record_key": f"V-{no}", "vaccine": "MMR", "dose": "1", "due_on": "2025-02-01"}
        for no in range(10)
    ],
    CARE: [
        identity(no) | {"record_key": f"P-{no}", "care_level": "2", "registered_on": "2025-01-01"}
        for no in range(10)
    ],
}  # fmt: skip


def bodies() -> dict[str, dict[str, object]]:
    """The shipped manifests of three sources, each with another transport and a look-up."""
    from anwang.common.yaml_files import read_yaml

    return {
        source: read_yaml(SOURCES / f"{source}.yaml") | {"transport": route, "lookup": ASKING}
        for source, route in ROUTES.items()
    }


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An instance's home of this test's own, keys aside: connections, folders, what is fetched."""
    monkeypatch.setattr("anwang.registries.transports.connections.home", lambda: tmp_path)
    monkeypatch.setattr("anwang.registries.transports.connections.keys_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def sources(home, monkeypatch):
    """The three sources behind real servers on loopback, connected to."""
    said = bodies()
    stock = Stock(home / "stock.db")
    for source, rows in ROWS.items():
        stock.put(source, list(dict.fromkeys(name for row in rows for name in row)), rows)
    manifests = {source: load_manifest(SOURCES / f"{source}.yaml") for source in said}
    monkeypatch.setattr(fetching, "route_to", lambda source: route_of(said[source]))
    with Simulator(
        stock, said, manifests, home / "simulator", delivered_at=DELIVERED_AT
    ) as simulator:
        for one in simulator.connections():
            connect(one)
        yield simulator


@pytest.fixture
def fetch(sources, db):
    """Fetch from a source with the worker's rights, after setting its fault."""

    def _fetch(source: str, fault: str = "") -> FetchOutcome:
        sources.site.faults[source] = fault
        if fault:
            for kind in ("file", "sftp"):
                for path in (sources._home / kind / source).rglob("*.*"):
                    path.unlink()
            sources.lay_files()
        with as_role("worker"):
            return fetch_source(source, actor=LOADING)

    return _fetch


def envelope_of(path: Path) -> dict[str, object]:
    """What stands beside a delivered file."""
    return json.loads(path.with_name(path.name + ".meta.json").read_text())
