"""The record of who did what, its hash tree, and who outside has seen the tree's roots."""

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
    """The root of the tree at one size, signed: what a witness keeps."""

    size = models.BigIntegerField(primary_key=True)
    root_sha256 = models.BinaryField(max_length=32)
    frontier = models.JSONField()
    made_at = models.DateTimeField(db_default=ClockNow())
    signed = models.TextField(default="", db_default="", help_text="The checkpoint as signed note.")


class Tombstone(models.Model):
    """That the content of an entry was deleted by law; its hash stays in the tree (D3).

    `signed` binds position, hash and ground under the audit's key: without it, a missing entry is
    an entry that somebody removed.
    """

    position = models.BigIntegerField(primary_key=True)
    leaf_sha256 = models.BinaryField(max_length=32)
    ground = models.CharField(max_length=40)
    request = models.UUIDField(help_text="The request that two persons agreed on.")
    buried_at = models.DateTimeField(db_default=ClockNow())
    signed = models.TextField()


class Witness(models.Model):
    """How a configured witness stands: what it holds, and since when it is silent or refuses."""

    name = models.CharField(max_length=100, primary_key=True)
    address = models.CharField(max_length=200)
    held_size = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=20, default="", db_default="")
    trouble_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)


class Cosignature(models.Model):
    """That a witness put its name under a checkpoint."""

    id = models.BigAutoField(primary_key=True)
    witness = models.CharField(max_length=100)
    size = models.BigIntegerField()
    seen_at = models.DateTimeField(help_text="The witness's own clock; part of what it signed.")
    line = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["witness", "size"], name="one_cosignature_a_size")
        ]


class Verification(models.Model):
    """What a verification of the whole log found."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=ClockNow())
    entries = models.BigIntegerField()
    ok = models.BooleanField()
    first_bad = models.BigIntegerField(null=True)
    last_bad = models.BigIntegerField(null=True)
    why = models.CharField(max_length=20)
    tombstones = models.BigIntegerField(default=0)
