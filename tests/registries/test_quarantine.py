"""Rows tried again after a manifest was corrected, and our own records."""

from __future__ import annotations

from datetime import date

import pytest

from anwang.access.context import LOADING, SCREENING
from anwang.access.sealing import token
from anwang.registries.actions import deliveries, quarantine
from anwang.registries.actions.own import write_own_record
from anwang.registries.models import Delivery, Fact, QuarantinedRow, Record
from anwang.registries.rules.facts import FactDraft
from anwang.registries.rules.manifests import SOURCES, manifest_of
from tests.conftest import as_role
from tests.registries.conftest import CHILD, REGISTRY, person

pytestmark = pytest.mark.django_db


def with_another_spelling(source_id: str):
    """The registry's manifest, in which 主 is another spelling of the head of the household."""
    import yaml

    body = yaml.safe_load((SOURCES / f"{source_id}.yaml").read_text())
    column = next(one for one in body["columns"] if one["name"] == "relation_to_head")
    column["codes"][0]["also"].append("主")
    return manifest_of(body, where=source_id)


def test_rows_are_taken_once_the_manifest_knows_their_spelling(deliver, monkeypatch):
    outcome = deliver([person("R-1", relation_to_head="主"), person("R-2", sex="?")])
    assert outcome.quarantined == 2
    monkeypatch.setattr(quarantine, "manifest_in_force", with_another_spelling)
    with as_role("worker"):
        replayed = quarantine.replay(outcome.delivery_id, actor=LOADING)
        assert (replayed.accepted, replayed.quarantined) == (1, 0)
        assert [one.record_key for one in Record.objects.filter(source_id=REGISTRY)] == ["R-1"]
        assert QuarantinedRow.objects.filter(replayed_at=None).count() == 1
        assert quarantine.replay(outcome.delivery_id, actor=LOADING).accepted == 0


def test_a_row_whose_key_came_again_since_is_left(deliver, monkeypatch):
    outcome = deliver([person("R-1", relation_to_head="主")])
    deliver([person("R-1")])
    monkeypatch.setattr(quarantine, "manifest_in_force", with_another_spelling)
    with as_role("worker"):
        assert quarantine.replay(outcome.delivery_id, actor=LOADING).accepted == 0


def test_our_own_record_is_known_at_once_and_holds_no_plain_number():
    draft = FactDraft("lives-at", None, {"address": "範例路1號"}, date(2026, 3, 2), None)
    with as_role("worker"):
        record_id = write_own_record(
            "R/0", {"name": "陳小安", "national_id": CHILD}, [draft], actor=SCREENING
        )
        record = Record.objects.get(pk=record_id)
        assert record.values == {"name": "陳小安", "national_id": token(CHILD).hex()}
        assert CHILD.encode() not in bytes(record.id_cipher)
        assert Fact.objects.get(record_id=record_id).kind == "lives-at"
        assert Delivery.objects.get(pk=record.delivery_id).known_at is not None


def test_our_own_record_takes_a_token_as_it_is():
    with as_role("worker"):
        values = {"national_id": token(CHILD).hex(), "role": "victim"}
        record = Record.objects.get(pk=write_own_record("R/1", values, [], actor=SCREENING))
    assert record.values == values
    assert record.id_cipher is None


def test_a_manifest_is_read_from_the_database(deliver):
    with as_role("worker"):
        assert deliveries.manifest_in_force(REGISTRY).id == REGISTRY
