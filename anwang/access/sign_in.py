"""Signing in by name and password. Passkeys and one-time codes come with the accounts' own rooms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from anwang.access.models import Account


class ByNameAndPassword(BaseBackend):
    """Same answer, and the same work, for an unknown name as for a wrong password (I8)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> Account | None:
        try:
            account = Account.objects.get_by_natural_key(username)
        except Account.DoesNotExist:
            Account().set_password(password)  # the same time as a real check
            return None
        if account.check_password(password or "") and account.is_active:
            return account
        return None

    def get_user(self, user_id: UUID) -> Account | None:
        found = list(Account.objects.raw("select * from access.account_of(%s)", [user_id]))
        return found[0] if found and found[0].is_active else None
