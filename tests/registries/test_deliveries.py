"""What becomes of a delivered file. Nobody in these files exists."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from anwang.access.context import LOADING
from anwang.access.models import AuditEntry
from anwang.access.sealing import token, unseal
from anwang.common.clock import clock_now
from anwang.registries.actions import batches, loading
from anwang.registries.actions.deliveries import (
    FileMissing,
    SourceUnknown,
    load_file,
    publish_pending,
)
from anwang.registries.models import Delivery, Fact, QuarantinedRow, Record
from tests.conftest import as_role
from tests.registries.conftest import CHILD, FATHER, REGISTRY, person, write_csv

pytestmark = pytest.mark.django_db


def records(**only) -> list[Record]:
    with as_role("worker"):
        return list(
            Record.objects.filter(source_id=REGISTRY, **only).order_by("delivery__known_at", "id")
        )


def facts_of(record: Record) -> dict[str, Fact]:
    with as_role("worker"):
        return {fact.kind: fact for fact in Fact.objects.filter(record_id=record.pk)}


def test_good_rows_become_records_with_facts_and_a_known_time(deliver):
    before = clock_now()
    outcome = deliver([person("R-1", national_id=CHILD, father_id=FATHER)])
    assert (outcome.accepted, outcome.quarantined, outcome.held) == (1, 0, False)
    delivery = Delivery.objects.get(pk=outcome.delivery_id)
    assert delivery.state == "published"
    assert before <= delivery.known_at <= clock_now()
    (record,) = records()
    facts = facts_of(record)
    assert set(facts) == {"registered-household", "registered-address", "birth", "kin-father"}
    assert facts["kin-father"].key == token(FATHER).hex()
    assert facts["registered-household"].valid_from.isoformat() == "2018-05-20"


def test_a_number_is_stored_as_token_and_sealed_and_nowhere_plain(deliver):
    deliver([
        person("R-1", national_id=CHILD, father_id=FATHER),
        person("R-2", national_id="A142536472", sex="no such code"),  # set aside, sealed
        person("R-3", national_id="A142536472"),  # fails its check, kept for the matcher
    ])  # fmt: skip
    good, wrong = records(record_key="R-1")[0], records(record_key="R-3")[0]
    assert good.values["national_id"] == token(CHILD).hex()
    assert "national_id" not in wrong.values
    place = {"table": "registries_record", "column": "id_cipher"}
    assert unseal(good.id_cipher, row=str(good.pk), **place) == CHILD.encode()
    assert unseal(wrong.id_cipher, row=str(wrong.pk), **place) == b"A142536472"


def test_a_bad_row_is_set_aside_sealed_and_the_others_are_taken(deliver):
    outcome = deliver([person("R-1"), person("R-2", birth_date="2018-02-30"), person("R-3")])
    assert (outcome.accepted, outcome.quarantined) == (2, 1)
    assert outcome.reasons == {"date-impossible": 1}
    with as_role("worker"):
        row = QuarantinedRow.objects.get()
    assert (row.line, row.column, row.rule) == (3, "birth_date", "date-impossible")
    assert row.text["zh"] and row.text["en"] and row.fix["zh"]
    assert "2018" not in json.dumps([row.text, row.fix, row.value_class])
    assert "陳小安".encode() not in bytes(row.sealed_row)
    place = {"table": "registries_quarantinedrow", "column": "sealed_row"}
    cells = json.loads(unseal(row.sealed_row, row=str(row.pk), **place))["cells"]
    assert cells["birth_date"] == "2018-02-30"


def test_a_file_that_is_wrong_as_a_whole_changes_nothing_but_says_why(deliver):
    deliver([person("R-1")])
    outcome = deliver([person("R-1", name="別人"), person("R-2")], rows=7)
    assert outcome.held
    assert outcome.accepted == 0
    assert outcome.held_because["rule"] == "row-count"
    assert [record.values["name"] for record in records()] == ["陳小安"]
    held = Delivery.objects.get(pk=outcome.delivery_id)
    assert (held.state, held.known_at) == ("held", None)
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="records-loaded", result="held").count() == 1


def test_the_same_file_twice_changes_nothing(deliver, tmp_path):
    path = write_csv(tmp_path / "same.csv", [person("R-1"), person("R-2", sex="?")])
    with as_role("worker"):
        first = load_file(REGISTRY, path, actor=LOADING)
        again = load_file(REGISTRY, path, actor=LOADING)
    assert again.repeated and not first.repeated
    assert (again.accepted, again.quarantined) == (first.accepted, first.quarantined) == (1, 1)
    assert again.delivery_id == first.delivery_id
    assert len(records()) == 1


def test_the_last_row_of_a_repeated_key_counts_and_the_others_are_set_aside(deliver):
    outcome = deliver(
        [person("R-1", name="陳一"), person("R-2"), person("R-1", name="陳二"), person("R-1")]
    )
    assert (outcome.accepted, outcome.reasons) == (2, {"repeated-key": 2})
    assert [one.values["name"] for one in records(record_key="R-1")] == ["陳小安"]


def test_a_later_row_is_a_new_version_and_the_earlier_stays(deliver):
    deliver([person("R-1")])
    deliver([person("R-1", address="桃園市中壢區範例路9號")])
    versions = records(record_key="R-1")
    assert [one.values["address"][-3:] for one in versions] == ["號3樓", "路9號"]


def test_a_row_that_says_nothing_new_makes_no_new_version(deliver):
    deliver([person("R-1", national_id=CHILD), person("R-2")])
    outcome = deliver([person("R-1", national_id=CHILD), person("R-2", phone="0912345678")])
    assert outcome.accepted == 2
    assert len(records(record_key="R-1")) == 1
    assert len(records(record_key="R-2")) == 2


def test_a_deleted_row_withdraws_the_record_by_a_new_version(deliver):
    deliver([person("R-1")])
    deliver([person("R-1", deleted="true")])
    first, second = records(record_key="R-1")
    assert (first.withdrawn, second.withdrawn) == (False, True)
    assert second.values == {}
    assert facts_of(second) == {}


def test_absence_from_a_full_delivery_ends_a_record_and_a_row_set_aside_is_not_absent(deliver):
    deliver([person(f"R-{n}") for n in range(20)], mode="full")
    rows = [person(f"R-{n}") for n in range(20) if n != 4]
    rows[5]["sex"] = "no such code"
    outcome = deliver(rows, mode="full")
    assert (outcome.accepted, outcome.quarantined) == (18, 1)
    assert [one.record_key for one in records(withdrawn=True)] == ["R-4"]
    deliver([person("R-4")])
    assert [one.withdrawn for one in records(record_key="R-4")] == [False, True, False]


def test_what_a_full_delivery_says_again_is_neither_checked_nor_written(deliver, monkeypatch):
    rows = [person(f"R-{n}", national_id=CHILD if n == 1 else "") for n in range(20)]
    deliver(rows, mode="full")
    made = []
    take = batches.BatchMaker._take

    def noted(self, lines, record, values, digest, data_key):
        made.append(values["record_key"])
        take(self, lines, record, values, digest, data_key)

    monkeypatch.setattr(batches.BatchMaker, "_take", noted)
    rows[7]["phone"] = "0912345678"
    outcome = deliver([dict(reversed(one.items())) for one in rows if one["record_key"] != "R-4"],
                      mode="full")  # fmt: skip
    assert (made, outcome.accepted) == (["R-7"], 19)
    assert [one.record_key for one in records(delivery_id=outcome.delivery_id)] == ["R-7", "R-4"]
    assert [one.withdrawn for one in records(record_key="R-4")] == [False, True]
    first, second = Delivery.objects.filter(source_id=REGISTRY).order_by("began_at")
    assert second.profile["rows"] == 19
    assert second.profile["filled"]["name"] == 19
    assert second.profile["codes"]["sex"] == {"M": 19}
    assert first.profile["filled"]["birth_date"] == 20


def test_a_row_that_comes_back_in_its_old_words_is_no_known_row(deliver):
    old = [person(f"R-{n}") for n in range(10)]
    deliver(old, mode="full")
    deliver([*old[1:], person("R-0", phone="0912345678")], mode="full")
    deliver(old[::-1], mode="full")
    assert len(records(record_key="R-0")) == 3
    deliver(old[1:], mode="full")
    deliver([*old[5:], *old[:5]], mode="full")
    assert [one.withdrawn for one in records(record_key="R-0")] == [False] * 3 + [True, False]
    assert len(records()) == 10 + 1 + 1 + 2


def test_under_another_manifest_no_row_is_known_and_what_says_nothing_new_is_left(
    deliver, monkeypatch
):
    rows = [person(f"R-{n}") for n in range(3)]
    deliver(rows, mode="full")
    checked = []
    check = batches.BatchMaker._take
    monkeypatch.setattr(batches.BatchMaker, "_take",
                        lambda *given: (checked.append(given[2]), check(*given)))  # fmt: skip
    monkeypatch.setattr(loading, "digest_key", lambda manifest: b"another")
    deliver([*rows, person("R-3")], mode="full")
    assert len(checked) == 4
    assert len(records()) == 4


def test_a_delivery_that_says_it_has_no_row_is_taken_and_an_empty_register_is_not(tmp_path):
    path = tmp_path / "nothing.jsonl"
    path.write_text("")
    meta = tmp_path / "nothing.jsonl.meta.json"
    with as_role("worker"):
        assert load_file(REGISTRY, path, actor=LOADING).held_because["rule"] == "file-empty"
        meta.write_text('{"rows": 0, "mode": "full"}')
        assert load_file(REGISTRY, path, actor=LOADING).held_because["rule"] == "file-empty"
        meta.write_text('{"rows": 0, "mode": "incremental"}')
        outcome = load_file(REGISTRY, path, actor=LOADING)
    assert (outcome.held, outcome.accepted) == (False, 0)


def test_absence_from_an_incremental_delivery_means_nothing(deliver):
    deliver([person("R-1"), person("R-2")])
    deliver([person("R-1", phone="0912345678")])
    assert not records(withdrawn=True)


def test_a_full_delivery_that_shrinks_is_held_until_a_person_releases_it(deliver, tmp_path):
    deliver([person(f"R-{n}") for n in range(10)], mode="full")
    outcome = deliver([person("R-1")], mode="full")
    assert outcome.held_because["rule"] == "row-count-collapse"
    assert not records(withdrawn=True)
    path = write_csv(tmp_path / "released.csv", [person("R-1")], mode="full")
    with as_role("worker"):
        outcome = load_file(REGISTRY, path, actor=LOADING, drop_released=True)
    assert not outcome.held
    assert len(records(withdrawn=True)) == 9


def test_an_older_delivery_after_a_newer_one_is_held(deliver):
    deliver([person("R-1")], delivered_at="2026-03-02T02:00:00+08:00")
    outcome = deliver([person("R-1", name="舊名")], delivered_at="2026-03-01T02:00:00+08:00")
    assert outcome.held_because["rule"] == "delivered-earlier"


def test_a_load_that_was_not_published_is_published_by_the_next(deliver):
    outcome = deliver([person("R-1")])
    with as_role("worker"):
        Delivery.objects.filter(pk=outcome.delivery_id).update(state="loading", known_at=None)
        publish_pending(REGISTRY, actor=LOADING)
    assert Delivery.objects.get(pk=outcome.delivery_id).known_at is not None


def test_an_unknown_source_and_a_missing_file_are_refused_in_plain_words(tmp_path):
    with as_role("worker"):
        with pytest.raises(SourceUnknown, match="anwang sources"):
            load_file("no-such-source", tmp_path / "x.csv", actor=LOADING)
        with pytest.raises(FileMissing, match="Check the path"):
            load_file(REGISTRY, tmp_path / "x.csv", actor=LOADING)


def test_half_a_character_from_json_sets_one_row_aside(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [person("R-1"), person("R-2"), person("R-3")]
    lines = [json.dumps(row, ensure_ascii=True) for row in rows]
    lines[1] = lines[1].replace("R-2", "R-2\\ud83d\\u0000")
    path.write_text("\n".join(lines))
    with as_role("worker"):
        outcome = load_file(REGISTRY, path, actor=LOADING)
    assert (outcome.accepted, outcome.reasons) == (2, {"control-characters": 1})


def test_no_plain_number_stands_in_any_table_after_a_load(deliver):
    wrong = person("R-2", sex="?", national_id=CHILD)
    deliver([person("R-1", national_id=CHILD, father_id=FATHER), wrong])
    assert not places_that_hold([CHILD, FATHER])


def places_that_hold(numbers: list[str]) -> list[str]:
    """Tables in which one of `numbers` can be read, looked for in whole rows as text."""
    found = []
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "select c.oid::regclass::text from pg_class c"
            " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
            " and not c.relispartition and has_table_privilege(c.oid, 'select')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"select count(*) from {table} t where t::text ~ %s", ["|".join(numbers)]
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found
