"""Normal forms: what goes in, what is kept, and that nothing typed can break them."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.columns import pack, row_of, unpack
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.keys import MOST_RECORD_KEYS, blocking_keys, query_keys
from anwang.people.rules.scoring import load_model, score
from tests.people.invented_persons import token

MODEL = load_model()
COLUMNS = [
    "national_id", "name", "name_romanised", "sex", "birth_date", "birth", "birth_year",
    "birth_month",
    "birth_day", "phone", "phone_2", "address", "previous_address",
]  # fmt: skip
TYPED = (
    st.none()
    | st.text(max_size=40)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(
        [
            *("陳小安", "小安", "林OO", "張陳美玉", "Walis Nokan", "A123456789", "A123456779", "F"),
            *(
                "約40歲",
                "民國74年3月2日",
                "1985-03-02",
                "０９００－０００－００２",
                "桃園市中壢區範例路1段2號3樓",
            ),
            *("陳" * 10_000, "😀" * 200, "สมชาย", "\x00", "號1"),
        ]
    )
)
RAWS = st.dictionaries(st.sampled_from(COLUMNS), TYPED)


@given(RAWS)
def test_nothing_typed_makes_an_error_and_keys_are_bounded(raw):
    forms = forms_of(raw, token=token, query=True)
    keys = blocking_keys(forms)
    assert len(keys) <= MOST_RECORD_KEYS
    assert len(query_keys(forms)) <= MOST_RECORD_KEYS + 80
    assert all(-(2**63) <= key < 2**63 for key in query_keys(forms))
    assert set(keys) <= set(query_keys(forms))


@given(RAWS)
def test_packed_forms_survive_json(raw):
    forms = forms_of(raw, token=token, query=True)
    packed = json.dumps(forms.pack())
    unpacked = Forms.unpack(json.loads(packed))
    assert unpacked == forms
    assert blocking_keys(unpacked) == blocking_keys(forms)


@given(RAWS, RAWS)
def test_a_score_is_the_same_after_packing_and_is_a_probability(one, other):
    query, candidate = (forms_of(raw, token=token, query=True) for raw in (one, other))
    scored = score(row_of(query), row_of(candidate), MODEL)
    assert 0 <= scored.probability <= 1
    again = [row_of(Forms.unpack(one.pack())) for one in (query, candidate)]
    assert scored == score(*again, MODEL)
    assert score(row_of(query), unpack(pack(candidate)), MODEL) == score(
        row_of(query), row_of(replace(candidate, id_near=())), MODEL
    )


def test_empty_columns_give_empty_forms():
    assert forms_of({}, token=token) == Forms()
    garbage = {"name": "😀" * 10_000, "address": "x" * 10_000, "phone": "?", "national_id": None}
    assert forms_of(garbage, token=token) == Forms()
    assert blocking_keys(Forms()) == []


def test_what_no_database_stores_is_left_out():
    half = "陳\ud800小\x00安"
    forms = forms_of(dict.fromkeys(COLUMNS, half), token=token, query=True)
    assert forms.name == "陳小安"
    assert forms.given == "小安"
    json.dumps(forms.pack(), ensure_ascii=False).encode()
    assert query_keys(forms_of({"address": "中壢\ud800路1號"}, token=token))


def test_no_plain_number_stays_in_the_forms():
    forms = forms_of({"national_id": "ａ１２３４５６７８９"}, token=token, query=True)
    assert "123456789" not in repr(forms.pack())
    assert forms.id_token == token("A123456789")
    assert forms.sex == "M"


def test_an_invalid_or_masked_number_has_no_token_but_a_slip_has_neighbours():
    assert forms_of({"national_id": "A1234***89"}, token=token).id_token is None
    for typed in ("A123456779", "A12345678O", "1A23456789", "A1234*6789", "a523456789"):
        slip = forms_of({"national_id": typed}, token=token, query=True)
        assert slip.id_token is None
        assert token("A123456789") in slip.id_near


def test_an_age_counts_from_the_day_it_was_told():
    forms = forms_of({"birth": "約40歲"}, token=token, told_on=date(2020, 1, 1))
    assert (forms.approx_age, forms.about_year) == (40, 1980)


def test_birth_parts_are_read_like_a_date():
    forms = forms_of({"birth_year": "74", "birth_month": 3}, token=token)
    assert (forms.year, forms.month, forms.day) == (1985, 3, None)
    floats = {"birth_year": "1985.0", "birth_month": "3.0", "birth_day": "2.0"}
    forms = forms_of(floats, token=token)
    assert (forms.year, forms.month, forms.day) == (1985, 3, 2)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ({"name": "Kacaw Mayaw Fangas Cilangasan Lalumaan O Sapad"}, None),
        ({"name": "瓦旦·比耀 Watan Piyaw"}, None),
        ({"name": "Nguyễn Thị Lan", "name_romanised": "NGUYEN THI LAN"}, None),
        ({"name": "不詳", "name_romanised": "NGUYEN THI LAN"}, "NGUYEN THI LAN"),
        ({"name_romanised": "Walis Nokan"}, "Walis Nokan"),
        ({"name": "unknown"}, ""),
    ],
)
def test_a_name_is_shown_as_written_in_whatever_letters(raw, shown):
    """Since 2024 an indigenous name may stand in Latin letters alone; a nameless child is overlooked."""
    assert forms_of(raw, token=token).name == (raw["name"] if shown is None else shown)
