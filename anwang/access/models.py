"""Who there is, what they belong to and what they may reach: by opaque ids, filled by apps above."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from anwang.common.clock import ClockNow


class Accounts(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        """The account that signs in as `username`; raises Account.DoesNotExist.

        Read through a definer function, since nobody is known yet and no row rule can hold.
        """
        found = list(self.raw("select * from access.account_named(%s)", [username or ""]))
        if not found:
            raise self.model.DoesNotExist
        return found[0]


class Account(AbstractBaseUser):
    """One human who signs in, or one commands' actor. Never shared, never deleted, only ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=100)
    display_name_en = models.CharField(max_length=100, blank=True)
    county = models.CharField(max_length=5, null=True)
    is_active = models.BooleanField(default=True)
    human = models.BinaryField(
        max_length=32, null=True, help_text="Token of the person's number: two accounts, one human."
    )
    created_at = models.DateTimeField(db_default=ClockNow())
    last_login = None

    USERNAME_FIELD = "username"
    objects = Accounts()

    def __str__(self) -> str:
        return str(self.id)


class Membership(models.Model):
    """That an account works in a team in one role, for a time. A change is a new row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="memberships")
    team_id = models.CharField(max_length=64)
    county = models.CharField(max_length=5, null=True)
    role = models.CharField(max_length=40)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "team_id"], name="membership_of_account")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="membership_ends_after_it_begins",
            )
        ]


class Relation(models.Model):
    """That a team may reach an object (a report, a case, a person), and on what ground."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team_id = models.CharField(max_length=64)
    object_kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    ground = models.CharField(max_length=40)
    through = models.UUIDField(help_text="The report or case that gives the ground.")
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "team_id", "through", "ground"],
                condition=models.Q(until__isnull=True),
                name="one_relation_a_ground",
            )
        ]
        indexes = [models.Index(fields=["through"], name="relation_through")]


class Sender(models.Model):
    """A delivering system with its credential, kept as a hash (decision 9)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64, unique=True)
    secret_sha256 = models.BinaryField(max_length=32, unique=True)
    added_at = models.DateTimeField(db_default=ClockNow())
    added_by = models.UUIDField()
    ended_at = models.DateTimeField(null=True)


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
    named = models.CharField(max_length=64)


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
