"""Checking a name and a password, with the same answer and the same work for whatever name (I8).

The digest stays in the database (0016_digests_stay.py): it says how to compute one, and is handed the
result. An injection with the application's role can vouch for neither call.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import connection
from django.http import HttpRequest

from anwang.access.context import vouch
from anwang.access.models import Account

_TERMS = "select access.password_terms(%s, %s)"
_PROVE = "select * from access.prove_password(%s, %s, %s)"


def digest_for(name: str, password: str) -> str:
    """The digest of a password as this name's is computed; of an unknown name, by as much work."""
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, [name, vouch("terms", name)])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        return make_password(password)  # the same time as a real check
    return _computed(password, row[0])


def _computed(password: str, terms: str) -> str:
    """Of hashers that keep algorithm, iterations and salt: PBKDF2, and MD5 in the tests."""
    hasher = identify_hasher(terms)
    said = hasher.decode(terms)
    more = {"iterations": said["iterations"]} if "iterations" in said else {}
    return str(hasher.encode(password, said["salt"], **more))


class ByNameAndPassword(BaseBackend):
    """Asks the database: nobody is known yet, so no row rule can hold."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> Account | None:
        name = (username or "").replace("\x00", "")
        digest = digest_for(name, password or "")
        found = list(Account.objects.raw(_PROVE, [name, digest, vouch("prove", digest, name)]))
        account = found[0] if found else None
        return account if account is not None and account.is_active else None

    def get_user(self, user_id: UUID) -> Account | None:
        statement = "select * from access.account_of(%s, %s)"
        found = list(Account.objects.raw(statement, [user_id, vouch("account", str(user_id))]))
        return found[0] if found and found[0].is_active else None
