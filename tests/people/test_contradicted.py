"""The best record speaks; what it leaves untold of number, birth and sex, others may contradict."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from anwang.people.rules.columns import pack, row_of
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.ranking import rank_together
from anwang.people.rules.scoring import Scored, is_probable, load_model, rank
from tests.people.invented_persons import Raw, asked, persons, slipped_id, token

MODEL = load_model()
PERSON = uuid.UUID(int=7)
CHILD = {
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "national_id": "A123456789",
    "phone": "0900-000-001",
    "address": "桃園市中壢區範例路1段2號3樓",
}
ANOTHER_NUMBER = "A800000014"
Ranked = list[tuple[uuid.UUID, Scored]]


def question(**told: str) -> Forms:
    return forms_of(told, token=token, query=True, told_on=date(2026, 3, 2))


def record(*untold: str, **changed: str) -> Forms:
    kept = {name: value for name, value in CHILD.items() if name not in untold}
    return forms_of(kept | changed, token=token)


def one_by_one(query: Forms, records: Sequence[tuple[uuid.UUID, Forms]]) -> Ranked:
    return rank(row_of(query), [(person, row_of(one)) for person, one in records], MODEL)


def together(query: Forms, records: Sequence[tuple[uuid.UUID, Forms]]) -> Ranked:
    ids = b"".join(person.bytes for person, _ in records)
    packed = b"".join(pack(one) for _, one in records)
    place = np.zeros(len(records), dtype=np.int64)
    return rank_together([query], place, ids, packed, MODEL, len(records))[0]


@pytest.fixture(params=[one_by_one, together])
def ask(request):
    """How the one person with these records is taken, by either way of ranking."""
    return lambda query, *records: request.param(query, [(PERSON, one) for one in records])[0][1]


@pytest.mark.parametrize(
    ("told", "untold", "comparison"),
    [
        ({"national_id": ANOTHER_NUMBER, "birth": "民國107年"}, ["national_id"], "national_id"),
        ({"sex": "F", "birth": "民國107年"}, ["sex", "national_id"], "sex"),
        ({"name": "陳志豪", "birth": "約40歲", "phone": "0900000001"}, ["birth_date"], "birth"),
    ],
)
def test_a_record_that_does_not_tell_hides_no_contradiction(ask, told, untold, comparison):
    query = question(**{"name": "陳治安"} | told)
    alone, both = ask(query, record(*untold)), ask(query, record(*untold), record())
    assert is_probable(alone, MODEL)
    assert both.weight == ask(query, record()).weight < alone.weight
    assert comparison in {reason.comparison for reason in both.reasons if reason.weight < 0}
    assert not is_probable(both, MODEL)


def test_what_one_record_contradicts_and_another_confirms_costs_nothing(ask):
    query = question(name="陳志安", sex="M", birth="107.5.1", national_id="A123456789")
    silent = record("national_id", "sex", "birth_date")
    against = record(national_id=ANOTHER_NUMBER, sex="F", birth_date="1960-01-01")
    assert ask(query, silent, against, record()).weight == ask(query, record()).weight
    by_phone = question(name="陳志安", sex="M", phone="0900000001")
    silent = record("sex", "national_id")
    bare = ask(by_phone, silent)
    assert ask(by_phone, silent, against, record("phone")).weight == bare.weight


def test_another_telephone_or_door_of_old_contradicts_nothing(ask):
    query = question(
        name="陳志安", birth="107.5.1", phone="0911111111", address="花蓮縣玉里鎮中山路9號"
    )
    silent = record("phone", "address")
    assert ask(query, silent, record("birth_date")).weight == ask(query, silent).weight


def test_reasons_stand_in_one_order_and_add_up(ask):
    query = question(name="陳志安", sex="F", phone="0900000001", national_id=ANOTHER_NUMBER)
    scored = ask(query, record("national_id", "sex", "birth_date"), record("name", "phone"))
    assert [reason.comparison for reason in scored.reasons] == [
        "national_id", "name", "sex", "phone",
    ]  # fmt: skip
    assert scored.weight == pytest.approx(sum(reason.weight for reason in scored.reasons))


def test_both_ways_give_one_answer_whatever_records_leave_untold():
    rng = random.Random(15)
    known = [(uuid.UUID(int=place), one) for place, one in enumerate(persons(60, seed=16))]
    for _ in range(8):
        records = [
            (person, forms_of(_as_a_source(rng, one.raw), token=token))
            for person, one in rng.choices(known, k=150)
        ]
        for _, raw in asked(rng, rng.choice(known)[1]):
            query = forms_of(_mistold(rng, raw), token=token, query=True)
            alone, all_at_once = one_by_one(query, records), together(query, records)
            assert [person for person, _ in alone] == [person for person, _ in all_at_once]
            for (_, one), (_, other) in zip(alone, all_at_once, strict=True):
                assert (one.weight, one.reasons) == (other.weight, other.reasons)
                assert one.probability == pytest.approx(other.probability)


def _as_a_source(rng: random.Random, raw: Raw) -> Raw:
    """One source's row of a person: some columns untold, some wrong."""
    told = {name: value for name, value in raw.items() if rng.random() < 0.7}
    if rng.random() < 0.2:
        told["birth_date"] = f"{rng.randint(1935, 2025)}-03-04"
    if rng.random() < 0.2:
        told["sex"] = rng.choice("FM")
    return told


def _mistold(rng: random.Random, raw: Raw) -> Raw:
    told = dict(raw)
    if rng.random() < 0.4:
        told["national_id"] = ANOTHER_NUMBER
    elif "national_id" in told and rng.random() < 0.3:
        told["national_id"] = slipped_id(rng, told["national_id"])
    if "sex" in told and rng.random() < 0.3:
        told["sex"] = rng.choice("FM")
    return told
