"""Names as people write them, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.characters import NAME_TABLES, coarse_text, folded, shape
from anwang.people.rules.names import NO_NAME, latin_tokens, parse_name
from tests.spelled_out import examples


@pytest.mark.parametrize(
    ("written", "surname", "given", "nickname"),
    [
        *examples("names"),
        ("都達佑" * 30, "", "都達佑" * 30, ""),
        ("林\ue001", "林", "\ue001", ""),
        ("林\U00020021\U000f0001", "林", "\U00020021\U000f0001", ""),
        ("😀😀", "", "", ""),
        ("สมชาย", "", "", ""),
        ("", "", "", ""),
        (None, "", "", ""),
        ("陳" * 10_000, "", "", ""),
    ],
)
def test_a_written_name_is_taken_apart(written, surname, given, nickname):
    name = parse_name(written)
    assert (name.surname, name.given, name.nickname) == (surname, given, nickname)


@pytest.mark.parametrize(("one", "other", "same"), examples("said-alike"))
def test_names_sound_alike_to_all_to_many_or_to_nobody(one, other, same):
    mine, theirs = parse_name(one).sounds, parse_name(other).sounds
    merged = coarse_text(mine) == coarse_text(theirs)
    assert same == ("the same" if mine == theirs else "the same to many" if merged else "others")


@pytest.mark.parametrize(("typed", "tokens"), examples("romanised"))
def test_a_name_in_latin_letters_is_compared_by_its_tokens(typed, tokens):
    assert parse_name(typed).latin == tuple(tokens.split())


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        *("台臺", "温溫", "黄黃", "峯峰", "杰傑", "浚濬", "煇輝", "瑯琅", "勛勳", "冲沖"),
        *("𠮷吉", "髙高", "龎龐", "㐀丘", "栁柳", "悳德", "槑梅", "喆哲", "仝同", "陈陳"),
    ],
)
def test_a_variant_is_compared_as_the_usual_character(written, usual):
    assert folded(written) == folded(usual)


@pytest.mark.parametrize("pair", ["玫玟", "范範", "余餘", "游遊", "鍾鐘", "于於", "沈沉", "何荷"])
def test_characters_of_their_own_stay_apart(pair):
    assert folded(pair[0]) != folded(pair[1])


@pytest.mark.parametrize(("one", "other"), ["玫玟", "泰秦", "季李", "己巳", "瑞端", "治冶"])
def test_look_alikes_have_one_shape(one, other):
    assert folded(one) != folded(other)
    assert shape(one) == shape(other)


def test_every_character_is_folded_once_and_stands_in_one_group_of_look_alikes():
    groups = "".join(NAME_TABLES["look_alikes"].split())
    assert len(set(groups)) == len(groups)
    assert {folded(sign) for sign in groups} == set(groups)
    for sign in map(chr, [*range(0x3400, 0xA000), *range(0x20000, 0x31350)]):
        assert folded(folded(sign)) == folded(sign), sign


def test_a_surname_is_read_as_a_surname():
    assert parse_name("單曾解").sounds == ("shan", "ceng", "jie")
    assert parse_name("曾單美").sounds[0] == "zeng"


def test_latin_names_of_any_length_are_folded_to_tokens():
    assert latin_tokens("Nguyễn Thị Lan") == ("lan", "nguyen", "thi")
    assert parse_name("陳小安 Chen Hsiao-An").latin == ("chen", "hsiaoan")
    assert parse_name("Lʼnan’g Do'ok").latin == ("dook", "lnang")
    assert parse_name("", "Walis Nokan").latin == ("nokan", "walis")
    tokens = [f"{sign}a" for sign in "abcdefghijklmnop"]
    assert (
        latin_tokens(" ".join(tokens)) == latin_tokens(" ".join(reversed(tokens))) == tuple(tokens)
    )


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("巴奈·諾命", ("ba nai", "nuo ming")),
        ("巴奈諾命", ("ba nai", "ba nai nuo")),
        ("瓦歷斯·尤命·諾幹", ("wa li si", "you ming", "nuo gan")),
        ("陳志安", ("chen zhi an",)),
        ("陳○安", ()),
        ("小安", ()),
    ],
)
def test_a_traditional_name_is_told_by_its_parts(written, parts):
    assert parse_name(written).parts == parts


@given(st.text(max_size=300) | st.none() | st.integers(), st.text(max_size=60) | st.none())
def test_no_text_makes_an_error(text, romanised):
    parse_name(text, romanised)


@given(st.text(alphabet="😀🎉สมชايпр﷽\x00\u200b0123", max_size=50))
def test_other_scripts_give_an_empty_name(text):
    assert parse_name(text) == NO_NAME
