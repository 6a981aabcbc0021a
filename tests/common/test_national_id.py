"""Identity numbers: checksums, folding, masks and slips."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.common.values.national_id import (
    MOST_NEIGHBOURS,
    NO_ID,
    parse_id,
    sex_of,
    valid_neighbours,
)
from anwang.people.rules.columns import NEAR_NUMBERS
from anwang.triage.rules import told
from tests.spelled_out import examples

TYPED = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789王é@"


def number(letter: str, eight: str) -> str:
    """A valid number with this letter and the eight figures behind it."""
    return next(n for d in range(10) if parse_id(n := f"{letter}{eight}{d}").valid)


NUMBERS = st.builds(
    number,
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.from_regex(r"[1289][0-9]{7}", fullmatch=True),
)


STATES = {"valid": (True, False), "checksum wrong": (False, False), "masked": (False, True)}


@pytest.mark.parametrize(("typed", "form", "normal", "state"), examples("numbers"))
def test_a_typed_number_is_recognised(typed, form, normal, state):
    parsed = parse_id(typed)
    if state == "no number":
        assert parsed == NO_ID
    else:
        assert (parsed.kind, parsed.normal, parsed.valid, parsed.masked) == (
            form, normal, *STATES[state],
        )  # fmt: skip


@pytest.mark.parametrize("typed", ["", None, 123456789, "A" * 10_000])
def test_nothing_is_no_number(typed):
    assert parse_id(typed) == NO_ID
    assert valid_neighbours(typed) == []


def test_the_second_place_tells_the_registered_sex():
    assert [sex_of(n) for n in ("A123456789", "A223456781", "A800000014", "AD00000001", "")] == [
        "M", "F", "M", "F", None,
    ]  # fmt: skip


def slips(right):
    """Every text that differs from `right` by one sign, or by two neighbours swapped."""
    wrong = {right[:place] + sign + right[place + 1 :] for place in range(10) for sign in TYPED} | {
        right[:place] + right[place + 1] + right[place] + right[place + 2 :] for place in range(9)
    }
    return {one for one in wrong - {right} if not re.fullmatch("0[29][0-9]{8}", one)}


@settings(max_examples=15)
@given(NUMBERS)
def test_a_number_is_found_again_from_every_slip_of_one_sign_or_swap(right):
    for wrong in slips(right):
        near = valid_neighbours(wrong)
        assert right in near, wrong
        assert wrong not in near and len(near) <= MOST_NEIGHBOURS


@given(NUMBERS, st.data())
def test_neighbours_are_all_valid_numbers_one_slip_away_and_no_others(right, data):
    wrong = data.draw(st.sampled_from(sorted(slips(right))))
    if not parse_id(wrong).masked:
        assert valid_neighbours(wrong) == sorted(one for one in slips(wrong) if parse_id(one).valid)


@given(NUMBERS, st.sets(st.integers(0, 9), min_size=1, max_size=2), st.sampled_from("*○?"))
def test_a_number_with_one_or_two_hidden_signs_is_among_those_it_may_be(right, places, mask):
    shown = "".join(mask if place in places else sign for place, sign in enumerate(right))
    near = valid_neighbours(shown)
    assert right in near
    assert len(near) <= MOST_NEIGHBOURS <= min(NEAR_NUMBERS, told.MOST_NEIGHBOURS)
    for one in near:
        assert parse_id(one).valid
        assert all(sign in (mask, other) for sign, other in zip(shown, one, strict=True))


@pytest.mark.parametrize(("typed", "meant", "slip"), examples("slips"))
def test_what_was_meant_is_near_where_one_slip_or_mask_explains_it(typed, meant, slip):
    assert (meant in valid_neighbours(typed)) if meant else valid_neighbours(typed) == [], slip


@given(st.text(max_size=80) | st.none() | st.integers() | st.binary())
def test_nothing_typed_makes_an_error(typed):
    parse_id(typed)
    valid_neighbours(typed)
