"""Addresses as written, taken apart and compared."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.addresses import NO_ADDRESS, parse_address

SAME_DOOR = [
    ("桃園市中壢區範例路1段2號3樓", "中壢範例路一段2號"),
    ("桃園市中壢區範例路1段2號3樓", "320桃園縣中壢市範例里5鄰範例路1段２號4F"),
    ("臺北市中山區中山北路二段12巷3弄4號之1", "台北市中山區中山北路2段12巷3弄4-1號5樓之2"),
    ("高雄市三民區十全一路100號B1", "高雄市三民區十全1路100號"),
    ("臺中市西區民權路十二之三號", "台中市西區民權路12號之3"),
    ("連江縣南竿鄉介壽村15號", "連江縣南竿鄉介壽村002鄰15號"),
    ("嘉義縣民雄鄉中山路5號", "嘉義民雄中山路5號"),
    ("屏東縣來義鄉古樓村中正路1號", "來義鄉中正路1號"),
    ("臺中市西區民權路12之號", "臺中市西區民權路12號"),
    ("臺中市西區民權路十二之號5樓", "臺中市西區民權路12號之"),
    ("臺中市西區民權路12號-3樓", "臺中市西區民權路12號3樓"),
    ("臺中市西區民權路12之3號5樓", "臺中市西區民權路12號之3 5樓"),
    ("臺中市西區民權路12之3號5樓", "臺中市西區民權路十二號之三、五樓"),
    ("臺中市西區民權路12之3號5樓", "臺中市西區民權路12號之3五樓"),
]


@pytest.mark.parametrize(("one", "other"), SAME_DOOR)
def test_two_ways_to_write_a_door_have_one_key(one, other):
    assert parse_address(one).door_key == parse_address(other).door_key != 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("新竹市東區中山路5號", "新竹縣竹北市中山路5號"),
        ("嘉義市東區中山路5號", "嘉義縣民雄鄉中山路5號"),
        ("臺中市西區民權路12號", "臺中市西區民權路12之3號"),
        ("臺北市中山區中山北路1段2號", "臺北市中山區中山北路2段2號"),
        ("臺北市中山區中山北路1段2巷2號", "臺北市中山區中山北路1段2號"),
        ("臺北市中山區中山北路1段平和巷2號", "臺北市中山區中山北路1段2號"),
    ],
)
def test_different_doors_have_different_keys(one, other):
    assert parse_address(one).door_key != parse_address(other).door_key


def test_floors_tell_full_keys_apart_but_not_doors():
    third, fourth = (parse_address(f"桃園市中壢區範例路1段2號{n}樓") for n in (3, 4))
    assert third.full_key != fourth.full_key
    assert third.door_key == fourth.door_key
    assert parse_address("臺南市中西區府前路一段9號地下一樓").floor == "B1"


@pytest.mark.parametrize(
    "written",
    ["4樓之2", "4樓-2", "4F-2", "4f－2", "4之2樓", "4-2F", "四樓之二", "４Ｆ之２", "4樓之2室"],
)
def test_a_unit_of_a_floor_is_kept_however_it_is_written(written):
    unit = parse_address(f"臺中市西區民權路12號{written}")
    whole = parse_address("臺中市西區民權路12號4樓之2")
    assert (unit.floor, unit.full_key) == ("4之2", whole.full_key)
    assert whole.full_key != parse_address("臺中市西區民權路12號4樓").full_key


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
