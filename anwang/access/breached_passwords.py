"""Passwords known from breaches, looked up in a folder that the operator provides; nothing is asked outside.

The folder holds the published ranges of SHA-1 digests, one file a prefix of five signs (`21BD1.txt`, lines
`SUFFIX:COUNT`), as the downloader of Have I Been Pwned writes them: `ANWANG_BREACHED_PASSWORDS` names it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext as _

_PREFIX: Final = 5


def is_breached(password: str, folder: Path) -> bool:
    """Whether the folder's ranges hold the password.

    Raises ImproperlyConfigured where the folder has no file for its range: a full set has all 16^5.
    """
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        lines = (folder / f"{digest[:_PREFIX]}.txt").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"{folder} has no range {digest[:_PREFIX]}.txt. Download all ranges again."
        ) from None
    return any(line.partition(":")[0].strip().upper() == digest[_PREFIX:] for line in lines)


def why_not_looked_up() -> str:
    """What keeps breached passwords from being refused here, for who runs it; empty where nothing does.

    Looks for the first and the last range only: a full set has 1,048,576 files.
    """
    folder = settings.BREACHED_PASSWORDS
    if not folder:
        return "ANWANG_BREACHED_PASSWORDS names no folder"
    missing = [one for one in ("00000", "FFFFF") if not (Path(folder) / f"{one}.txt").is_file()]
    return f"{folder} has no range {missing[0]}.txt" if missing else ""


class NotBreached:
    """A validator of the framework's list (AUTH_PASSWORD_VALIDATORS); quiet where no folder is named."""

    def validate(self, password: str, user: Any = None) -> None:
        folder = settings.BREACHED_PASSWORDS
        if folder and is_breached(password, Path(folder)):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        return _("這個密碼曾在別處外洩，猜的人手上有。請換一個。")
