"""Words that no password may contain: names of this system and its offices (policies/password_words.yaml)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from anwang.common.yaml_files import read_yaml

WORDS: Final = Path(__file__).resolve().parent / "policies" / "password_words.yaml"


@cache
def words() -> tuple[str, ...]:
    """The words, in lower case."""
    return tuple(str(row["word"]).lower() for row in read_yaml(WORDS)["rows"])


class OurOwnWords:
    """A validator of the framework's list (AUTH_PASSWORD_VALIDATORS)."""

    def validate(self, password: str, user: Any = None) -> None:
        plain = "".join(password.lower().replace("-", "").split())
        if any(word in plain for word in words()):
            raise ValidationError(self.get_help_text(), code="password_of_our_words")

    def get_help_text(self) -> str:
        return _("密碼裡不要用系統、機關或地方的名字，猜的人會先試這些。")
