"""What a local system is told reaches it once, in order, over each way. Nobody in these rows exists."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anwang.access.context import LOADING
from anwang.access.models import AuditEntry
from anwang.common.yaml_files import read_yaml
from anwang.registries.actions import sending
from anwang.registries.actions.sending import Change, SendOutcome, due_systems, tell_system
from anwang.registries.models import Outgoing, OutgoingRow
from anwang.registries.rules.manifests import LOCAL_SYSTEMS, load_manifests
from anwang.registries.rules.outgoing import FIELDS, next_sending, outgoing_of
from anwang.registries.transports import sending as transports
from anwang.registries.transports.connections import Connection, connect
from demo.sources.simulator import Simulator
from demo.sources.stock import Stock
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
NET, VIOLENCE = "new-taipei-family-net", "new-taipei-violence-service"
BOTH = [NET, VIOLENCE]
BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BODIES = {path.stem: read_yaml(path) for path in sorted(LOCAL_SYSTEMS.glob("*.yaml"))}


class Reports:
    """Reports of the county as they stand; `changed` says one anew."""

    def __init__(self, number: int) -> None:
        self.now = BEGAN
        self.kept: dict[uuid.UUID, Change] = {}
        for no in range(number):
            self.changed(uuid.UUID(int=no + 1))

    def changed(self, key: uuid.UUID, **said: str | None) -> None:
        self.now += timedelta(hours=1)
        told = dict.fromkeys(FIELDS) | {
            "receipt": f"R-{key.int}", "state": "received", "stream": "child-protection",
            "received_on": "2026-03-02",
        }  # fmt: skip
        self.kept[key] = Change(key, self.now, told | said)

    def __call__(
        self, system: str, outgoing: object, since: datetime | None, only: object = None
    ) -> Iterator[Change]:
        kept = sorted(self.kept.values(), key=lambda one: one.changed_at)
        return (
            one for one in kept
            if (since is None or one.changed_at > since) and (only is None or one.key in only)
        )  # fmt: skip


@pytest.fixture
def systems(home, monkeypatch):
    """The two local systems behind real servers, connected to; nobody waits long."""
    monkeypatch.setattr(transports, "SECONDS", 0.4)
    monkeypatch.setattr("anwang.registries.transports.sftp.WRITE_SECONDS", 0.4)
    with Simulator(
        Stock(home / "stock.db"), BODIES, load_manifests(LOCAL_SYSTEMS), home / "simulator",
        delivered_at=BEGAN,
    ) as simulator:  # fmt: skip
        for one in simulator.connections():
            connect(one)
        yield simulator


@pytest.fixture
def tell(systems):
    def _tell(system: str, reports: Reports, fault: str = "") -> SendOutcome:
        systems.site.faults[system] = fault
        with as_role("worker"):
            return tell_system(system, reports, actor=LOADING)

    return _tell


def received(systems: Simulator, system: str) -> list[list[dict[str, str]]]:
    """The rows of each delivery that a system has, in the order of their numbers."""
    if system == VIOLENCE:
        kept = sorted(systems.site.received.get(system, {}).items())
        return [json.loads(body)["records"] for _, body in kept]
    files = sorted(systems.folder_of(system, "/in").glob("*.csv"))
    assert [one.with_name(one.name + ".meta.json").is_file() for one in files] == [True] * len(
        files
    )
    return [list(csv.DictReader(io.StringIO(one.read_text("big5hkscs")))) for one in files]


def numbers(rows: list[list[dict[str, str]]]) -> list[list[str]]:
    return [[one.get("中央收件號") or one["central_no"] for one in delivery] for delivery in rows]


@pytest.mark.parametrize("system", BOTH)
def test_a_system_is_told_what_changed_and_nothing_twice(tell, systems, system):
    reports = Reports(2)
    assert tell(system, reports).rows == 2
    assert (tell(system, reports).deliveries, tell(system, reports).rows) == (0, 0)
    reports.changed(uuid.UUID(int=2), state="offered")
    reports.changed(uuid.UUID(int=3))
    assert tell(system, reports).rows == 2
    assert numbers(received(systems, system)) == [["R-1", "R-2"], ["R-2", "R-3"]]


def test_each_row_stands_in_the_receivers_own_columns_and_codes(tell, systems):
    reports = Reports(0)
    reports.changed(uuid.UUID(int=1), state="accepted", members="陳小安、𰻝某", their_number="N-77")
    tell(NET, reports)
    ((row,),) = received(systems, NET)
    assert row["狀態"] == "40" and row["類別"] == "兒少保護" and row["本網案號"] == "N-77"
    assert row["家庭成員"] == "陳小安、&#200413;某"
    tell(VIOLENCE, reports)
    ((row,),) = received(systems, VIOLENCE)
    assert row["status"] == "accepted" and "陳小安" not in row.values()


@pytest.mark.parametrize(
    ("system", "fault", "trouble"),
    [
        (NET, "down", "unreachable"),
        (NET, "slow", "too-slow"),
        (NET, "refuses", "refused"),
        (VIOLENCE, "down", "unreachable"),
        (VIOLENCE, "slow", "too-slow"),
        (VIOLENCE, "errors", "error"),
        (VIOLENCE, "wrong", "broken-answer"),
        (VIOLENCE, "elsewhere", "redirected"),
        (VIOLENCE, "truncated", "cut-short"),
    ],
)  # fmt: skip
def test_what_a_failing_system_was_not_told_comes_under_the_same_number(
    tell, systems, monkeypatch, system, fault, trouble
):
    monkeypatch.setattr(transports, "ATTEMPTS", 1)
    reports = Reports(2)
    outcome = tell(system, reports, fault)
    assert (outcome.trouble, outcome.rows) == (trouble, 0)
    reports.changed(uuid.UUID(int=3))
    assert tell(system, reports).rows == 3
    assert numbers(received(systems, system)) == [["R-1", "R-2"], ["R-3"]]
    with as_role("worker"):
        entries = AuditEntry.objects.filter(act="delivered", object_kind="source").order_by("no")
        assert [one.result for one in entries] == ["failed", "done"]


@pytest.mark.parametrize(("system", "fault"), [(NET, "down"), (VIOLENCE, "down")])
def test_what_was_sealed_while_its_delivery_waited_is_taken_out_and_comes_when_it_is_opened(
    tell, systems, monkeypatch, system, fault
):
    monkeypatch.setattr(transports, "ATTEMPTS", 1)
    reports = Reports(2)
    assert tell(system, reports, fault).trouble
    sealed = reports.kept.pop(uuid.UUID(int=1))
    assert tell(system, reports).rows == 1
    assert numbers(received(systems, system)) == [["R-2"]]
    reports.changed(sealed.key)  # the end of a seal is a change
    assert tell(system, reports).rows == 1
    assert numbers(received(systems, system)) == [["R-2"], ["R-1"]]


@pytest.mark.parametrize("system", BOTH)
def test_an_answer_that_was_lost_makes_no_double(tell, systems, system):
    """The receiver has the delivery, the line breaks before it says so."""
    reports = Reports(2)
    tell(system, reports, "interrupted")
    tell(system, reports)
    assert system in systems.site.interrupted
    assert numbers(received(systems, system)) == [["R-1", "R-2"]]


def test_many_rows_go_in_portions_that_go_on_where_they_ended(tell, systems, monkeypatch):
    monkeypatch.setattr(sending, "MOST_ROWS", 3)
    reports = Reports(7)
    outcome = tell(VIOLENCE, reports)
    assert (outcome.deliveries, outcome.rows) == (3, 7)
    assert numbers(received(systems, VIOLENCE)) == [
        ["R-1", "R-2", "R-3"], ["R-4", "R-5", "R-6"], ["R-7"],
    ]  # fmt: skip


def test_a_folder_of_this_machine_takes_deliveries_too(tell, systems, home):
    folder = home / "theirs"
    (folder / "in").mkdir(parents=True)
    connect(Connection(NET, f"file://{folder}"))
    assert tell(NET, Reports(1)).rows == 1
    assert sorted(one.name for one in (folder / "in").iterdir()) == [
        "anwang-00000001.csv", "anwang-00000001.csv.meta.json",
    ]  # fmt: skip


def test_it_is_on_record_before_it_leaves_and_kept_no_longer_than_needed(tell, systems):
    tell(NET, Reports(1), "down")
    with as_role("worker"):
        (entry,) = AuditEntry.objects.filter(act="delivered", object_kind="report")
        (waiting,) = Outgoing.objects.all()
        assert entry.object_ids == [str(uuid.UUID(int=1))] and "members" in entry.fields
        assert b"R-1" not in bytes(waiting.sealed_body)
    tell(NET, Reports(1))
    with as_role("worker"):
        (sent,) = Outgoing.objects.all()
        assert sent.sealed_body is None and sent.sent_at is not None
        assert OutgoingRow.objects.count() == 1


def test_a_system_without_connection_waits_and_is_not_due(home):
    with as_role("worker"):
        assert due_systems(actor=LOADING) == []
        assert tell_system(NET, Reports(1), actor=LOADING).trouble == "not-connected"


def test_who_failed_is_tried_soon_and_then_half_as_often_but_never_more_rarely_than_usual():
    part = outgoing_of(BODIES[NET])
    waits = [
        next_sending(part, made_at=BEGAN, tried_at=BEGAN, failures=tries) - BEGAN
        for tries in (1, 2, 3, 9)
    ]
    assert waits == [timedelta(minutes=minutes) for minutes in (2, 4, 8, 15)]
    assert next_sending(part, made_at=None, tried_at=None, failures=0) is None
    usual = next_sending(part, made_at=BEGAN, tried_at=None, failures=0)
    assert usual == BEGAN + timedelta(minutes=15)


def test_the_two_systems_deliver_their_own_records_over_the_same_manifests(systems, home):
    from anwang.registries.actions.fetching import fetch_source
    from anwang.registries.models import Fact

    row = {"record_key": "V-1", "national_id": "A123456789", "name": "範例甲", "sex": "F",
           "birth_date": "1990-05-01", "role": "V", "violence": "1", "opened_on": "2026-01-05"}  # fmt: skip
    systems.site.stock.put(VIOLENCE, list(row), [row])
    with as_role("worker"):
        outcome = fetch_source(VIOLENCE, actor=LOADING)
        assert [one.accepted for one in outcome.outcomes] == [1]
        (fact,) = Fact.objects.filter(source_id=VIOLENCE)
        assert (fact.kind, fact.value["role"]) == ("domestic-violence-case", "victim")


def test_a_manifest_says_what_is_wrong_with_what_it_tells(tmp_path):
    from anwang.registries.rules.manifest_lines import read_manifest

    text = (Path(LOCAL_SYSTEMS) / f"{NET}.yaml").read_text(encoding="utf-8")
    spoilt = (
        text.replace('county: "65000"', 'county: "99999"')
        .replace("streams: [vulnerable-family,", "streams: [suicide,")
        .replace("from: receipt", "from: address")
        .replace("from: their_number", "from: their_numbr")
        .replace('        error: "90"\n', '        mistake: "90"\n')
        .replace("{name: 分級, from: grade}", "{name: 狀態, from: grade}")
    )
    found = {one.fault.where: one.fault.text.en for one in read_manifest(spoilt).faults}
    assert found.keys() == {
        "county", "outgoing.streams.0", "outgoing.columns.0.from", "outgoing.columns.1.from",
        "outgoing.columns", "outgoing.columns.5.codes", "outgoing.columns.5.codes.mistake",
        "outgoing.columns.5.name",
    }  # fmt: skip
    assert "cannot be told" in found["outgoing.columns.0.from"]
    assert "their_number" in found["outgoing.columns.1.from"]
