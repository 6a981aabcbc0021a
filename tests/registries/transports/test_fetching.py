"""What comes over SFTP, REST and dropped files, and what does not. Nobody in these files exists."""

from __future__ import annotations

import pytest

from anwang.access.models import AuditEntry
from anwang.registries.models import Arrival, Delivery, Fact, FetchState, Record
from tests.conftest import as_role
from tests.registries.transports.conftest import (
    CARE,
    DELIVERED_AT,
    IMMUNISATION,
    PRISON,
    envelope_of,
)

pytestmark = pytest.mark.django_db
EVERY = [PRISON, IMMUNISATION, CARE]


def records(source: str) -> int:
    with as_role("worker"):
        return Record.objects.filter(source_id=source).count()


def state(source: str) -> FetchState:
    return FetchState.objects.get(pk=source)


@pytest.mark.parametrize("source", EVERY)
def test_each_transport_brings_rows_that_become_facts(fetch, source):
    outcome = fetch(source)
    assert (outcome.trouble, [one.accepted for one in outcome.outcomes]) == ("", [10])
    (delivery,) = Delivery.objects.filter(source_id=source)
    assert (delivery.mode, delivery.delivered_at) == ("full", DELIVERED_AT)
    with as_role("worker"):
        assert Fact.objects.filter(source_id=source, delivery=delivery).count() >= 10
    assert state(source).came_at is not None


@pytest.mark.parametrize("source", EVERY)
def test_what_was_taken_is_not_taken_again(fetch, source):
    fetch(source)
    again = fetch(source)
    assert (again.outcomes, again.trouble) == ([], "")
    assert Delivery.objects.filter(source_id=source).count() == 1


@pytest.mark.parametrize("source", EVERY)
def test_a_delivery_that_comes_twice_counts_once(fetch, source):
    outcome = fetch(source, "doubled")
    while not outcome.trouble and source == IMMUNISATION and len(outcome.outcomes) < 2:
        outcome.outcomes += fetch(source, "doubled").outcomes
    assert [one.repeated for one in outcome.outcomes] == [False, True]
    assert Delivery.objects.filter(source_id=source).count() == 1
    assert records(source) == 10


@pytest.mark.parametrize("source", [PRISON, IMMUNISATION])
def test_a_fetch_that_broke_off_goes_on_where_it_stopped(fetch, sources, source, monkeypatch):
    monkeypatch.setattr("anwang.registries.transports.folders._STEP", 400)
    outcome = fetch(source, "interrupted")
    assert source in sources.site.interrupted
    assert (outcome.trouble, [one.accepted for one in outcome.outcomes]) == ("", [10])


@pytest.mark.parametrize(
    ("source", "fault", "trouble"),
    [
        (PRISON, "down", "unreachable"),
        (PRISON, "refuses", "refused"),
        (PRISON, "bomb", "too-large"),
        (CARE, "bomb", "too-large"),
        (IMMUNISATION, "down", "unreachable"),
        (IMMUNISATION, "refuses", "refused"),
        (IMMUNISATION, "errors", "error"),
        (IMMUNISATION, "wrong", "broken-answer"),
        (IMMUNISATION, "encoding", "broken-answer"),
        (IMMUNISATION, "truncated", "cut-short"),
        (IMMUNISATION, "elsewhere", "redirected"),
        (IMMUNISATION, "endless", "too-large"),
        (IMMUNISATION, "bomb", "too-large"),
    ],
)
def test_a_source_in_trouble_is_noted_and_nothing_is_taken(
    fetch, source, fault, trouble, monkeypatch
):
    monkeypatch.setattr("anwang.registries.transports.rest.PAGE_ATTEMPTS", 2)
    monkeypatch.setattr("anwang.registries.transports.rest.MOST_PAGE_BYTES", 4 << 20)
    outcome = fetch(source, fault)
    assert (outcome.trouble, outcome.outcomes) == (trouble, [])
    assert records(source) == 0
    found = state(source)
    assert (found.trouble, found.failures, found.came_at) == (trouble, 1, None)
    with as_role("auditor"):
        entry = AuditEntry.objects.get(act="source-fetched")
    assert (entry.result, entry.detail["trouble"]) == ("failed", trouble)


@pytest.mark.parametrize(
    ("source", "fault", "rule"),
    [
        (PRISON, "wrong", "header-none"),
        (PRISON, "encoding", "encoding"),
        (PRISON, "truncated", "sha256"),
        (CARE, "wrong", "header-none"),
        (CARE, "encoding", "encoding"),
        (CARE, "truncated", "sha256"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_held_with_its_reason(fetch, source, fault, rule):
    outcome = fetch(source, fault)
    assert [one.held for one in outcome.outcomes] == [True]
    assert outcome.outcomes[0].held_because["rule"] == rule
    assert records(source) == 0


@pytest.mark.parametrize("source", EVERY)
def test_a_delivery_that_shrank_is_held_and_one_that_comes_late_is_older(fetch, sources, source):
    fetch(source)
    sources.site.delivered_at = DELIVERED_AT.replace(day=3)
    shrunk = fetch(source, "shrunk")
    assert [one.held_because["rule"] for one in shrunk.outcomes] == ["row-count-collapse"]
    late = fetch(source, "late")
    assert all(one.held or one.repeated for one in late.outcomes)
    assert Delivery.objects.filter(source_id=source, state="published").count() == 1


@pytest.mark.parametrize("fault", ["slow", "drip"])
@pytest.mark.parametrize("source", [PRISON, IMMUNISATION])
def test_a_source_that_is_slow_or_drips_is_left_after_its_time(fetch, source, fault, monkeypatch):
    monkeypatch.setattr("anwang.registries.transports.sftp.READ_SECONDS", 0.3)
    monkeypatch.setattr("anwang.registries.transports.rest.PAGE_SECONDS", 0.5)
    monkeypatch.setattr("anwang.registries.transports.rest.PAGE_ATTEMPTS", 1)
    monkeypatch.setattr("anwang.registries.actions.fetching.CUT_SHORT_TRIES", 1)
    outcome = fetch(source, fault)
    assert (outcome.trouble, outcome.outcomes) == ("too-slow", [])
    assert state(source).failures == 1 and records(source) == 0


def test_another_host_key_than_the_pinned_one_is_not_talked_to(fetch, sources):
    import asyncssh

    from anwang.registries.transports.connections import connect, connection_to

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
    from dataclasses import replace

    connect(replace(connection_to(PRISON), host_key=other.strip()))
    outcome = fetch(PRISON)
    assert outcome.trouble == "host-key"


def test_a_name_that_leads_elsewhere_is_passed_over(fetch, tmp_path):
    outcome = fetch(PRISON, "path")
    assert [one.accepted for one in outcome.outcomes] == [10]
    with as_role("worker"):
        assert not Arrival.objects.filter(name__contains="outside").exists()


def test_nothing_of_a_delivery_is_left_on_the_disk(fetch, home):
    for source in EVERY:
        fetch(source)
        assert list((home / "fetching" / source).iterdir()) == []


def test_a_trouble_that_ends_is_put_on_record(fetch):
    fetch(PRISON, "down")
    fetch(PRISON)
    found = state(PRISON)
    assert (found.trouble, found.failures, found.since) == ("", 0, None)
    with as_role("auditor"):
        results = AuditEntry.objects.filter(act="source-fetched").order_by("no")
        assert [one.result for one in results] == ["failed", "done"]


def test_pages_without_a_row_say_that_there_is_none(tmp_path):
    from anwang.registries.transports import rest

    (tmp_path / "pages").mkdir()
    told = {"id": "immunisation-1", "mode": "incremental"}
    begun = rest._keep(tmp_path, None, {"delivery": told, "records": [], "next": None})
    fetched = rest._whole(tmp_path, begun)
    assert envelope_of(fetched.path) == {"mode": "incremental", "rows": 0}
    begun = rest._keep(tmp_path, None, {"delivery": told, "records": [{"a": 1}], "next": None})
    assert "rows" not in envelope_of(rest._whole(tmp_path, begun).path)
