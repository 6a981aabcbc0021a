"""Delivering systems and their credentials."""

from __future__ import annotations

import hashlib
import secrets

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor
from anwang.access.models import Sender
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError


class SenderExists(AnwangError):
    """A sender of this name exists. Choose another name, or end the old one first."""


def add_sender(name: str, *, actor: Actor) -> str:
    """Make a delivering system's credential and return it: shown once, kept as a hash."""
    if Sender.objects.filter(name=name).exists():
        raise SenderExists(str(SenderExists.__doc__))
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).digest()
    sender = Sender.objects.create(name=name, secret_sha256=digest, added_by=actor.id)
    record_event(Act.SENDER_ADDED, actor=actor, object_kind="sender", object_ids=[sender.pk])
    return secret
