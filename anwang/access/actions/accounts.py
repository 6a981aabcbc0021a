"""Accounts and their memberships."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.actions.standing import note_fulfilled
from anwang.access.context import Actor
from anwang.access.models import Account, Membership
from anwang.access.vocabulary import Act


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
    human: bytes | None = None,
    trained: str | None = None,
) -> Account:
    """Make an account with its memberships (team, county, role), from `since` or from now on.

    `hashed`: the password is given as its hash already. `human`: the token of the person's own
    number, by which the database finds whose relatives the account must not read about (R5).
    `trained`: the proof that it has fulfilled what its roles need, as of today; None where it is to
    fulfil that by itself before anything opens.
    """
    account = Account(
        id=account_id or uuid.uuid4(),
        username=username,
        display_name=display_name,
        display_name_en=display_name_en,
        county=county,
        human=human,
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
    if trained is not None:
        note_fulfilled(account, trained, actor=actor)
    record_event(Act.ACCOUNT_ADDED, actor=actor, object_kind="account", object_ids=[account.pk])
    return account


def end_account(account_id: uuid.UUID, *, actor: Actor) -> bool:
    """End an account with its seats and its open sessions at once (R4, S12); False if it had ended.

    Its next request finds no session, its next statement no team. Rows that it wrote stay.
    """
    with connection.cursor() as cursor:
        cursor.execute("select access.end_account(%s, %s)", [account_id, actor.id])
        (ended,) = cursor.fetchone()
    record_event(Act.ACCOUNT_ENDED, actor=actor, object_kind="account", object_ids=[account_id])
    return bool(ended)


def rights_changed(account_id: uuid.UUID, *, actor: Actor) -> None:
    """To be called when seats change: open sessions get a new key, and must prove themselves again."""
    with connection.cursor() as cursor:
        cursor.execute("select access.rights_changed(%s)", [account_id])
    record_event(Act.RIGHTS_CHANGED, actor=actor, object_kind="account", object_ids=[account_id])
