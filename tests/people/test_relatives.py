"""Who is meant in a known family: enough told to tell one apart, never a guess between two."""

from __future__ import annotations

from datetime import date

import pytest

from anwang.people.rules.columns import row_of
from anwang.people.rules.forms import forms_of
from anwang.people.rules.relatives import Relative, relative_meant
from anwang.people.rules.scoring import load_model
from tests.people.invented_persons import token

MODEL = load_model()
MOTHER = {"name": "謝心安", "sex": "F", "birth_date": "1988-03-02", "national_id": "A223456781"}
FATHER = {"name": "陳大方", "sex": "M", "birth_date": "1985-11-20"}
SISTER = {"name": "陳小美", "sex": "F", "birth_date": "2014-07-09"}
OTHER_SISTER = {"name": "陳小玉", "sex": "F", "birth_date": "2016-02-01"}


def row(raw: dict[str, str], **asked: object):
    return row_of(forms_of(raw, token=token, told_on=date(2026, 3, 2), **asked))


def meant(told: dict[str, str], related: dict[str, bool | None] | None = None) -> str | None:
    people = {"mother": MOTHER, "father": FATHER, "sister": SISTER, "other sister": OTHER_SISTER}
    family = [
        Relative(key, [row(raw)], (related or {}).get(key)) for key, raw in people.items()
    ]  # fmt: skip
    found = relative_meant(row(told, query=True), family, MODEL)
    return found[0] if found else None


def mother_said(told: dict[str, str]) -> str | None:
    others = {"father": False, "sister": False, "other sister": False}
    return meant(told, {"mother": True} | others)


@pytest.mark.parametrize(
    "told",
    [
        {"name": "謝心安"},
        {"name": "謝欣安"},  # heard by telephone
        {"name": "心安"},
        {"name": "謝小姐", "birth": "約38歲", "sex": "F"},
        {"birth": "約38歲", "sex": "F"},
    ],
)
def test_the_mother_is_recognised_by_little_more_than_being_the_mother(told):
    assert mother_said(told) == "mother"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"sex": "F"},  # the relation alone
        {"name": "林美華", "sex": "F", "birth": "約38歲"},  # the stepmother: another name
        {"name": "謝心安", "birth": "約8歲"},
        {"name": "陳先生"},
    ],
)
def test_nobody_is_recognised_by_the_relation_alone_or_against_what_is_told(told):
    assert mother_said(told) is None


def test_two_who_could_be_meant_are_neither():
    sisters = {"mother": False, "father": False, "sister": True, "other sister": True}
    assert meant({"name": "陳小姐", "sex": "F"}, sisters) is None
    assert meant({"name": "小玉"}, sisters) == "other sister"


def test_what_a_family_shares_tells_nobody_apart():
    assert meant({"address": "桃園市中壢區範例路1段2號", "phone": "0900000001", "sex": "F"}) is None


def test_a_valid_number_of_somebody_else_speaks_against():
    assert mother_said({"name": "謝心安", "national_id": "A223456781"}) == "mother"
    assert mother_said({"name": "謝心安", "national_id": "B287654321"}) != "father"


def test_a_record_that_does_not_tell_hides_no_contradiction_of_another():
    bare = {"name": MOTHER["name"]}
    alone = Relative("mother", [row(bare)], True)
    both = Relative("mother", [row(bare), row(MOTHER)], True)
    for told in ({"birth": "約8歲"}, {"sex": "M"}, {"national_id": "B287654326"}):
        asked = row(bare | told, query=True)
        assert relative_meant(asked, [alone], MODEL) is not None
        assert relative_meant(asked, [both], MODEL) is None


def test_a_family_without_people_answers_nobody():
    assert relative_meant(row({"name": "謝心安"}), [], MODEL) is None
