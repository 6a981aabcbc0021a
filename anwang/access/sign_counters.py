"""Counters of security keys: one that does not go forward is a sign of a copied key (WebAuthn 6.1.1).

Keys made of hardware count each use. Passkeys that a telephone or a browser keeps in step between
devices give 0 for ever: of those a counter says nothing, and none is asked of them.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import Actor, in_the_name_of
from anwang.access.vocabulary import Act, NoticeKind

_KEPT: Final = "counter"
logger = logging.getLogger("anwang.access")


def counts_on(last: int, present: int) -> bool:
    """Whether `present` may follow `last`: greater, or both 0 for a key that does not count."""
    return present > last or (present == 0 and last == 0)


def counter_of_answer(said: Mapping[str, Any]) -> int:
    """The counter in what the browser sent for a sign-in."""
    return int(AuthenticationResponse.from_dict(said).response.authenticator_data.counter)


def take_counter(found: Authenticator, said: Mapping[str, Any]) -> bool:
    """Keep the answer's counter in `found.data`; False, and nothing kept, where it does not go forward."""
    last = found.data.get(_KEPT)
    if last is None:
        made = RegistrationResponse.from_dict(found.data["credential"])
        last = made.response.attestation_object.auth_data.counter
    present = counter_of_answer(said)
    if not counts_on(int(last), present):
        return False
    found.data[_KEPT] = present
    return True


def tell_of_copy(account_id: uuid.UUID) -> None:
    """Put it on record and tell the account, whatever becomes of the request; the operator reads it too."""
    logger.error("A security key was refused: its counter went backwards.")
    alias, actor = settings.AUDIT_ALIAS, Actor(account_id)
    with transaction.atomic(using=alias), in_the_name_of(actor, alias):
        record_event(
            Act.SIGN_IN_FAILED, actor=actor, object_kind="account", object_ids=[account_id],
            result="refused", detail={"why": "key-counter-backwards"}, using=alias,
        )  # fmt: skip
        notify(NoticeKind.KEY_COPIED, to_account=account_id, object_kind="account",
               object_id=account_id, using=alias)  # fmt: skip
