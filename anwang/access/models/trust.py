"""What closes an object to somebody, what offices are told, and what was asked in vain."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow


class Notice(models.Model):
    """Something that an office or one account must be told; never holds a name or an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=ClockNow())
    kind = models.CharField(max_length=40)
    to_team = models.CharField(max_length=64, null=True)
    to_account = models.UUIDField(null=True)
    object_kind = models.CharField(max_length=20)
    object_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    seen_at = models.DateTimeField(null=True)
    seen_by = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["to_team", "seen_at"], name="notices_of_team"),
            models.Index(fields=["to_account", "seen_at"], name="notices_of_account"),
            models.Index(fields=["object_id"], name="notices_on_object"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_team__isnull=False) | models.Q(to_account__isnull=False),
                name="notice_has_a_reader",
            )
        ]


class Attempt(models.Model):
    """That an account asked for something that is not there for it: absent, sealed or conflicted.

    Always the same one row, so that asking takes the same time; a task looks afterwards which it was.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=ClockNow())
    actor = models.UUIDField()
    route = models.CharField(max_length=80)
    named = models.CharField(max_length=160)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="unresolved_attempts",
                condition=models.Q(resolved_at__isnull=True),
            )
        ]  # fmt: skip


class Conflict(models.Model):
    """That an account may not know of an object, whatever its role (R5). Ended, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.UUIDField()
    object_kind = models.CharField(max_length=20, help_text="report, family, case or person")
    object_id = models.UUIDField()
    ground = models.CharField(max_length=40)
    source = models.CharField(max_length=40, help_text="Where it is known from.")
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    declared_by = models.UUIDField(null=True)
    reason = models.TextField(blank=True, db_default="")
    ended_by = models.UUIDField(null=True)
    ended_reason = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "object_id", "ground", "source"],
                condition=models.Q(until__isnull=True),
                name="one_conflict_a_ground",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="conflict_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["object_id"], name="conflicts_on_object"),
            models.Index(fields=["since"], name="conflicts_by_since"),
        ]


class Seal(models.Model):
    """That an object is absent for everybody but the named members (R8)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    object_kind = models.CharField(
        max_length=20, help_text="report, family, case, person or record"
    )
    object_id = models.UUIDField()
    ground = models.CharField(max_length=40)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    root = models.UUIDField(null=True, help_text="The report with which it was sealed.")
    request = models.UUIDField(null=True, help_text="The act of two persons that sealed it.")

    class Meta:
        indexes = [
            models.Index(fields=["root"], name="seals_of_root"),
            models.Index(fields=["object_id"], name="seals_on_object"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["object_id"],
                condition=models.Q(until__isnull=True),
                name="one_seal_an_object",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="seal_ends_after_it_begins",
            ),
        ]


class SealMember(models.Model):
    """That an account is named in a seal, for a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="members")
    account_id = models.UUIDField()
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    lead = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "seal"],
                condition=models.Q(until__isnull=True),
                name="named_once_in_a_seal",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="seal_member_ends_after_it_begins",
            ),
        ]
