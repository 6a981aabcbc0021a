"""Who there is: people who sign in, what they belong to, and delivering systems."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import connection, models
from django.utils.crypto import salted_hmac

from anwang.access.context import vouch
from anwang.common.clock import ClockNow


class Accounts(BaseUserManager["Account"]):
    def get_queryset(self) -> models.QuerySet[Account]:
        """Without the digest, which nobody may read, and the number's token, which few may."""
        return super().get_queryset().defer("password", "human")

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account that signs in as `username`; raises Account.DoesNotExist.

        Read through a definer function, since nobody is known yet and no row rule can hold.
        """
        name = username or ""
        statement = "select * from access.account_named(%s, %s)"
        found = list(self.raw(statement, [name, vouch("named", name)]))
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

    def get_session_auth_hash(self) -> str:
        """What a session is begun with: of the password's mark, since its digest is not to be had."""
        mark = self.__dict__.get("password_mark")
        if mark is None:
            with connection.cursor() as cursor:
                cursor.execute("select access.password_mark(%s)", [self.pk])
                (mark,) = cursor.fetchone()
        return salted_hmac("anwang.session", mark or "", algorithm="sha256").hexdigest()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """None: a changed secret key ends all sessions."""
        return iter(())


class Membership(models.Model):
    """That an account works in a team in one role, for a time. A change is a new row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    team_id = models.CharField(max_length=64)
    county = models.CharField(max_length=5, null=True)
    role = models.CharField(max_length=40)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    holds_until = models.DateTimeField(
        null=True,
        help_text="Until when training and rules let it open anything, null without end. A trigger's.",
    )
    given_by = models.UUIDField(null=True)
    ground = models.CharField(max_length=40, db_default="")
    ended_by = models.UUIDField(null=True)
    ended_ground = models.CharField(max_length=40, db_default="")

    class Meta:
        indexes = [models.Index(fields=["account", "team_id"], name="membership_of_account")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="membership_ends_after_it_begins",
            ),
            # Row rules go by team, whatever the role: administrators see nobody's work (R2).
            models.CheckConstraint(
                condition=~models.Q(role="administrator") | models.Q(team_id=""),
                name="an_administrator_sits_in_no_team",
            ),
        ]


class Sender(models.Model):
    """A delivering system with its credential, kept as a hash (decision 9)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64, unique=True)
    secret_sha256 = models.BinaryField(max_length=32, unique=True)
    added_at = models.DateTimeField(db_default=ClockNow())
    added_by = models.UUIDField()
    ended_at = models.DateTimeField(null=True)
