"""docs/normal-forms.md: a fresh page, and the examples of names that it spells out."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from anwang.people.rules.names import parse_name
from tests.spelled_out import examples

TOOL = Path(__file__).resolve().parents[2] / "tools" / "write_normal_forms.py"


def test_the_page_of_normal_forms_is_not_stale() -> None:
    tool = runpy.run_path(str(TOOL))
    written = tool["PAGE"].read_text(encoding="utf-8")
    assert written == tool["page"](), "renew it with: python tools/write_normal_forms.py"


@pytest.mark.parametrize(("typed", "surname", "given", "nickname"), examples("names"))
def test_a_name_is_taken_apart_as_spelled_out(
    typed: str, surname: str, given: str, nickname: str
) -> None:
    name = parse_name(typed)
    assert (name.surname, name.given, name.nickname) == (surname, given, nickname)


@pytest.mark.parametrize(("typed", "tokens"), examples("romanised"))
def test_a_name_in_latin_letters_is_compared_by_its_tokens(typed: str, tokens: str) -> None:
    assert parse_name(typed).latin == tuple(tokens.split())


@pytest.mark.parametrize(("one", "other", "same"), examples("said-alike"))
def test_two_names_sound_as_spelled_out(one: str, other: str, same: str) -> None:
    alike = parse_name(one).sounds == parse_name(other).sounds
    assert ("the same" if alike else "others") == same
