"""Finding persons in the database: the right one, few queries, and never slow."""

import random
from datetime import date

import psycopg
import pytest

from anwang.people.models import Identity
from anwang.people.queries import addresses_of, find_many, find_people, identities_of, rank_many
from anwang.people.queries.candidates import MOST_CANDIDATES, candidates_of
from anwang.people.rules.columns import row_of
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import query_keys
from anwang.people.rules.scoring import is_probable, load_model, rank
from tests.people.invented_persons import asked, persons, token
from tests.people.stored import store

pytestmark = pytest.mark.django_db
CHILD = {
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "national_id": "A123456789",
    "phone": "0900-000-001",
    "address": "桃園市中壢區範例路1段2號3樓",
}
CROWD = range(10, 80)


@pytest.fixture(autouse=True)
def _as_the_matcher(in_role):
    with in_role("worker"):
        yield


def told(**raw):
    return forms_of(raw, token=token, query=True, told_on=date(2026, 3, 2))


@pytest.mark.parametrize(
    "raw",
    [
        {"national_id": "A123456789"},
        {"name": "陳志安", "national_id": "A123456798"},
        {"name": "陳治安", "sex": "M", "birth": "民國107年"},
        {"name": "小安", "birth": "約8歲", "address": "中壢範例路一段2號"},
    ],
)
def test_a_person_is_found_by_number_by_a_slip_of_it_by_sound_and_by_nickname(raw):
    (child,) = store([CHILD])
    store([{**CHILD, "name": "林美玉", "national_id": "B223456781", "birth_date": "1950-01-01"}])
    found = find_people(told(**raw))
    assert found[0].person_id == child
    assert found[0].accepted
    assert (found[0].name, found[0].born, found[0].sex) == ("陳志安", date(2018, 5, 1), "M")
    assert is_probable(found[0].scored, load_model())


def test_nobody_is_found_where_nobody_is_near_or_nothing_is_told():
    store([CHILD])
    assert find_people(told(name="王大明", birth="50.1.1")) == []
    assert find_many([told(), told(name="")]) == [[], []]
    assert find_many([]) == []


def test_a_person_comes_once_with_every_current_record():
    (child,) = store([CHILD])
    store([{**CHILD, "national_id": ""}], source="immunisation", persons=[child])
    (found,) = find_people(told(national_id="A123456789"))
    assert [source for source, _ in found.records] == ["household-registration", "immunisation"]
    assert set(identities_of([child])) == {child}
    assert len(identities_of([child])[child]) == 2
    assert len(addresses_of([child])[child]) == 1


def test_superseded_and_unlinked_records_find_nobody():
    store([CHILD])
    Identity.objects.update(superseded=True)
    assert find_people(told(national_id="A123456789")) == []
    Identity.objects.update(superseded=False, person=None)
    assert find_people(told(national_id="A123456789")) == []


def test_two_equals_are_both_shown_and_neither_accepted():
    store([{**CHILD, "national_id": ""}, {**CHILD, "national_id": ""}])
    found = find_people(told(name="陳志安", birth="107.5.1"))
    assert [one.accepted for one in found] == [False, False]


@pytest.fixture
def round_trips(monkeypatch):
    """Statements asked of the database; the planned ones go by the driver alone."""
    asked_of_it = []
    execute = psycopg.Cursor.execute

    def counted(cursor, statement, *arguments, **options):
        asked_of_it.append(statement)
        return execute(cursor, statement, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    return asked_of_it


def test_all_subjects_of_a_report_are_ranked_in_one_round_trip_and_told_in_another(round_trips):
    store([CHILD])
    subjects = [told(name="陳志安", phone="0900000001") for _ in range(12)]
    round_trips.clear()
    ranked = rank_many(subjects)
    assert len(round_trips) == 1
    assert len({one[0][0] for one in ranked}) == 1
    round_trips.clear()
    found = find_many(subjects)
    assert len(round_trips) == 2
    assert len({one[0].person_id for one in found}) == 1


@pytest.mark.slow
def test_the_database_gives_the_answer_of_comparing_with_everybody():
    everybody = persons(1200, seed=11)
    ids = store(one.raw for one in everybody)
    rows = {
        pid: row_of(forms_of(one.raw, token=token)) for pid, one in zip(ids, everybody, strict=True)
    }
    rng = random.Random(12)
    for person in rng.sample(everybody, 15):
        for kind, raw in asked(rng, person):
            query = forms_of(raw, token=token, query=True)
            slow = rank(row_of(query), rows.items(), load_model())[0]
            if is_probable(slow[1], load_model()):
                quick = find_people(query)[0]
                assert quick.person_id == slow[0], kind
                assert quick.weight == pytest.approx(slow[1].weight)


@pytest.mark.slow
def test_five_thousand_behind_one_key_give_no_more_candidates_than_a_stated_number():
    door = {"address": "桃園市中壢區範例路1段2號", "phone": "0900-000-001"}
    store([{**door, "name": f"住民{place}", "birth_date": "1980-01-01"} for place in range(5000)])
    (child,) = store([CHILD])
    query = told(**CHILD)
    assert len(query_keys(query)) > 5
    assert len(candidates_of([query])) <= MOST_CANDIDATES
    found = find_people(query)
    assert found[0].person_id == child
    assert found[0].accepted


def test_who_shares_a_common_name_alone_is_not_compared_beside_one_who_shares_far_more():
    (child,) = store([CHILD])
    others = store([{"name": CHILD["name"], "birth_date": f"19{year}-01-01"} for year in CROWD])
    near = candidates_of([told(**CHILD), told(name=CHILD["name"])])
    assert [person for place, person, _ in near.each() if place == 0] == [child.hex]
    by_name = {person for place, person, _ in near.each() if place == 1}
    assert by_name == {one.hex for one in [child, *others]}


def test_a_record_that_stands_no_longer_keeps_nobody_from_being_compared():
    (child,) = store([CHILD])
    others = store([{"name": CHILD["name"], "birth_date": f"19{year}-01-01"} for year in CROWD])
    Identity.objects.filter(person_id=child).update(superseded=True)
    near = candidates_of([told(**CHILD)])
    assert {person for _, person, _ in near.each()} == {one.hex for one in others}


@pytest.mark.parametrize("at_once", [500, 30])
def test_many_at_once_get_the_answers_of_one_after_another(monkeypatch, at_once):
    monkeypatch.setattr("anwang.people.queries.persons.AT_ONCE", at_once)
    monkeypatch.setattr("anwang.people.queries.candidates.AT_ONCE", at_once)
    everybody = persons(300, seed=31)
    store(one.raw for one in everybody)
    rng = random.Random(32)
    questions = [
        forms_of(raw, token=token, query=True)
        for person in rng.sample(everybody, 20)
        for _, raw in asked(rng, person)
    ]
    together = rank_many([*questions, told(), told(name="王大明")])
    for one, found in zip(questions, together, strict=False):
        alone = rank_many([one])[0]
        assert [person for person, _ in found] == [person for person, _ in alone]
        for (_, many), (_, single) in zip(found, alone, strict=True):
            assert many.weight == single.weight
            assert many.probability == pytest.approx(single.probability)
            assert many.reasons == single.reasons
    assert together[-2] == []
