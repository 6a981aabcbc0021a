"""Records in the same words as one that is known. Nobody in these files exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

import numpy as np
import pytest
from django.db import IntegrityError, connection
from django.db.models import Case, Value, When

from anwang.access.context import LOADING
from anwang.common.clock import clock_now
from anwang.common.copying import raw_connection
from anwang.households.queries import household_of
from anwang.people.actions import identify, identities, nation
from anwang.people.actions.alike import TELLING
from anwang.people.batch import reading
from anwang.people.models import Identity, Key, Link, Person
from anwang.people.queries import find_people
from anwang.people.queries.identities import identities_of
from anwang.people.queries.training_rows import sampled_rows
from anwang.people.rules.forms import Forms, forms_of
from anwang.registries.actions.deliveries import load_file
from tests.conftest import as_role
from tests.people.invented_persons import token
from tests.people.test_identify import dose, take
from tests.registries.conftest import CHILD, FATHER, REGISTRY, person, write_csv

pytestmark = pytest.mark.django_db
DOSES = "immunisation"
__all__ = ["take"]


class Asked(Mapping[str, str]):
    """A row that notes which columns it was asked for."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.columns.add(name)
        raise KeyError(name)

    def get(self, name, default=None):
        self.columns.add(name)
        return default

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def of(key: str) -> Identity:
    with as_role("worker"):
        return Identity.objects.get(record_key=key, superseded=False)


def keys_of(identity: Identity) -> set[int]:
    with as_role("worker"):
        return set(Key.objects.filter(identity_no=identity.no).values_list("key", flat=True))


def links_of(identity: Identity) -> list[Link]:
    with as_role("worker"):
        return list(Link.objects.filter(record_id=identity.record_id))


def test_the_digest_is_of_every_column_that_forms_are_made_of():
    row = Asked()
    forms_of(row, token=token)
    assert row.columns == set(TELLING)


@pytest.mark.parametrize("later", [False, True], ids=["one file", "a later file"])
def test_the_same_words_with_a_number_share_person_forms_and_keys(take, later):
    lines = [dose(f"V-{n}", national_id=CHILD) for n in range(3)]
    if later:
        take(lines[:1], DOSES)
        take(lines[1:], DOSES)
    else:
        take(lines, DOSES)
    first, *others = (of(f"V-{n}") for n in range(3))
    assert keys_of(first) == set(first.keys)
    for one in others:
        assert (one.person_id, one.like_no) == (first.person_id, first.no)
        assert (one.forms, one.packed) == (None, None)
        assert (bytes(one.id_token), one.full_key) == (bytes(first.id_token), first.full_key)
        assert not keys_of(one)
        (link,) = links_of(one)
        assert link.person_id == first.person_id
        assert link.reasons[0]["comparison"] == "national_id"
    with as_role("worker"):
        told = identities_of([first.person_id])[first.person_id]
    assert [one.record_key for one in told] == ["V-0", "V-1", "V-2"]
    assert all(one.forms == Forms.unpack(first.forms) for one in told)


def test_other_words_have_keys_of_their_own(take):
    take(
        [dose("V-1", national_id=CHILD), dose("V-2", national_id=CHILD, phone="0912-000-111")],
        DOSES,
    )
    assert of("V-2").person_id == of("V-1").person_id
    assert of("V-2").like_no is None
    assert keys_of(of("V-2")) > keys_of(of("V-1"))


def test_without_a_number_the_same_words_have_the_answer_that_the_first_found(take):
    take([person("R-1", national_id=CHILD)])
    take([dose("V-1")], DOSES)
    take([dose("V-2"), dose("V-3")], DOSES)
    for key in ("V-2", "V-3"):
        assert of(key).person_id == of("R-1").person_id
        assert of(key).like_no == of("V-1").no
        assert links_of(of(key))[0].reasons == links_of(of("V-1"))[0].reasons
        assert links_of(of(key))[0].probability == links_of(of("V-1"))[0].probability < 1


def test_two_of_one_name_of_whom_nothing_else_is_told_stay_two(take):
    nothing = {"birth_date": "", "address": "", "sex": ""}
    take([dose("V-1", **nothing)], DOSES)
    take([dose("V-2", **nothing), dose("V-3", **nothing)], DOSES)
    assert len({of(key).person_id for key in ("V-1", "V-2", "V-3")}) == 3


def test_a_number_with_a_slip_is_not_taken_for_the_same_words(take):
    slip, other = CHILD[:-1] + str((int(CHILD[-1]) + 1) % 10), "F131104099"
    take([dose("V-1", national_id=slip)], DOSES)
    take([dose("V-2", national_id=other)], DOSES)
    assert of("V-1").told is None
    assert of("V-2").like_no is None


def test_when_the_first_is_superseded_the_next_has_the_keys(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    first = of("V-0")
    before = keys_of(first)
    take([dose("V-0", national_id=CHILD, phone="0912-000-111")], DOSES)
    heir, last = of("V-1"), of("V-2")
    assert (heir.like_no, last.like_no) == (None, heir.no)
    assert keys_of(heir) == before
    assert (heir.forms, bytes(heir.packed)) == (first.forms, bytes(first.packed))
    assert not keys_of(last)
    take([dose("V-3", national_id=CHILD)], DOSES)
    assert of("V-3").like_no == heir.no


def test_when_all_of_the_same_words_are_superseded_no_key_is_left(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    take([dose(f"V-{n}", national_id=CHILD, name="林美玉", birth_date="2018-05-02", address="")
          for n in range(3)], DOSES)  # fmt: skip
    with as_role("worker"):
        old = Identity.objects.filter(superseded=True).values_list("no", flat=True)
        assert len(old) == 3
        assert not Key.objects.filter(identity_no__in=list(old)).exists()


@pytest.mark.parametrize("moved", ["V-0", "V-1"], ids=["the first", "another"])
def test_a_record_judged_to_be_somebody_elses_is_found_as_theirs(take, moved):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    was, forms = of("V-0").person_id, of("V-0").forms
    other = uuid4()
    with as_role("worker"):
        Person.objects.create(id=other)
        Identity.objects.filter(record_key=moved).update(person_id=other)
    question = forms_of(dose("?", national_id=CHILD), token=identities.token, query=True)
    with as_role("worker"):
        assert {one.person_id for one in find_people(question)} == {was, other}
    assert [of(key).forms for key in (moved, {"V-0": "V-1", "V-1": "V-0"}[moved])] == [forms] * 2


def test_records_that_move_together_stay_together(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    other = uuid4()
    with as_role("worker"):
        Person.objects.create(id=other)
        Identity.objects.update(person_id=other)
        assert Key.objects.values("identity_no").distinct().count() == 1
    assert of("V-2").like_no == of("V-0").no


def test_a_first_that_leaves_while_others_are_read_leads_nobody(take, tmp_path, monkeypatch):
    take([dose("V-0", national_id=CHILD)], DOSES)
    path = write_csv(tmp_path / "more.csv", [dose("V-1", national_id=CHILD)])
    write = identities.write_identities

    def after_it_left(*given, **more):
        raw = given[0]  # another thread writes
        raw.execute("update people_identity set superseded = true where record_key = 'V-0'")
        monkeypatch.setattr(identities, "write_identities", write)
        return write(*given, **more)

    with as_role("worker"):
        outcome = load_file(DOSES, path, actor=LOADING)
        monkeypatch.setattr(identities, "write_identities", after_it_left)
        assert identify(outcome.delivery_id, actor=LOADING) == 1
    assert of("V-1").like_no is None
    assert keys_of(of("V-1"))
    assert len(links_of(of("V-1"))) == 1


def test_a_new_version_in_the_words_of_another_keeps_its_own_history(take):
    take([person("R-1", national_id=CHILD), person("R-2", national_id=FATHER, name="陳大方")])
    take([person("R-2", national_id=CHILD)])
    assert of("R-2").like_no is None
    assert of("R-2").source_id == REGISTRY


def test_whoever_reads_what_records_say_finds_it_with_the_first(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    first = of("V-0")
    with as_role("worker"):
        numbers = np.array(list(Identity.objects.values_list("no", flat=True)), dtype=np.int64)
        linked, *_ = reading._tables(raw_connection(), numbers)
        (indexed,) = nation._batches(0, int(numbers.max()))
        sampled = sampled_rows()
        now = household_of(first.person_id, clock_now().date())
        earlier = household_of(first.person_id, clock_now().date(), clock_now())
    assert linked.num_rows == len(indexed) == len(sampled) == 3
    assert {packed for _, packed, _ in indexed} == {bytes(first.packed)}
    for picture in (now, earlier):
        (member,) = picture["members"]
        assert member["name"] == first.forms["n"]


def test_who_identifies_holds_off_who_judges(take):
    take([dose("V-0", national_id=CHILD)], DOSES)
    with connection.cursor() as cursor:  # held to the end of the test's own transaction
        cursor.execute(
            "select mode from pg_locks where locktype = 'advisory' and objid = 815050"
            " and pid = pg_backend_pid()"
        )
        assert cursor.fetchall() == [("ShareLock",)]


def test_an_identity_without_words_is_like_another_or_is_not_stored(take):
    take([dose("V-0", national_id=CHILD)], DOSES)
    with as_role("worker"), pytest.raises(IntegrityError, match="identity_has_words"):
        Identity.objects.update(forms=None)


def test_records_that_part_in_one_statement_have_words_each(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(3)], DOSES)
    forms = of("V-0").forms
    with as_role("worker"):
        persons = [Person.objects.create().pk for _ in range(2)]
        Identity.objects.filter(record_key__in=["V-0", "V-1"]).update(
            person_id=Case(
                When(record_key="V-0", then=Value(persons[0])), default=Value(persons[1])
            )
        )
    for key in ("V-0", "V-1", "V-2"):
        assert (of(key).forms, of(key).like_no) == (forms, None)
        assert keys_of(of(key))


def test_a_record_that_was_nobodys_for_a_while_is_told_again(take):
    take([dose(f"V-{n}", national_id=CHILD) for n in range(2)], DOSES)
    was = of("V-0").person_id
    with as_role("worker"):
        for person_id in (None, was):
            Identity.objects.filter(record_key="V-0").update(person_id=person_id)
        told = identities_of([was])[was]
    assert [one.forms.name for one in told] == [of("V-0").forms["n"]] * 2
