"""One typed line about somebody, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.addresses import parse_address
from anwang.people.rules.one_line import read_line

TAOYUAN, ZHONGLI = "68000", "68000020"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("陳小安 民國101 中壢", {"name": "陳小安", "birth": "民國101", "address": "中壢區"}),
        ("陳小安8歲", {"name": "陳小安", "birth": "8歲"}),
        ("陳小安民國101年5月3日", {"name": "陳小安", "birth": "民國101年5月3日"}),
        ("民國 101 年 5 月 3 日", {"birth": "民國101年5月3日"}),
        ("1010503，陳小安", {"name": "陳小安", "birth": "1010503"}),
        ("小安 約8歲 女", {"name": "小安", "birth": "約8歲", "sex": "F"}),
        ("陳先生", {"name": "陳先生"}),
        ("陳(小安)", {"name": "陳(小安)"}),
        ("0912 345 678 陳小安", {"name": "陳小安", "phone": "0912 345 678"}),
        ("０３－４２５１２３４", {"phone": "03-4251234"}),
        ("3456789", {"phone": "3456789"}),
        ("a123456789", {"national_id": "a123456789"}),
        ("Chen, Xiao-An 1990", {"name_romanised": "Chen Xiao-An", "birth": "1990"}),
        ("林森路", {"address": "林森路"}),
        ("中壢區 中正路12號3樓", {"address": "中壢區中正路12號3樓"}),
        ("台北 大安 王大同", {"name": "王大同", "address": "台北大安區"}),
        ("新竹 尖石 王小美", {"name": "王小美", "address": "尖石區"}),
        ("桃園 陳小安", {"name": "陳小安", "address": "桃園"}),
        ("高雄安", {"name": "高雄安"}),
        ("平安", {"name": "平安"}),
        ("", {}),
        ("? 。 -", {}),
    ],
)
def test_each_piece_is_told_by_its_shape(line, told):
    assert read_line(line, TAOYUAN) == told


def test_a_short_place_is_the_askers_own_before_anothers():
    assert parse_address(read_line("中壢", TAOYUAN)["address"]).district == ZHONGLI
    assert parse_address(read_line("大安 陳小安", "63000")["address"]).county == "63000"
    assert "address" not in read_line("大安 陳小安", TAOYUAN)


@given(st.text(max_size=120))
def test_nothing_typed_is_an_error(line):
    assert all(isinstance(value, str) and value for value in read_line(line, TAOYUAN).values())
