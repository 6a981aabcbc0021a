"""Identity numbers: checksums, folding, masks and slips."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.common.values.national_id import (
    MOST_NEIGHBOURS,
    parse_id,
    sex_of,
    valid_neighbours,
)
from anwang.people.rules.columns import NEAR_NUMBERS
from anwang.triage.rules import told

TYPED = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789王é@"


def number(letter: str, eight: str) -> str:
    """A valid number with this letter and the eight figures behind it."""
    return next(n for d in range(10) if parse_id(n := f"{letter}{eight}{d}").valid)


NUMBERS = st.builds(
    number,
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.from_regex(r"[1289][0-9]{7}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("typed", "kind", "normal", "valid", "masked"),
    [
        ("A123456789", "national", "A123456789", True, False),
        ("ａ１２３４５６７８９", "national", "A123456789", True, False),
        (" a123-456-789 ", "national", "A123456789", True, False),
        ("A123456788", "national", "A123456788", False, False),
        ("A800000014", "arc-new", "A800000014", True, False),
        ("AB00000001", "arc-old", "AB00000001", True, False),
        ("A1234***89", "national", "A1234***89", False, True),
        ("A12345XXXX", "national", "A12345****", False, True),
        ("A1○○○○○789", "national", "A1*****789", False, True),
        ("A12345678", None, "", False, False),
        ("A323456789", None, "", False, False),
        ("不詳", None, "", False, False),
        ("", None, "", False, False),
        (None, None, "", False, False),
        (123456789, None, "", False, False),
        ("A" * 10_000, None, "", False, False),
    ],
)
def test_a_typed_number_is_recognised(typed, kind, normal, valid, masked):
    parsed = parse_id(typed)
    assert (parsed.kind, parsed.normal, parsed.valid, parsed.masked) == (
        kind,
        normal,
        valid,
        masked,
    )


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("A523456789", "A123456789"),
        ("A12345678O", "A123456789"),
        ("A8OOOOOO14", ""),
        ("A8O0000014", "A800000014"),
        ("Al23456789", "A123456789"),
        ("ａＩ２３４５６７８９", "A123456789"),
        ("1A23456789", "A123456789"),
        ("4123456789", "A123456789"),
        ("A12345王789", "A123456789"),
        ("A1234*6789", "A123456789"),
        ("A1○34567○9", "A123456789"),
        ("A12345***9", ""),
        ("0912345678", ""),
        ("0223456789", ""),
        ("身分證字號不詳待補件", ""),
        ("A12345678", ""),
    ],
)
def test_what_was_meant_is_near_where_one_slip_or_mask_explains_it(typed, meant):
    assert (meant in valid_neighbours(typed)) if meant else valid_neighbours(typed) == []


@given(st.text(max_size=80) | st.none() | st.integers() | st.binary())
def test_nothing_typed_makes_an_error(typed):
    parse_id(typed)
    valid_neighbours(typed)
