"""Telephone numbers as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.phones import MOST_PHONES, parse_phones


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("0912-345-678", (912345678,)),
        ("０９００－０００－００２", (900000002,)),
        ("+886 912 345 678", (912345678,)),
        ("886912345678", (912345678,)),
        ("912345678", (912345678,)),
        ("(02)2345-6789#12", (223456789,)),
        ("02-23456789 轉 123", (223456789,)),
        ("02-23456789/0912345678", (223456789, 912345678)),
        ("23456789", (23456789,)),
        ("+84 912 345 6789", (849123456789,)),
        ("0000000000", ()),
        ("119", ()),
        ("不詳", ()),
        (None, ()),
        ("1" * 10_000, ()),
    ],
)
def test_a_written_number_is_read(written, numbers):
    assert parse_phones(written) == numbers


@given(st.lists(st.text(max_size=130) | st.none() | st.integers(), max_size=5))
def test_no_text_makes_an_error_and_the_answer_is_bounded(texts):
    assert len(parse_phones(*texts)) <= MOST_PHONES
