"""Telephone numbers as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.common.values.phones import MOST_PHONES, parse_phones
from tests.spelled_out import examples


@pytest.mark.parametrize(("written", "becomes"), examples("phones"))
def test_a_written_number_is_read(written, becomes):
    assert ", ".join(map(str, parse_phones(written))) == becomes


@pytest.mark.parametrize("written", [None, "", "1" * 10_000])
def test_nothing_is_no_number(written):
    assert parse_phones(written) == ()


@given(st.lists(st.text(max_size=130) | st.none() | st.integers(), max_size=5))
def test_no_text_makes_an_error_and_the_answer_is_bounded(texts):
    assert len(parse_phones(*texts)) <= MOST_PHONES
