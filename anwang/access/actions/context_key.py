"""Gives the database the key by which it verifies who acts."""

from __future__ import annotations

from django.db import connection

from anwang.access.context import KEY
from anwang.access.rules.claims import key_blocks
from config.home import key


def install_context_key() -> None:
    """Install the key file `context` in the vault, as the owner; quiet where it is there already."""
    with connection.cursor() as cursor:
        cursor.execute("select access.install_context_key(%s, %s)", list(key_blocks(key(KEY))))
