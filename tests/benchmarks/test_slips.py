"""Slips of questions: what is heard, left out or hidden is one thing at a time."""

from __future__ import annotations

from random import Random

import pytest

from anwang.common.values.national_id import parse_id
from anwang.people.rules.characters import sound
from benchmarks.population.slips import (
    has_near_sound,
    masked,
    near_sound,
    nearly_sounding,
    one_missing,
    with_married_prefix,
    wrong_letter,
)

NUMBER = "A123456789"


@pytest.mark.parametrize(
    ("syllable", "others"),
    [
        ("zhi", ["zi"]),
        ("cen", ["chen", "ceng"]),
        ("sheng", ["seng", "shen"]),
        ("xin", ["xing"]),
        ("fang", ["huang"]),
        ("hui", ["fei"]),
        ("mei", []),
    ],
)
def test_syllables_that_are_taken_for_one(syllable, others):
    assert nearly_sounding(syllable) == others


def test_one_character_of_the_given_name_sounds_nearly_alike():
    heard = {near_sound("陳志芳", Random(seed)) for seed in range(40)}
    assert all(name[0] == "陳" and len(name) == 3 for name in heard)
    changed = [
        (sound(was), sound(is_)) for name in heard for was, is_ in zip("陳志芳", name, strict=True)
        if was != is_
    ]  # fmt: skip
    assert len(changed) == len(heard)
    assert {was for was, _ in changed} == {"zhi", "fang"}
    assert all(is_ in nearly_sounding(was) for was, is_ in changed)
    assert has_near_sound("陳志芳") and not has_near_sound("陳美玉")
    assert near_sound("陳美玉", Random(1)) == "陳美玉"


def test_a_name_loses_one_character_or_gains_a_surname():
    assert {one_missing("陳志安", Random(seed)) for seed in range(20)} == {"志安", "陳安", "陳志"}
    assert one_missing("陳安", Random(1)) == "陳安"
    assert all(
        name.endswith("陳志安") and len(name) == 4 and name[0] != "陳"
        for name in (with_married_prefix("陳志安", Random(seed)) for seed in range(20))
    )


def test_a_number_has_one_or_two_signs_hidden_or_another_letter():
    hidden = [parse_id(masked(NUMBER, Random(seed))) for seed in range(20)]
    assert all(one.masked for one in hidden)
    assert {one.normal.count("*") for one in hidden} == {1, 2}
    for seed in range(20):
        slipped = wrong_letter(NUMBER, Random(seed))
        assert slipped[0] != NUMBER[0] and slipped[1:] == NUMBER[1:]
