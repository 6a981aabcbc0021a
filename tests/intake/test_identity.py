"""What names somebody is found in free text: numbers with a slip, telephones however they are parted."""

from __future__ import annotations

import pytest

from anwang.intake.rules.identity import hider_of, hider_of_places, without_ids


@pytest.mark.parametrize(
    "number, shown",
    [
        ("A123456789", "A1******89"),
        ("ａ１２３４５６７８９", "A1******89"),
        ("A523456789", "A5******89"),
        ("A1234567B9", "A1******B9"),
        ("A12345678O", "A1******8O"),
        ("1A23456789", "1A******89"),
    ],
)
def test_a_number_with_one_slip_is_masked_as_one_without(number, shown):
    text, found = without_ids(f"他說身分證是{number}，住在附近")
    assert (text, found) == (f"他說身分證是{shown}，住在附近", True)


@pytest.mark.parametrize(
    "text",
    [
        "電話0912345678號",
        "收據 BA33AHN386W",
        "車牌 ABC-1234",
        "1123456789 人次",
        "A12345678901",
        "BCDEFGHIJK",
    ],
)
def test_what_is_no_number_of_a_person_stays(text):
    assert without_ids(text) == (text, False)


@pytest.mark.parametrize(
    "told",
    ["0912345678 03-4567890", "0912 345 678 03 456 7890", "0912-345-678、034567890",
     "+886 912 345 678 (03)4567890", "０９１２３４５６７８　０３４５６７８９０"],
)  # fmt: skip
def test_two_telephones_of_a_reporter_are_both_hidden(told):
    text, found = hider_of({"phone": told}).hide(
        "打給我0912-345-678或03-456-7890，不要打家裡02-1111222"
    )
    assert (text, found) == ("打給我〔通報人電話〕或〔通報人電話〕，不要打家裡02-1111222", True)


def test_two_telephones_of_a_safe_place_are_both_hidden():
    places = [{"safe_phone": "0912345678 034567890"}]
    text, _ = hider_of_places(places).hide("先打0912345678再打03-4567890")
    assert text == "先打〔受保護〕再打〔受保護〕"


def test_a_telephone_that_nobody_can_read_is_hidden_as_written():
    text, found = hider_of({"phone": "12-3456"}).hide("分機室12-3456")
    assert (text, found) == ("分機室〔通報人電話〕", True)


def test_the_familys_own_telephone_stays_beside_the_reporters():
    hider = hider_of({"phone": "0912345678 034567890"}, phones=["03-4567890"])
    assert hider.hide("打0912345678或03-4567890")[0] == "打〔通報人電話〕或03-4567890"
