"""The record of who did what, and its hash tree."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from anwang.common.clock import ClockNow


class AuditEntry(models.Model):
    """Who did or read what, when, for which purpose. Partitioned by month, only ever added to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    no = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=20)
    role = models.CharField(max_length=40)
    team_id = models.CharField(max_length=64)
    act = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=20)
    object_ids = ArrayField(models.CharField(max_length=64))
    purpose = models.CharField(max_length=40)
    fields = ArrayField(models.CharField(max_length=40))
    result = models.CharField(max_length=20)
    request_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "access_auditentry"


class AuditLeaf(models.Model):
    """The place of an entry in the hash tree, given after commit by the one sequencer."""

    position = models.BigIntegerField(primary_key=True)
    entry_no = models.BigIntegerField(unique=True)
    entry_id = models.UUIDField()
    entry_at = models.DateTimeField()
    leaf_sha256 = models.BinaryField(max_length=32)


class AuditCheckpoint(models.Model):
    """The root of the tree at one size: what a witness keeps."""

    size = models.BigIntegerField(primary_key=True)
    root_sha256 = models.BinaryField(max_length=32)
    frontier = models.JSONField()
    made_at = models.DateTimeField(db_default=ClockNow())
