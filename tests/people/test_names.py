"""Names as people write them, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.characters import NAME_TABLES, coarse_text, folded, shape
from anwang.people.rules.names import NO_NAME, latin_tokens, parse_name


@pytest.mark.parametrize(
    ("written", "surname", "given", "nickname"),
    [
        ("陳小安", "陳", "小安", "安"),
        ("李 美 玉", "李", "美玉", ""),
        ("小安", "", "", "安"),
        ("阿美", "", "", "美"),
        ("ㄚ明", "", "", "明"),
        ("明仔", "", "", "明"),
        ("安安", "", "", "安"),
        ("王志明(阿明)", "王", "志明", "明"),
        ("怡君", "", "怡君", ""),
        ("陳先生", "陳", "", ""),
        ("林君", "林", "君", "林"),
        ("陳美君", "陳", "美君", ""),
        ("黃妹", "黃", "妹", "黃"),
        ("李寶", "李", "寶", "李"),
        ("陳伯", "陳", "伯", "陳"),
        ("林仔", "林", "", "林"),
        ("王嫂", "王", "", "王"),
        ("安妹", "安", "妹", "安"),
        ("美妹", "", "", "美"),
        ("陳老", "陳", "", "陳"),
        ("陳老先生", "陳", "", ""),
        ("王老太太", "王", "", ""),
        ("王老師", "王", "", ""),
        ("李大哥", "李", "", ""),
        ("林阿婆", "林", "", ""),
        ("志安大哥", "", "志安", ""),
        ("張陳美玉", "陳", "美玉", ""),
        ("張簡美玉", "張簡", "美玉", ""),
        ("歐陽陳美玉", "陳", "美玉", ""),
        ("張歐陽美玉", "歐陽", "美玉", ""),
        ("張歐陽美", "歐陽", "美", ""),
        ("歐陽司馬美玉", "司馬", "美玉", ""),
        ("歐陽美", "歐陽", "美", ""),
        ("歐陽靖雯", "歐陽", "靖雯", ""),
        ("黄怡君", "黃", "怡君", ""),
        ("陈怡君", "陳", "怡君", ""),
        ("温峯", "溫", "峰", ""),
        ("陳○安", "陳", "*安", ""),
        ("林OO", "林", "**", ""),
        ("瓦歷斯·諾幹", "", "瓦歷斯諾幹", ""),
        ("巴奈．諾命", "", "巴奈諾命", ""),
        ("巴奈　諾命", "", "巴奈諾命", ""),
        ("巴奈-諾命 女士", "", "巴奈諾命", ""),
        ("瓦旦·比耀 Watan Piyaw", "", "瓦旦比耀", ""),
        ("陳·志安", "陳", "志安", ""),
        ("歐陽·靖雯", "歐陽", "靖雯", ""),
        ("張陳 美玉", "陳", "美玉", ""),
        ("阮氏 玉蘭", "阮", "氏玉蘭", ""),
        ("陳志安 先生", "陳", "志安", ""),
        ("都達佑" * 30, "", "都達佑" * 30, ""),
        ("林\ue001", "林", "\ue001", ""),
        ("林\U00020021\U000f0001", "林", "\U00020021\U000f0001", ""),
        ("𠮷田", "", "吉田", ""),
        ("不詳", "", "", ""),
        ("案母", "", "", ""),
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("曾單美", "增單美"),
        ("林欣怡", "林馨儀"),
        ("臺志明", "台誌名"),
        ("黃淑芬", "黄叔分"),
        ("任晟", "仁成"),
    ],
)
def test_names_said_alike_have_the_same_sounds(one, other):
    assert parse_name(one).sounds == parse_name(other).sounds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("程志安", "陳自安"),
        ("林靜宜", "林進宜"),
        ("林心儀", "林星儀"),
        ("王惠芬", "王惠婚"),
        ("洪淑惠", "馮淑惠"),
        ("胡美玉", "傅美玉"),
        ("林芳如", "林黃如"),
        ("林菲菲", "林慧輝"),
        ("林凡", "林歡"),
        ("林發", "林華"),
    ],
)
def test_names_that_many_say_alike_have_the_same_merged_sounds(one, other):
    mine, theirs = parse_name(one).sounds, parse_name(other).sounds
    assert mine != theirs
    assert coarse_text(mine) == coarse_text(theirs)


@pytest.mark.parametrize(("one", "other"), [("林芳", "林方正"), ("林福", "林合"), ("林發", "林海")])
def test_other_sounds_are_not_merged(one, other):
    assert coarse_text(parse_name(one).sounds) != coarse_text(parse_name(other).sounds)


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
