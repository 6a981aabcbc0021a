"""How an account comes to its password without anybody else knowing it: codes, and factors taken away."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.access.models.accounts import Account
from anwang.common.clock import ClockNow


class Invitation(models.Model):
    """A code that works once and for some days: with it an account sets its own password (I8).

    The first one comes with the account, a later one for who forgot. Kept as a digest; the newest
    one alone holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    code_sha256 = models.BinaryField(max_length=32, unique=True)
    given_by = models.UUIDField()
    given_at = models.DateTimeField(db_default=ClockNow())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="A newer one took its place.")

    class Meta:
        indexes = [models.Index(fields=["account", "given_at"], name="codes_of_account")]


class FactorReset(models.Model):
    """That an administrator took away an account's second factors, and how he knew the person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    done_by = models.UUIDField()
    done_at = models.DateTimeField(db_default=ClockNow())
    proof = models.CharField(max_length=40, help_text="How the person proved who he is.")
    why = models.CharField(max_length=500)
    removed = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["account", "done_at"], name="resets_of_account")]
