"""Linking that is broken off goes on where it stopped and ends where it would have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import pytest
from django.db import transaction

from anwang.access.context import LOADING, acting
from anwang.people.actions import batch
from anwang.people.actions.batch import link_all
from anwang.people.batch import base as base_module
from anwang.people.batch import reading
from anwang.people.batch.base import Base
from anwang.people.models import Identity, Link
from anwang.people.rules.scoring import load_model
from tests.conftest import as_role
from tests.people import stored
from tests.people.told_records import cleaned, fresh_base, registries

PORTION = 20


class Broken(Exception):
    """The machine goes down in the middle."""


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch):
    monkeypatch.setattr(reading, "_AT_ONCE", 4 * PORTION)
    monkeypatch.setattr(base_module, "_ASKERS_AT_ONCE", PORTION)
    monkeypatch.setattr(batch, "_CHANGES_AT_ONCE", PORTION)


@contextmanager
def kept(path: Path) -> Iterator[Base]:
    with duckdb.connect(str(path)) as db:
        base = Base(db, load_model())
        base.prepare()
        yield base


def breaking(step: str, portions: int) -> Callable[[str, int, int], None]:
    """Breaks off behind so many portions of a step, and before its last."""
    told = []

    def show(what: str, done: int, of: int) -> None:
        if what == step:
            told.append(done)
            if len(told) == portions:
                assert done < of
                raise Broken

    return show


def persons() -> set[frozenset[int]]:
    """The numbers of the records of each person."""
    found: dict[object, set[int]] = {}
    for no, person in Identity.objects.values_list("no", "person_id"):
        found.setdefault(person, set()).add(no)
    return {frozenset(one) for one in found.values()}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(("step", "portions"), [("read", 1), ("compared", 1), ("written", 2)])
def test_it_ends_where_it_would_have_ended(step, portions, tmp_path):
    rows, _ = registries(90, seed=41)
    with as_role("worker"), acting(LOADING, "linking"):
        stored.store(rows)
        with transaction.atomic(), kept(tmp_path / "whole.duckdb") as base:
            whole, before = link_all(base, actor=LOADING), persons()
            links = Link.objects.count()
            transaction.set_rollback(True)
        assert persons() != before
        file = tmp_path / "linking.duckdb"
        with kept(file) as base, pytest.raises(Broken):
            link_all(base, actor=LOADING, progress=breaking(step, portions))
        with kept(file) as base:
            again = link_all(base, actor=LOADING)
            assert persons() == before
            assert Link.objects.count() == links
            assert again.review == whole.review
            assert again.read == (whole.read - 4 * PORTION if step == "read" else 0)
            assert again.changed == whole.changed - (portions * PORTION if step == "written" else 0)
            assert link_all(base, actor=LOADING).changed == 0


def edges(base: Base) -> list[tuple[int, ...]]:
    return base.db.execute("select * from edge order by l, r").fetchall()


def test_what_was_compared_is_not_compared_again():
    told = cleaned(registries(90, seed=41)[0])
    order = list(range(len(told.forms)))
    at_once, broken = fresh_base(), fresh_base()
    for base in (at_once, broken):
        base.take(*told.tables(order, order))
    whole = at_once.compare()
    with pytest.raises(Broken):
        broken.compare(partial(breaking("compared", 1), "compared"))
    assert 0 < len(edges(broken)) < len(edges(at_once))
    assert 0 < broken.compare() < whole
    assert edges(broken) == edges(at_once)


def test_records_that_came_while_it_was_broken_off_are_compared_with_all():
    told = cleaned(registries(90, seed=41)[0])
    order = list(range(len(told.forms)))
    at_once, broken = fresh_base(), fresh_base()
    at_once.take(*told.tables(order, order))
    at_once.compare()
    broken.take(*told.tables(order[60:], order))
    with pytest.raises(Broken):
        broken.compare(partial(breaking("compared", 1), "compared"))
    broken.take(*told.tables(order[:60], order))
    broken.compare()
    assert edges(broken) == edges(at_once)
