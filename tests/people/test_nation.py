"""The nation's index: finds whom the tables find, never what ended, survives interruption."""

from __future__ import annotations

import logging
import random
import uuid
from datetime import date

import numpy as np
import pytest

from anwang.people.actions.lines import drop_keys
from anwang.people.actions.nation import build_index
from anwang.people.models import Identity
from anwang.people.nation.building import Builder, Part
from anwang.people.nation.layout import (
    IndexDamaged,
    current,
    damaged,
    folder_of,
    read_manifest,
)
from anwang.people.nation.reading import NationIndex
from anwang.people.queries import find_many, find_people
from anwang.people.queries.candidates import candidates_of
from anwang.people.queries.nation import open_index
from anwang.people.rules.cleaning import clean
from anwang.people.rules.forms import forms_of
from tests.people.invented_persons import asked, persons, token
from tests.people.stored import store

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _a_home_and_the_matcher(tmp_path, monkeypatch, in_role):
    monkeypatch.setenv("ANWANG_HOME", str(tmp_path))
    with in_role("worker"):
        yield


def told(raw):
    return forms_of(raw, token=token, query=True, told_on=date(2026, 3, 2))


def some_questions(known, seed=5, count=40):
    rng = random.Random(seed)
    return [told(raw) for one in rng.sample(known, count) for _, raw in asked(rng, one)]


def found(candidates):
    return list(candidates.each())


def put_away():
    (folder_of() / "current").unlink()


def test_the_index_finds_the_same_candidates_in_the_same_order_as_the_tables():
    known = persons(1500, seed=41)
    store([one.raw for one in known])
    questions = some_questions(known)
    by_tables, answers = candidates_of(questions), find_many(questions)
    build_index(settled_behind=0)
    assert open_index() is not None
    assert found(candidates_of(questions)) == found(by_tables)
    assert find_many(questions) == answers


def test_who_came_after_the_build_is_found_as_the_tables_find_them():
    known = persons(900, seed=42)
    store([one.raw for one in known[:700]])
    build_index(settled_behind=0)
    store([one.raw for one in known[700:]])
    questions = some_questions(known, count=60)
    by_index = candidates_of(questions)
    put_away()
    assert open_index() is None
    assert found(by_index) == found(candidates_of(questions))


def test_the_newest_numbers_are_left_to_the_tables():
    known = persons(300, seed=43)
    store([one.raw for one in known])
    manifest = build_index(settled_behind=100)
    assert manifest.records == 200
    assert find_people(told(known[-1].raw))[0].accepted


def test_a_record_that_ended_after_the_build_is_no_longer_found():
    known = persons(60, seed=44)
    ids = store([one.raw for one in known])
    build_index(settled_behind=0)
    assert find_people(told(known[7].raw))[0].person_id == ids[7]
    ended = Identity.objects.get(person_id=ids[7])
    Identity.objects.filter(pk=ended.pk).update(superseded=True)
    assert ids[7] not in {one.person_id for one in find_people(told(known[7].raw))}


def test_a_record_that_was_given_to_another_person_is_found_as_theirs():
    known = persons(60, seed=45)
    ids = store([one.raw for one in known])
    build_index(settled_behind=0)
    other = ids[9]
    Identity.objects.filter(person_id=ids[8]).update(person_id=other)
    assert find_people(told(known[8].raw))[0].person_id == other


def test_an_index_of_another_database_is_not_used(caplog):
    known = persons(20, seed=46)
    store([one.raw for one in known])
    build_index(settled_behind=0)
    Identity.objects.order_by("no").filter(pk=Identity.objects.order_by("no").first().pk).update(
        record_id=uuid.uuid4()
    )
    (folder_of() / "current").touch()
    from anwang.people.queries import nation

    nation._opened.build = None
    with caplog.at_level(logging.WARNING):
        assert open_index() is None
    assert "another database" in caplog.text
    assert find_people(told(known[3].raw))[0].accepted


def part_of(known, first_number=1):
    table = {column: [one.raw.get(column) for one in known] for column in known[0].raw}
    cleaned = clean(table, token=token)
    numbers = np.arange(first_number, first_number + len(known), dtype=np.int64)
    return Part(numbers, cleaned.rows.tobytes(), cleaned.keys, cleaned.of)


def finished(builder):
    return builder.finish(instance="test", made_at="2026-03-02T00:00:00Z")


def test_an_interrupted_build_goes_on_and_gives_the_same_files(tmp_path, monkeypatch):
    known = persons(400, seed=47)
    parts = [part_of(known[at : at + 100], at + 1) for at in range(0, 400, 100)]
    whole = Builder(tmp_path / "whole", watermark=400, source="test")
    for part in parts:
        whole.add(part)
    expected = finished(whole)

    monkeypatch.setattr("anwang.people.nation.building._MARK_EVERY", 200)
    cut = Builder(tmp_path / "cut", watermark=400, source="test")
    for part in parts[:3]:
        cut.add(part)  # the third lies behind the last mark
    cut.close()
    again = Builder(tmp_path / "cut", watermark=400, source="test")
    assert again.last == 200
    for part in parts[2:]:
        again.add(part)
    assert finished(again).digests == expected.digests


@pytest.mark.parametrize("band", [1, 40])
def test_a_build_interrupted_while_sorting_goes_on(tmp_path, monkeypatch, band):
    known = persons(300, seed=48)
    whole = Builder(tmp_path / "whole", watermark=300, source="test")
    whole.add(part_of(known))
    expected = finished(whole)

    def stop(what, done, _):
        if what == "keys" and done == band:
            raise KeyboardInterrupt

    cut = Builder(tmp_path / "cut", watermark=300, source="test")
    cut.add(part_of(known))
    with pytest.raises(KeyboardInterrupt):
        cut.finish(instance="test", made_at="", progress=stop)
    cut.close()
    again = Builder(tmp_path / "cut", watermark=300, source="test")
    assert again.last == 300
    assert finished(again).digests == expected.digests


def test_a_build_from_elsewhere_begins_anew(tmp_path):
    cut = Builder(tmp_path, watermark=100, source="one")
    cut.add(part_of(persons(50, seed=49)))
    cut._mark()
    cut.close()
    other = Builder(tmp_path, watermark=100, source="other")
    other.close()
    assert other.last == 0


def test_a_changed_byte_is_told_by_the_check_and_a_missing_one_when_opened(tmp_path):
    builder = Builder(tmp_path, watermark=100, source="test")
    builder.add(part_of(persons(100, seed=50)))
    finished(builder)
    build = current(tmp_path)
    assert damaged(build) == []
    content = bytearray((build / "packed").read_bytes())
    content[1234] ^= 1
    (build / "packed").write_bytes(content)
    assert damaged(build) == ["packed"]
    (build / "packed").write_bytes(content[:-1])
    with pytest.raises(IndexDamaged):
        NationIndex(build)


def test_a_damaged_index_is_reported_and_the_tables_answer(caplog):
    known = persons(30, seed=51)
    store([one.raw for one in known])
    build_index(settled_behind=0)
    build = current(folder_of())
    (build / "keys").write_bytes(b"")
    with caplog.at_level(logging.ERROR):
        assert find_people(told(known[3].raw))[0].accepted
    assert "not the size" in caplog.text


def test_a_key_that_very_many_share_is_read_no_further_than_its_bound(tmp_path):
    count = 5000
    builder = Builder(tmp_path, watermark=count, source="test")
    packed = part_of(persons(1, seed=52)).packed * count
    keys = np.concatenate([np.full(count, 7), np.arange(count) * 3 - 9000]).astype(np.int64)
    of = np.concatenate([np.arange(count), np.arange(count)]).astype(np.uint32)
    builder.add(Part(np.arange(1, count + 1, dtype=np.int64), packed, keys, of))
    manifest = finished(builder)
    index = NationIndex(tmp_path / manifest.build)
    assert index.sharing(7, 200).tolist() == list(range(200))
    for at in (0, 1, 2999, 3000, 4999):
        assert index.sharing(at * 3 - 9000, 200).tolist() == [at]
    assert index.sharing(8, 200).size == index.sharing(10**9, 200).size == 0
    assert read_manifest(tmp_path / manifest.build).keys == 2 * count


def test_a_dropped_key_needs_no_change_of_the_index():
    known = persons(40, seed=53)
    ids = store([one.raw for one in known])
    build_index(settled_behind=0)
    ended = Identity.objects.get(person_id=ids[5])
    Identity.objects.filter(pk=ended.pk).update(superseded=True)
    from django.db import connection

    with connection.cursor() as cursor:
        drop_keys(cursor, [(ended.no, ended.forms)])
    questions = some_questions(known, count=30)
    by_index = candidates_of(questions)
    put_away()
    assert set(found(by_index)) == set(found(candidates_of(questions)))
