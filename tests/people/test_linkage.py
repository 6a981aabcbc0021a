"""Pairs of persons: levels, the guard against names alone, and the keys against a slow oracle."""

import random
from collections import defaultdict
from datetime import date

import pytest

from anwang.people.rules.columns import Row, row_of
from anwang.people.rules.forms import forms_of
from anwang.people.rules.keys import blocking_keys, query_keys
from anwang.people.rules.model_file import ModelFault
from anwang.people.rules.scoring import is_probable, load_model, rank, score
from tests.people.invented_persons import asked, persons, token

MODEL = load_model()
CHILD = {
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "national_id": "A123456789",
    "phone": "0900-000-001",
    "address": "桃園市中壢區範例路1段2號3樓",
}


def asked_for(**raw: object) -> Row:
    return row_of(forms_of(raw, token=token, query=True, told_on=date(2026, 3, 2)))


def registered(**changed: object) -> Row:
    return row_of(forms_of({**CHILD, **changed}, token=token))


@pytest.mark.parametrize(
    ("told", "comparison", "level"),
    [
        ({"national_id": "A123456789"}, "national_id", "same"),
        ({"national_id": "A123456798"}, "national_id", "near-valid"),
        ({"national_id": "A123456779"}, "national_id", "near"),
        ({"national_id": "A800000014"}, "national_id", "other"),
        ({"name": "陳志安"}, "name", "same-usual"),
        ({"name": "陈志安"}, "name", "same-usual"),
        ({"name": "陳治安"}, "name", "sound-usual"),
        ({"name": "程志安"}, "name", "near-sound"),
        ({"name": "陳小安"}, "name", "surname-nickname"),
        ({"name": "小安"}, "name", "nickname"),
        ({"name": "志安"}, "name", "given"),
        ({"name": "林陳志安"}, "name", "same-usual"),
        ({"name": "陳○安"}, "name", "masked"),
        ({"name": "陳先生"}, "name", "surname"),
        ({"name": "陳志豪"}, "name", "one-character"),
        ({"name": "陳美玉"}, "name", "surname-only"),
        ({"name": "林美玉"}, "name", "different"),
        ({"birth": "民國107年5月1日"}, "birth", "day"),
        ({"birth": "107年1月5日"}, "birth", "day-slip"),
        ({"birth": "民國107年"}, "birth", "year"),
        ({"birth": "民國106年"}, "birth", "near-year"),
        ({"birth": "106.5.1"}, "birth", "month-day"),
        ({"birth": "約8歲"}, "birth", "age-1"),
        ({"birth": "約40歲"}, "birth", "age-impossible"),
        ({"sex": "F"}, "sex", "different"),
        ({"phone": "＋886900000001"}, "phone", "same"),
        ({"address": "中壢範例路一段2號"}, "address", "door"),
        ({"address": "範例路一段2號"}, "address", "loose-door"),
        ({"address": "桃園縣中壢市範例路1段2號三樓"}, "address", "whole"),
        ({"address": "臺北市中山區範例路1段2號"}, "address", "elsewhere"),
    ],
)
def test_what_is_told_compares_at_this_level(told, comparison, level):
    reasons = score(asked_for(**told), registered(), MODEL).reasons
    assert [(r.comparison, r.level) for r in reasons if r.comparison == comparison] == [
        (comparison, level)
    ]


def test_a_persons_former_address_counts():
    forms = registered(address="臺北市中山區範例路9號", previous_address=CHILD["address"])
    reasons = score(asked_for(address=CHILD["address"]), forms, MODEL).reasons
    assert reasons[-1].level == "previous-door"


def best(query: Row, *others: Row):
    return rank(query, list(enumerate([registered(), *others])), MODEL)[0]


@pytest.mark.parametrize(
    "told",
    [
        {"name": "小安", "birth": "約8歲", "address": "中壢範例路一段2號"},
        {"name": "陳治安", "sex": "M", "birth": "民國107年"},
        {"name": "陳志安", "phone": "0900000001"},
        {"name": "陳志安", "national_id": "A123456798"},
        {"national_id": "a123456789"},
        {"national_id": "a123456789", "name": "林大同", "birth": "107.5.1"},
    ],
)
def test_enough_evidence_is_probable(told):
    person, scored = best(asked_for(**told))
    assert person == 0
    assert is_probable(scored, MODEL)


@pytest.mark.parametrize(
    "told",
    [
        {"name": "陳志安"},
        {"name": "陳志安", "sex": "M"},
        {"name": "小安"},
        {"name": "小安", "birth": "約8歲"},
        {"birth": "107.5.1", "sex": "M"},
        {"address": "桃園市中壢區範例路1段2號3樓"},
        {"name": "陳先生", "phone": "0900000001"},
        {"name": "陳治安", "birth": "約40歲", "sex": "F", "phone": "0900000001"},
        {"name": "陳志安", "birth": "107.5.1", "national_id": "A800000014", "sex": "F"},
        {"national_id": "A123456789", "name": "林美玉"},
        {},
    ],
)
def test_too_little_or_conflicting_evidence_is_not_probable(told):
    assert not is_probable(best(asked_for(**told))[1], MODEL)


def test_two_equals_share_the_probability_and_neither_is_accepted():
    query = asked_for(name="陳志安", birth="民國107年")
    (_, first), (_, second) = rank(query, [("a", registered()), ("b", registered())], MODEL)
    assert first.probability == second.probability < 0.5


def test_a_larger_register_makes_the_same_evidence_worth_less():
    query = asked_for(name="陳治安", sex="M", birth="民國107年")
    nation = MODEL.for_population(23_000_000)
    assert score(query, registered(), nation).probability < 0.2
    by_id = rank(asked_for(national_id="A123456789"), [(0, registered())], nation)
    assert is_probable(by_id[0][1], nation)


def test_a_model_without_a_level_is_refused(tmp_path):
    broken = tmp_path / "model.yaml"
    broken.write_text(
        "version: x\ncomparisons: {sex: {same: {m: 0.9, u: 0.5}}}\n", encoding="utf-8"
    )
    with pytest.raises(ModelFault, match="lacks or does not know"):
        load_model(broken)


@pytest.mark.slow
def test_keys_find_the_same_best_person_as_comparing_with_everybody():
    everybody = persons(1500, seed=3)
    forms = [forms_of(person.raw, token=token) for person in everybody]
    rows = [row_of(one) for one in forms]
    by_key = defaultdict(set)
    for place, one in enumerate(forms):
        for key in blocking_keys(one):
            by_key[key].add(place)
    rng = random.Random(4)
    for person in rng.sample(everybody, 12):
        for kind, raw in asked(rng, person):
            query = forms_of(raw, token=token, query=True)
            slow = rank(row_of(query), enumerate(rows), MODEL)[0]
            near = {place for key in query_keys(query) for place in by_key[key]}
            quick = rank(row_of(query), [(place, rows[place]) for place in sorted(near)], MODEL)
            if is_probable(slow[1], MODEL):
                assert quick and quick[0][0] == slow[0], (kind, person.key)


@pytest.mark.slow
def test_most_troubled_queries_find_their_person_and_hardly_any_a_wrong_one():
    everybody = persons(4000, seed=7)
    forms = [forms_of(person.raw, token=token) for person in everybody]
    rows = [row_of(one) for one in forms]
    by_key = defaultdict(set)
    for place, one in enumerate(forms):
        for key in blocking_keys(one):
            by_key[key].add(place)
    rng = random.Random(8)
    right = wrong = total = 0
    for person in rng.sample(everybody, 60):
        for kind, raw in asked(rng, person):
            if kind == "name-only":
                continue
            query = forms_of(raw, token=token, query=True)
            near = {place for key in query_keys(query) for place in by_key[key]}
            ranked = rank(row_of(query), [(place, rows[place]) for place in sorted(near)], MODEL)
            total += 1
            if ranked and is_probable(ranked[0][1], MODEL):
                right += ranked[0][0] == person.key
                wrong += ranked[0][0] != person.key
    assert right / total >= 0.95
    assert right / (right + wrong) >= 0.99
