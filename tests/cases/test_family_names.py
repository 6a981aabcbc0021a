"""A family file's name: a surname, or the first part of a name that has none."""

import pytest

from anwang.cases.rules.family_names import family_name


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("陳小安", "陳家"),
        (" 陳 ", "陳家"),
        ("Talod Sawmah Fangas Pacidal 撒韵·武荖·巴奇達爾", "Talod 家"),
        ("Mayaw", "Mayaw 家"),
        ("Éleng Tjaljimaraw", "Éleng 家"),
        ("撒韵·武荖·巴奇達爾", "撒韵家"),
        ("夏曼‧藍波安", "夏曼家"),
        ("𠮷田", "𠮷家"),
        ("不詳", "不詳"),
        ("·", "不詳"),
    ],
)
def test_a_family_is_called_by_a_surname_or_by_the_first_part(name, called):
    assert family_name(name) == called
