"""Whose the records of a delivery are. Nobody in these files exists."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from anwang.access.context import LOADING
from anwang.people.actions import identify
from anwang.people.models import Identity, Key, Link, Person
from anwang.registries.actions.deliveries import load_file
from tests.conftest import as_role
from tests.registries.conftest import CHILD, FATHER, REGISTRY, STRANGER, person, write_csv
from tests.registries.test_deliveries import places_that_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(tmp_path: Path):
    """Deliver rows and say whose they are; returns how many were identified."""
    count = 0

    def _take(lines, source: str = REGISTRY, **envelope: object) -> int:
        nonlocal count
        count += 1
        path = write_csv(tmp_path / f"{count}.csv", lines, **envelope)
        with as_role("worker"):
            outcome = load_file(source, path, actor=LOADING)
            assert not outcome.held, outcome.held_because
            return identify(outcome.delivery_id, actor=LOADING)

    return _take


def dose(key: str, **changes: str) -> dict[str, str]:
    """A row of the immunisation registry."""
    row = person(key, vaccine="MMR", dose="1", due_on="2019-05-01", **changes)
    for column in ("household_key", "relation_to_head", "father_id", "registered_on"):
        del row[column]
    return row


def person_of(source: str, key: str) -> UUID | None:
    with as_role("worker"):
        return Identity.objects.get(source_id=source, record_key=key, superseded=False).person_id


def link_of(key: str) -> Link:
    with as_role("worker"):
        newest = Identity.objects.filter(record_key=key).order_by("-no").first()
        return Link.objects.filter(record_id=newest.record_id).latest("judged_at")


def test_equal_valid_numbers_are_one_person_across_sources(take):
    take([person("R-1", national_id=CHILD), person("R-2", national_id=FATHER, name="陳大方",
                                                   birth_date="1984-01-02")])  # fmt: skip
    take([dose("V-1", national_id=CHILD)], "immunisation")
    assert person_of("immunisation", "V-1") == person_of(REGISTRY, "R-1")
    assert person_of(REGISTRY, "R-1") != person_of(REGISTRY, "R-2")
    assert link_of("V-1").reasons[0]["comparison"] == "national_id"
    assert link_of("R-1").reasons == []


def test_two_rows_with_one_number_in_one_file_are_one_person(take):
    take([person("R-1", national_id=CHILD), person("R-1-D", national_id=CHILD, name="陳曉安")])
    assert person_of(REGISTRY, "R-1") == person_of(REGISTRY, "R-1-D")
    with as_role("worker"):
        assert Person.objects.count() == 1


def test_one_number_with_two_names_and_two_births_is_two_persons(take):
    take([person("R-1", national_id=CHILD)])
    take([dose("V-1", national_id=CHILD, name="黃美玲", birth_date="1971-11-30")], "immunisation")
    assert person_of("immunisation", "V-1") != person_of(REGISTRY, "R-1")


def test_without_a_number_the_scorer_finds_the_person(take):
    take([person("R-1", national_id=CHILD), person("R-2", national_id=STRANGER, name="林佳穎",
                                                   birth_date="1990-02-03")])  # fmt: skip
    take([dose("V-1"), dose("V-2")], "immunisation")
    assert person_of("immunisation", "V-1") == person_of(REGISTRY, "R-1")
    assert person_of("immunisation", "V-2") == person_of(REGISTRY, "R-1")
    link = link_of("V-1")
    assert 0.7 <= link.probability < 1
    assert {reason["comparison"] for reason in link.reasons} >= {"name", "birth"}


def test_a_number_with_a_slip_still_finds_the_person(take):
    take([person("R-1", national_id=CHILD)])
    slipped = CHILD[:-1] + str((int(CHILD[-1]) + 1) % 10)
    take([dose("V-1", national_id=slipped, address="")], "immunisation")
    assert person_of("immunisation", "V-1") == person_of(REGISTRY, "R-1")


def test_who_is_found_nowhere_is_a_new_person_once(take):
    take([dose("V-1"), dose("V-2"), dose("V-3", name="林佳穎", birth_date="2020-02-03",
                                         address="臺北市信義區某路1號")], "immunisation")  # fmt: skip
    assert person_of("immunisation", "V-1") == person_of("immunisation", "V-2")
    assert person_of("immunisation", "V-1") != person_of("immunisation", "V-3")


def test_a_new_version_keeps_its_person_and_the_earlier_leaves_the_search(take):
    take([person("R-1")])
    before = person_of(REGISTRY, "R-1")
    take([person("R-1", national_id=CHILD, name="陳大安", address="臺北市信義區某路1號")])
    assert person_of(REGISTRY, "R-1") == before
    with as_role("worker"):
        old, new = Identity.objects.filter(record_key="R-1").order_by("no")
        assert (old.superseded, new.superseded) == (True, False)
        assert not Key.objects.filter(identity_no=old.no).exists()
        assert Key.objects.filter(identity_no=new.no).exists()
        assert Link.objects.filter(record_id=old.record_id).count() == 1
    assert link_of("R-1").reasons[0]["comparison"] == "record_key"


def test_a_withdrawn_record_leaves_the_search_and_its_links_stay(take):
    take([person("R-1", national_id=CHILD), person("R-2", national_id=FATHER)])
    take([person("R-1", deleted="true")])
    with as_role("worker"):
        identity = Identity.objects.get(record_key="R-1")
        assert identity.superseded
        assert identity.person_id is not None
        assert not Key.objects.filter(identity_no=identity.no).exists()
        assert Link.objects.filter(record_id=identity.record_id).exists()


def test_absence_from_a_full_delivery_ends_the_identity(take):
    lines = [person(f"R-{n}", name=f"陳小{n}") for n in range(12)]
    take(lines, mode="full")
    take(lines[1:], mode="full")
    with as_role("worker"):
        ended = Identity.objects.filter(superseded=True)
        assert [one.record_key for one in ended] == ["R-0"]


def test_identifying_again_changes_nothing(take, tmp_path):
    path = write_csv(tmp_path / "once.csv", [person("R-1"), person("R-2", national_id=CHILD)])
    with as_role("worker"):
        outcome = load_file(REGISTRY, path, actor=LOADING)
        assert identify(outcome.delivery_id, actor=LOADING) == 2
        assert identify(outcome.delivery_id, actor=LOADING) == 0
        assert Identity.objects.count() == Link.objects.count() == 2


def test_an_interrupted_run_goes_on_where_it_stopped(take, tmp_path, monkeypatch):
    from anwang.people.actions import identities

    monkeypatch.setattr(identities, "ROWS_A_BATCH", 3)
    lines = [person(f"R-{n}", name=f"陳小{n}") for n in range(10)]
    path = write_csv(tmp_path / "many.csv", lines)
    with as_role("worker"):
        outcome = load_file(REGISTRY, path, actor=LOADING)
        wrote = []

        def one_batch_only(*given, **more):
            if wrote:
                raise RuntimeError("interrupted")
            wrote.append(1)
            return write(*given, **more)

        write = identities.write_identities
        monkeypatch.setattr(identities, "write_identities", one_batch_only)
        with pytest.raises(RuntimeError, match="interrupted"):
            identify(outcome.delivery_id, actor=LOADING)
        monkeypatch.setattr(identities, "write_identities", write)
        assert identify(outcome.delivery_id, actor=LOADING) == 7
        keys = Identity.objects.values_list("record_key", flat=True)
        assert sorted(keys) == sorted(line["record_key"] for line in lines)


def test_no_plain_number_stands_in_any_table_after_linking(take):
    take([person("R-1", national_id=CHILD, father_id=FATHER)])
    take([dose("V-1", national_id=CHILD)], "immunisation")
    assert not places_that_hold([CHILD, FATHER])
