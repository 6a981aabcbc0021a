"""Addresses as written, taken apart and compared."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.addresses import NO_ADDRESS, parse_address
from tests.spelled_out import examples


@pytest.mark.parametrize(
    ("typed", "village", "road", "section", "lane", "alley", "number", "floor"),
    examples("addresses"),
)
def test_an_address_is_taken_apart(typed, village, road, section, lane, alley, number, floor):
    told = parse_address(typed)
    parts = (told.village, told.road, str(told.section or ""), told.lane, told.alley)
    assert (*parts, told.number, told.floor) == (
        village, road, section, lane, alley, number, floor,
    )  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), examples("doors"))
def test_doors_and_flats_are_told_apart(one, other, same):
    first, second = parse_address(one), parse_address(other)
    assert first.door_key and second.door_key
    if first.door_key != second.door_key:
        assert same == "two doors"
    else:
        assert same == ("one flat" if first.full_key == second.full_key else "one door")


def test_floors_tell_full_keys_apart_but_not_doors():
    third, fourth = (parse_address(f"桃園市中壢區範例路1段2號{n}樓") for n in (3, 4))
    assert third.full_key != fourth.full_key
    assert third.door_key == fourth.door_key
    assert parse_address("臺南市中西區府前路一段9號地下一樓").floor == "B1"


def test_a_door_without_county_or_district_still_has_its_loose_key():
    short, whole = parse_address("範例路一段2號"), parse_address("桃園市中壢區範例路1段2號3樓")
    assert (short.door_key, short.loose_key) == (0, whole.loose_key)


@pytest.mark.parametrize(
    "garbage", ["", None, 7, "不詳", "😀" * 100, "號" * 200, "0" * 300, "一" * 300, "里" * 10_000]
)
def test_garbage_gives_no_key_and_no_error(garbage):
    parsed = parse_address(garbage)
    assert (parsed.full_key, parsed.door_key, parsed.loose_key) == (0, 0, 0)


def test_nothing_is_no_address():
    assert parse_address("😀") == NO_ADDRESS


@given(
    st.text(max_size=320)
    | st.text(alphabet="0123456789一二十段巷弄號樓之路街里村鄰-", max_size=320)
)
def test_no_text_makes_an_error_or_takes_long(text):
    started = time.perf_counter()
    parse_address(text)
    assert time.perf_counter() - started < 0.5
