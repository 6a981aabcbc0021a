"""Two names as two people write them: the level they compare at, either way round, and a key they share."""

import re

import pytest

from anwang.people.rules.columns import pack, row_of, unpack
from anwang.people.rules.comparisons import LEVEL_OF
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import blocking_keys, query_keys
from anwang.people.rules.scoring import load_model
from tests.people import levels_told
from tests.people.invented_persons import token
from tests.spelled_out import examples

MODEL = load_model()
_HOW_COMMON = r"-(everyday|common|usual|rare|singular)$"
PRIVATE = "\ue001"  # a sign of somebody's own font (CNS 11643)
OTHER_PRIVATE = "\U000f0001"
RARE = "\U00020021"  # Extension B, of no known sound
LEVELS = [
    *[(one, other, level or None) for one, other, level in examples("name-levels")],
    (f"林{PRIVATE}", f"林{PRIVATE}", "same"),
    (f"林美{PRIVATE}", f"林美{PRIVATE}", "same"),
    (f"林{RARE}{RARE}", f"林{RARE}{RARE}", "same"),
    (f"{RARE}{PRIVATE}", f"{RARE}{PRIVATE}", "given"),
    (f"林{PRIVATE}", f"林{OTHER_PRIVATE}", "surname-only"),
    (f"林{PRIVATE}", f"林{RARE}", "surname-only"),
    (f"林美{PRIVATE}", f"林美{OTHER_PRIVATE}", "one-character"),
    (f"林{PRIVATE}", f"陳{PRIVATE}玉", "different"),
]  # fmt: skip


def forms(name: str, *, query: bool = False, **told: str) -> Forms:
    return forms_of({"name": name, **told}, token=token, query=query)


@pytest.mark.parametrize(("one", "other", "expected"), LEVELS)
def test_two_names_compare_at_this_level_either_way(one, other, expected):
    for mine, theirs in ((forms(one), forms(other)), (forms(other), forms(one))):
        level = LEVEL_OF["name"](row_of(mine), unpack(pack(theirs)))
        assert (level and re.sub(_HOW_COMMON, "", level)) == expected
        assert level == levels_told.name_level(mine, theirs)


FOUND = [
    ("陳志安", "陳安"),
    ("陳志安", "陳志"),
    ("歐陽靖雯", "歐陽靖"),
    ("林玟", "林玫"),
    ("陳玟君", "陳玫君"),
    ("歐陽陳美玉", "陳美玉"),
    ("黃妹", "黃妹"),
    ("林君", "林君"),
    ("林𠮷", "林吉"),
    ("巴奈．諾命", "巴奈諾命"),
    ("伊萬·納威", "伊萬納威"),
    ("伊萬納威", "伊萬·納威"),
    ("巴奈", "巴奈·諾命"),
    ("巴奈", "巴奈諾命"),
    ("巴奈·諾命", "巴奈"),
    ("瓦歷斯", "瓦歷斯諾幹"),
    (f"林{PRIVATE}", f"林{PRIVATE}"),
]


@pytest.mark.parametrize(("asked", "stored"), FOUND)
def test_a_name_alone_finds_the_other_by_a_key(asked, stored):
    assert set(query_keys(forms(asked, query=True))) & set(blocking_keys(forms(stored)))


@pytest.mark.parametrize(
    ("asked", "stored"),
    [("陳安", "陳志安"), ("馮志安", "洪志安"), ("林芳如", "林黃如"), ("安妹", "陳志安")],
)
def test_a_name_with_year_and_district_finds_the_other_by_a_key(asked, stored):
    told = {"address": "桃園市中壢區"}
    question = forms(asked, query=True, birth="民國107年", **told)
    record = forms(stored, birth_date="2018-05-01", **told)
    assert set(query_keys(question)) & set(blocking_keys(record))


def test_names_of_private_signs_share_no_key_with_others():
    question = forms(f"林{PRIVATE}", query=True)
    for other in (f"林{OTHER_PRIVATE}", f"林{RARE}", f"陳{PRIVATE}", "林美玉"):
        assert not set(query_keys(question)) & set(blocking_keys(forms(other)))


def test_an_ordinary_name_has_no_more_keys_than_before():
    told = {
        "birth_date": "2018-05-01",
        "address": "桃園市中壢區範例路1段2號",
        "phone": "0900000001",
    }
    assert len(blocking_keys(forms("陳志安", **told))) == 13
    assert len(blocking_keys(forms("巴奈·諾命", **told))) <= 13


@pytest.mark.parametrize("level", ["look-alike", "one-missing", "name-part"])
def test_what_is_nearly_the_name_speaks_for_the_person_and_less_than_the_name(level):
    weights = MODEL.weights["name"]
    assert 0 < weights[level].weight < weights["same-common"].weight
