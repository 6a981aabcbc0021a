"""Checking a name and a password, with the same answer and the same work for whatever name (I8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from anwang.access.models import Account


class ByNameAndPassword(BaseBackend):
    """Reads the account through a definer function: nobody is known yet, so no row rule can hold."""

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
            make_password(password)  # the same time as a real check
            return None
        # Not account.check_password, which would store a renewed hash: the application may not.
        if check_password(password or "", account.password) and account.is_active:
            return account
        return None

    def get_user(self, user_id: UUID) -> Account | None:
        found = list(Account.objects.raw("select * from access.account_of(%s)", [user_id]))
        return found[0] if found and found[0].is_active else None
