"""Identity numbers: checksums, folding, masks and slips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.common.values.national_id import parse_id, sex_of, valid_neighbours


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


@given(NUMBERS, st.integers(0, 8))
def test_a_swap_of_neighbours_is_found_again_among_the_neighbours(right, place):
    wrong = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if parse_id(wrong).normal and wrong != right:
        assert right in valid_neighbours(wrong)


@given(NUMBERS, st.integers(2, 9), st.sampled_from("0123456789"))
def test_one_wrong_figure_is_found_again_among_the_neighbours(right, place, figure):
    wrong = right[:place] + figure + right[place + 1 :]
    near = valid_neighbours(wrong)
    assert wrong == right or right in near
    assert len(near) <= 60
    assert all(parse_id(one).valid for one in near)


@given(st.text(max_size=80) | st.none() | st.integers() | st.binary())
def test_nothing_typed_makes_an_error(typed):
    parse_id(typed)
    valid_neighbours(typed)
