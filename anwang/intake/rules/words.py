"""Codes of the exchange formats and the words that people write for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import anwang.directory
from anwang.common.yaml_files import read_yaml
from anwang.intake.rules.schema import allowed

_LISTS: Final = Path(next(iter(anwang.directory.__path__))) / "data"
_MORE: Final = {
    "sexes": {"female": "F", "male": "M", "女性": "F", "男性": "M", "f": "F", "m": "M", "x": "X"},
    "subject_roles": {"加害人": "respondent", "嫌疑人": "respondent", "案主": "person-in-need"},
    "injuries": {},
    "channels": {},
    "concerns": {},
}
YES: Final = frozenset({"yes", "true", "y", "1", "是", "有"})
NO: Final = frozenset({"no", "false", "n", "0", "否", "無", "沒有"})


@cache
def _words(name: str) -> dict[str, str]:
    rows = read_yaml(_LISTS / f"{name}.yaml")
    words = {str(row[key]).casefold(): str(row["code"]) for row in rows for key in ("code", "zh")}
    return words | _MORE[name]


def code_of(text: str, name: str) -> str | None:
    """Code for a code or a Chinese word of the list `name`; None if the list has no such."""
    return _words(name).get(text.strip().casefold())


def yes_or_no(value: object) -> bool | None:
    """What a yes-or-no answer of any spelling says; None where it cannot be told."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        plain = str(value).strip().casefold()
        return True if plain in YES else False if plain in NO else None
    return None


CHANNELS: Final = frozenset(allowed("channel"))
CONCERNS: Final = frozenset(allowed("concerns"))
