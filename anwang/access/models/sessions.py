"""Who is signed in where, and what holds guesses back. Secrets and addresses stand here as digests only."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.access.models.accounts import Account
from anwang.common.clock import ClockNow


class AccountSession(models.Model):
    """One session of one account: ended by the account, by who ends the account, or by time.

    Rows are removed a day after no cookie can open them any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_sha256 = models.BinaryField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    begun_at = models.DateTimeField(db_default=ClockNow())
    seen_at = models.DateTimeField(db_default=ClockNow())
    proved_at = models.DateTimeField(
        db_default=ClockNow(), help_text="When the account last proved who it is."
    )
    how = models.CharField(max_length=40, help_text="password, password+totp, passkey, oidc ...")
    strong = models.BooleanField(default=False, help_text="A second factor or a passkey was used.")
    device = models.CharField(max_length=60, blank=True)
    rotate = models.BooleanField(default=False, help_text="Rights changed: a new key is due.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "ended_at"], name="sessions_of_account")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen_at__gte=models.F("begun_at")),
                name="session_seen_after_it_began",
            )
        ]


class Guess(models.Model):
    """A bucket that tries fall into and that leaks with time; the key is a keyed digest (I8)."""

    key = models.BinaryField(max_length=32, primary_key=True)
    level = models.FloatField()
    at = models.DateTimeField()


class KnownPlace(models.Model):
    """That an account has signed in from an address, for some weeks; a keyed digest of both."""

    key = models.BinaryField(max_length=32, primary_key=True)
    until = models.DateTimeField()


class LinkedIdentity(models.Model):
    """The subject of an outside provider that may sign in as an account. Never made by signing in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(db_default=ClockNow())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                condition=models.Q(ended_at__isnull=True),
                name="one_account_a_subject",
            )
        ]
