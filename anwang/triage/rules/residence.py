"""Which government a report without a place goes to: where the matched victim lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from anwang.people.rules.addresses import parse_address
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds

# Whose home decides, first of all the victim's.
_AT_HOME: Final = ("victim", "person-in-need", "witness-child", "household-member")
# Where somebody really lives comes before where they are registered.
_RESIDENCES: Final = ("actual-residence", "registered-residence")


def home_county(subjects: Iterable[tuple[str, str]], picture: Mapping[str, Any]) -> str | None:
    """County code where the first matched subject lives, or None where no fact tells.

    `subjects`: (role, person id) of the subjects that were taken to be somebody.
    """
    known = list(subjects)
    for wanted in _AT_HOME:
        for role, person_id in known:
            if role == wanted and (county := _county_of(person_id, picture)):
                return county
    return None


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()


def _county_of(person_id: str, picture: Mapping[str, Any]) -> str | None:
    kinds = _kinds()
    for meaning in _RESIDENCES:
        for fact in picture.get("facts", ()):
            kind = kinds.get(fact.get("kind"))
            if fact.get("person_id") != person_id or not kind or kind.households != meaning:
                continue
            if fact.get("state", "value") == "value" and (
                county := parse_address(fact.get("value", {}).get("address")).county
            ):
                return county
    return None
