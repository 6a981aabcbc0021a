"""The genogram stands for any family, draws what the picture says, and needs no inline style."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.households.genogram import genogram_svg
from anwang.households.genogram_layout import SYMBOL, lay_out
from anwang.households.genogram_outline import outline_path

HAN = re.compile("[\u4e00-\u9fff]")


def member(pid, sex="F", age=30, **more):
    return {
        "person_id": pid,
        "name": f"王小{pid}",
        "sex": sex,
        "age": age,
        "dead": False,
        "pregnant": False,
        "matched": True,
        "role": None,
        "relation": None,
    } | more


def tie(kind, one, other, **more):
    return {
        "kind": kind,
        "from": one,
        "to": other,
        "since": None,
        "until": None,
        "inferred": False,
        "dates": [],
    } | more


def drawn(members, edges=(), living=(), focus=(), lang="zh"):
    picture = {
        "members": members,
        "edges": list(edges),
        "living_together": list(living),
        "focus": list(focus),
    }
    return genogram_svg(picture, lang=lang)


FAMILY = [member("c", "M", 7), member("f", "M", 42), member("m", "F", 39), member("s", "F", 2)]
TIES = [tie("spouse", "f", "m"), *(tie("parent", up, down) for up in "fm" for down in "cs")]


def test_one_person_alone_is_a_genogram():
    assert "王小a" in drawn([member("a")])
    assert drawn([])


def test_each_sign_of_the_notation_is_drawn():
    svg = drawn(
        [
            member("a", "M"),
            member("b", "F"),
            member("c", ""),
            member("d", "M", dead=True),
            member("e", "F", pregnant=True),
            member("g", "", matched=False),
        ],
        focus=["a"],
    )
    root = ElementTree.fromstring(svg)
    tags = [one.tag.rsplit("}")[-1] for one in root.iter()]
    assert tags.count("rect") == 3  # two men, and the double line of the focus
    assert tags.count("circle") == 2
    assert "懷孕中" in svg and "歿" in svg and "尚未辨識" in svg


def test_violence_says_who_whom_and_when_and_not_by_colour_alone():
    svg = drawn(FAMILY, [*TIES, tie("violence", "f", "c", dates=["2025-11-03", "2026-03-02"])])
    assert "暴力" in svg and "王小f → 王小c" in svg
    assert "114.11.03、115.03.02" in svg


def test_a_line_below_the_drawing_is_not_cut_at_its_edge():
    long = [member("a", name="Mayaw Kacaw Dongi"), member("b", name="撒韵·武荖·巴奇達爾·卡造")]
    days = ["2025-11-03", "2026-01-02", "2026-02-02", "2026-03-02"]
    width = [
        int(re.search(r'width="(\d+)"', drawn(long, [tie("violence", "a", "b", dates=some)]))[1])
        for some in (days[:1], days)
    ]
    assert 300 < width[0] < width[1]


def test_those_who_live_together_have_an_outline_and_one_alone_has_none():
    assert "同住<" in drawn(FAMILY, TIES, living=["c", "f", "m"])
    assert "同住<" not in drawn(FAMILY, TIES, living=["c"])


def test_no_inline_style_no_script_and_names_are_escaped():
    svg = drawn([member("a", name='<script>"&')], focus=["a"])
    assert "style=" not in svg and "<script" not in svg and "<style" not in svg
    ElementTree.fromstring(svg)


def test_in_english_han_stands_only_in_elements_of_data():
    svg = drawn(
        [*FAMILY, member("u", "", matched=False, role="carer"), member("p", pregnant=True)],
        [
            *TIES,
            tie("violence", "f", "c", dates=["2026-03-02"]),
            tie("parent", "p", "u", inferred=True),
        ],
        living=["c", "f"],
        lang="en",
    )
    for one in ElementTree.fromstring(svg).iter():
        if one.text and HAN.search(one.text):
            assert one.get("lang") == "zh-Hant-TW", one.text


def test_the_drawing_has_a_title_and_a_description_for_those_who_cannot_see_it():
    root = ElementTree.fromstring(drawn(FAMILY, TIES, living=["c", "f"]))
    named = {*root.get("aria-labelledby").split(), *root.get("aria-describedby").split()}
    assert named <= {one.get("id") for one in root.iter()}
    assert root.get("role") == "img"


def test_a_member_of_the_household_is_named_by_the_relation_alone_where_one_is_known():
    told = member("f", "M", relation="parent", role="household-member")
    assert "household member" not in drawn([told], lang="en")
    assert "household member" in drawn([told | {"relation": None}], lang="en")
    assert "respondent" in drawn([told | {"role": "respondent"}], lang="en")


def test_the_words_below_two_partners_do_not_run_into_each_other():
    pair = [member("f", "M", role="respondent", relation="grandparent", dead=True),
            member("m", "F", role="household-member", matched=False)]  # fmt: skip
    for lang in ("zh", "en"):
        lines = [
            (float(one.get("x")), float(one.get("y")), one.text)
            for one in ElementTree.fromstring(
                drawn(pair, [tie("spouse", "f", "m")], lang=lang)
            ).iter()
            if one.get("font-size") == "11"
        ]
        assert lines
        for (x1, y1, one), (x2, y2, other) in combinations(lines, 2):
            wide = sum(11 if HAN.match(sign) else 6 for sign in one + other) / 2
            assert y1 != y2 or abs(x1 - x2) > wide, (one, other)


LONG = "Kacaw Mayaw Fangas Cilangasan Lalumaan O Sapad"


def texts(svg):
    """(x, y, size, words) of all that is written."""
    return [
        (float(one.get("x")), float(one.get("y")), float(one.get("font-size")), one.text)
        for one in ElementTree.fromstring(svg).iter()
        if one.tag.endswith("text")
    ]


def wide(words, size):
    return sum(size if HAN.match(sign) else size * 0.58 for sign in words)


def test_a_long_indigenous_name_stands_whole_and_beside_no_other():
    family = [member("f", "M", name=LONG), member("m", name="撒韵·武荖·巴奇達爾·卡造·鄭拜娃勇")]
    svg = drawn(family, [tie("spouse", "f", "m")])
    lines = texts(svg)
    said = [words for _, _, size, words in lines if size == 13]
    assert " ".join(said[: LONG.count(" ") + 1]).startswith("Kacaw Mayaw Fangas Cilangasan")
    assert "…" not in "".join(said) and said[-1].endswith("鄭拜娃勇")
    for (x1, y1, size, one), (x2, y2, _, other) in combinations(lines, 2):
        room = (wide(one, size) + wide(other, size)) / 2
        assert abs(y1 - y2) > 9 or abs(x1 - x2) >= room, (one, other)


def test_rows_make_room_for_the_longest_name_above_them():
    def drop(name):
        family = [member("f", "M", 42, name=name), *FAMILY[2:3], FAMILY[0]]
        ties = [tie("spouse", "f", "m"), tie("parent", "f", "c"), tie("parent", "m", "c")]
        found = texts(drawn(family, ties))
        child = next(y for _, y, _, words in found if words == "王小c")
        lowest = max(y for _, y, size, words in found if size == 13 and words != "王小c")
        return child - lowest

    assert drop("王小f") > 60 and drop(LONG) > 60


def test_age_stands_in_the_symbol_and_years_of_birth_and_death_below():
    died = member("g", "M", 74, dead=True, born_on="1945-03-03")
    facts = [{"person_id": "g", "kind": "death", "valid_from": "2019-08-08", "current": True}]
    picture = {"members": [died, member("c", age=8, born_on="2018-05-01")], "edges": [],
               "living_together": [], "focus": [], "facts": facts}  # fmt: skip
    zh, en = genogram_svg(picture), genogram_svg(picture, lang="en")
    written = {words for *_, words in texts(zh)}
    assert "8" in written and "74" not in written  # a cross stands in the symbol of the dead
    assert "34–108 歿" in zh and "107年生" in zh
    assert "1945–2019 dead" in en and "b. 2018" in en
    assert "民前5年生" in drawn([member("o", born_on="1907-01-01")])


def test_a_marriage_tells_its_years_and_its_end():
    pair = [member("f", "M"), member("m")]
    married = tie("spouse", "f", "m", since="2016-06-06")
    assert "105結" in drawn(pair, [married]) and "離" not in drawn(pair, [married])
    parted = drawn(pair, [married | {"until": "2022-03-01"}])
    assert "105結 111離" in parted and "l8 -18" in parted
    assert "m 2016 d 2022" in drawn(pair, [married | {"until": "2022-03-01"}], lang="en")


def test_parents_whom_no_register_calls_married_are_drawn_so_and_the_foot_says_it():
    ties = [one for one in TIES if one["kind"] == "parent"]
    assert "登記中未見婚姻" in drawn(FAMILY, ties)
    assert "登記中未見婚姻" not in drawn(FAMILY, TIES)


def test_the_lines_of_a_couples_parents_do_not_cross():
    """The mother stands left of the father here, between her two partners."""
    people = [member("c", "M", 8), member("h", "F", 2), member("gm", "F", 68), member("gf", "M", 70),
              member("mf", "M", 66), member("mm", "F", 64), member("f", "M", 40), member("m", "F", 37),
              member("p", "M", 41)]  # fmt: skip
    ties = [tie("spouse", *pair.split()) for pair in ("gf gm", "mf mm", "f m", "m p")]
    ties += [tie("parent", *pair.split()) for pair in (
        "gf f", "gm f", "mf m", "mm m", "f c", "m c", "m h", "p h")]  # fmt: skip
    at = lay_out(people, ties).at
    assert (at["mf"][0] < at["gf"][0]) == (at["m"][0] < at["f"][0])


def test_a_drawing_too_wide_to_be_made_smaller_says_so():
    many = [member(f"k{at}", age=20 - at) for at in range(12)]
    ties = [tie("parent", "p", one["person_id"]) for one in many]
    assert 'class="genogram wide"' in drawn([member("p", "M", 50), *many], ties)
    assert 'class="genogram"' in drawn(FAMILY, TIES)


def test_children_stand_a_row_below_their_parents_and_partners_side_by_side():
    at = lay_out(FAMILY, TIES).at
    assert at["f"][1] == at["m"][1] < at["c"][1] == at["s"][1]
    assert at["f"][0] < at["m"][0]
    middle = (at["f"][0] + at["m"][0]) / 2
    assert middle == pytest.approx((at["c"][0] + at["s"][0]) / 2, abs=1)


PEOPLE = [f"p{number}" for number in range(12)]
EDGES = st.lists(
    st.builds(
        tie,
        st.sampled_from(["parent", "spouse", "violence"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
    ).filter(lambda edge: edge["from"] != edge["to"]),
    max_size=16,
)


@given(EDGES, st.sets(st.sampled_from(PEOPLE)))
def test_even_impossible_families_are_drawn_and_nobody_stands_upon_another(edges, living):
    members = [member(pid, "FM"[at % 2], 5 + 7 * at) for at, pid in enumerate(PEOPLE)]
    ElementTree.fromstring(drawn(members, edges, sorted(living)))
    at = lay_out(members, edges).at
    assert set(at) == set(PEOPLE)
    for (x1, y1), (x2, y2) in combinations(at.values(), 2):
        assert abs(x1 - x2) > SYMBOL or abs(y1 - y2) > SYMBOL


def test_forty_at_one_door_are_drawn_in_rows():
    layout = lay_out([member(f"p{number}") for number in range(40)], [])
    assert max(len(row) for row in layout.rows) <= 8
    assert layout.width < 1000


def test_the_outline_of_two_boxes_apart_is_two_runs_and_of_touching_ones_is_one():
    assert outline_path([(0, 0, 10, 10), (20, 0, 30, 10)]).count("Z") == 2
    assert outline_path([(0, 0, 10, 10), (10, 0, 30, 10)]).count("Z") == 1
