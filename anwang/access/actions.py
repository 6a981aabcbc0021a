"""What the trust rooms write: audit entries, senders, accounts, relations."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connections, transaction

from anwang.access.context import Actor
from anwang.access.models import Account, Membership, Relation, Sender
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError

_ENTRY = """
insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
    object_ids, purpose, fields, result, request_id, detail)
values (%s, clock.now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class SenderExists(AnwangError):
    """A sender of this name exists. Choose another name, or end the old one first."""


def record_event(
    act: Act,
    *,
    actor: Actor,
    object_kind: str = "",
    object_ids: Iterable[object] = (),
    purpose: str = "",
    fields: Sequence[str] = (),
    result: str = "done",
    detail: dict[str, Any] | None = None,
    using: str = "default",
) -> uuid.UUID:
    """Add an audit entry in the running transaction and return its id (decision 7).

    `detail` holds counts, codes and ids; never a name, an address or another protected value (D1).
    """
    entry = uuid.uuid4()
    values: list[Any] = [
        entry, actor.id, actor.kind, actor.role, actor.team_id, act, object_kind,
        [str(one) for one in object_ids], purpose, list(fields), result, actor.request_id,
        json.dumps(detail or {}, ensure_ascii=False),
    ]  # fmt: skip
    with connections[using].cursor() as cursor:
        cursor.execute(_ENTRY, values)
    return entry


def record_apart(act: Act, **what: Any) -> uuid.UUID:
    """Add an audit entry in a short transaction of its own.

    For reads, which must be on record before the answer starts (D2), and for refusals, which must
    outlive the rollback of what was refused.
    """
    alias = settings.AUDIT_ALIAS
    with transaction.atomic(using=alias):
        return record_event(act, using=alias, **what)


def add_sender(name: str, *, actor: Actor) -> str:
    """Make a delivering system's credential and return it: shown once, kept as a hash."""
    if Sender.objects.filter(name=name).exists():
        raise SenderExists(str(SenderExists.__doc__))
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).digest()
    sender = Sender.objects.create(name=name, secret_sha256=digest, added_by=actor.id)
    record_event(Act.SENDER_ADDED, actor=actor, object_kind="sender", object_ids=[sender.pk])
    return secret


def add_account(
    username: str,
    *,
    display_name: str,
    display_name_en: str,
    password: str | None,
    county: str | None,
    memberships: Iterable[tuple[str, str | None, str]],
    actor: Actor,
    account_id: uuid.UUID | None = None,
    since: dt.datetime | None = None,
    hashed: bool = False,
) -> Account:
    """Make an account with its memberships (team, county, role), from `since` or from now on.

    `hashed`: the password is given as its hash already.
    """
    account = Account(
        id=account_id or uuid.uuid4(),
        username=username,
        display_name=display_name,
        display_name_en=display_name_en,
        county=county,
    )
    if hashed:
        account.password = password or ""
    else:
        account.set_password(password)
    account.save(force_insert=True)
    begun = {"since": since} if since else {}
    Membership.objects.bulk_create(
        Membership(account=account, team_id=team, county=where, role=role, **begun)
        for team, where, role in memberships
    )
    record_event(Act.ACCOUNT_ADDED, actor=actor, object_kind="account", object_ids=[account.pk])
    return account


def relate(
    team_id: str,
    object_kind: str,
    object_ids: Iterable[uuid.UUID],
    *,
    ground: str,
    through: uuid.UUID,
) -> None:
    """Let a team reach objects on a ground; quiet where it already may."""
    Relation.objects.bulk_create(
        [
            Relation(
                team_id=team_id, object_kind=object_kind, object_id=one, ground=ground,
                through=through,
            )
            for one in object_ids
        ],
        ignore_conflicts=True,
    )  # fmt: skip
