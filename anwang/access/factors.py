"""Second factors over django-allauth: one-time codes, recovery codes and passkeys (ADR 0012).

Every function works on the account's own rows: inside `as_claimed`, or signed in as the account.
"""

from __future__ import annotations

import base64
import json
import uuid
from types import SimpleNamespace
from typing import Any, Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from fido2.utils import websafe_decode

from anwang.access.actions.entries import record_event
from anwang.access.before_sign_in import claimed_account, own_secrets
from anwang.access.context import Actor
from anwang.access.models import Account
from anwang.access.sealing import seal, unseal
from anwang.access.sign_counters import take_counter, tell_of_copy
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError

_TABLE: Final = "mfa_authenticator"
_PERIOD_SECONDS: Final = 30
Type = Authenticator.Type


class NotProved(AnwangError):
    """What was sent does not prove it. Try again."""


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals what a database administrator could sign in with; names accounts by their user name."""

    def encrypt(self, text: str) -> str:
        sealed = seal(text.encode(), table=_TABLE, column="data", row=str(claimed_account()))
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = base64.b64decode(encrypted_text)
        return unseal(sealed, table=_TABLE, column="data", row=str(claimed_account())).decode()

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return {"id": str(user.pk).encode(), "name": user.username,
                "display_name": user.display_name}  # fmt: skip


def _only(account_id: uuid.UUID, kind: str) -> Authenticator | None:
    return Authenticator.objects.select_for_update().filter(user_id=account_id, type=kind).first()


def check_code(account_id: uuid.UUID, code: str) -> str:
    """`totp` or `recovery` when the code proves the account, `` otherwise. A code works once.

    Of one-time codes the present and the last one hold, by the database's time.
    """
    code = "".join(code.split())
    found = _only(account_id, Type.TOTP)
    if found and len(code) == 6 and _totp_holds(found, account_id, code):
        return "totp"
    recovery = _only(account_id, Type.RECOVERY_CODES)
    if recovery and len(code) > 6:
        with own_secrets(account_id):
            if RecoveryCodes(recovery).validate_code(code):
                return "recovery"
    return ""


def _totp_holds(found: Authenticator, account_id: uuid.UUID, code: str) -> bool:
    with own_secrets(account_id):
        secret = SealedFactors().decrypt(found.data["secret"])
    counter = _counter_of(secret, code)
    if counter is None or counter <= found.data.get("last", 0):
        return False
    found.data["last"] = counter  # never again, in whatever process
    found.last_used_at = clock_now()
    found.save(update_fields=["data", "last_used_at"])
    return True


def _counter_of(secret: str, code: str) -> int | None:
    present = int(clock_now().timestamp()) // _PERIOD_SECONDS
    for counter in (present, present - 1):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


def new_totp_secret() -> str:
    """A fresh secret, base32."""
    return str(generate_totp_secret())


def totp_picture(account: Account, secret: str) -> str:
    """The secret as a picture for an authenticator app: an address for <img src>."""
    adapter = SealedFactors()
    svg = adapter.build_totp_svg(adapter.build_totp_url(account, secret))
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def add_totp(account_id: uuid.UUID, secret: str, code: str, *, actor: Actor) -> None:
    """Take on one-time codes, in place of earlier ones. Raises NotProved when `code` is not of `secret`."""
    counter = _counter_of(secret, "".join(code.split()))
    if counter is None:
        raise NotProved(str(NotProved.__doc__))
    Authenticator.objects.filter(user_id=account_id, type=Type.TOTP).delete()
    with own_secrets(account_id):
        sealed = SealedFactors().encrypt(secret)
    _add(account_id, Type.TOTP, {"secret": sealed, "last": counter}, actor)


def _add(account_id: uuid.UUID, kind: str, data: dict[str, Any], actor: Actor) -> None:
    now = clock_now()
    Authenticator.objects.create(user_id=account_id, type=kind, data=data, created_at=now)
    record_event(
        Act.FACTOR_ADDED, actor=actor, object_kind="account", object_ids=[account_id],
        detail={"kind": str(kind)},
    )  # fmt: skip


def new_recovery_codes(account_id: uuid.UUID, *, actor: Actor) -> list[str]:
    """Ten codes that work once each, in place of earlier ones; shown once."""
    Authenticator.objects.filter(user_id=account_id, type=Type.RECOVERY_CODES).delete()
    with own_secrets(account_id):
        seed = SealedFactors().encrypt(RecoveryCodes.generate_seed())
        _add(account_id, Type.RECOVERY_CODES, {"seed": seed, "used_mask": 0}, actor)
        made = Authenticator.objects.get(user_id=account_id, type=Type.RECOVERY_CODES)
        codes: list[str] = RecoveryCodes(made).generate_codes()
    return codes


def remove_factor(account_id: uuid.UUID, factor: int, *, actor: Actor) -> None:
    """Take away one factor; the last proper one takes the recovery codes with it."""
    own = Authenticator.objects.filter(user_id=account_id)
    removed, _ = own.filter(pk=factor).delete()
    if removed and not own.exclude(type=Type.RECOVERY_CODES).exists():
        own.delete()
    record_event(
        Act.FACTOR_REMOVED, actor=actor, object_kind="account", object_ids=[account_id],
        detail={"removed": removed},
    )  # fmt: skip


def passkey_options(account: Account | None) -> dict[str, Any]:
    """What the browser is to ask a passkey for: one of `account`'s, or any that names its own."""
    options: dict[str, Any] = webauthn.begin_authentication(account)
    return options


def new_passkey_options(account: Account) -> dict[str, Any]:
    """What the browser is to make a passkey from: kept in the key, with the person verified."""
    options: dict[str, Any] = webauthn.begin_registration(account, passwordless=True)
    return options


def claimed_by_passkey(credential: str) -> tuple[uuid.UUID, dict[str, Any]]:
    """Whose passkey this says it is, unproved, and the answer itself. Raises NotProved."""
    try:
        said = json.loads(credential)
        return uuid.UUID(websafe_decode(said["response"]["userHandle"]).decode()), said
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotProved(str(NotProved.__doc__)) from None


def check_passkey(account_id: uuid.UUID, said: dict[str, Any]) -> None:
    """Hold the answer against the session's challenge and the account's keys. Raises NotProved."""
    try:
        found = webauthn.complete_authentication(SimpleNamespace(pk=account_id), said)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise NotProved(str(NotProved.__doc__)) from None
    if not take_counter(found, said):
        tell_of_copy(account_id)
        raise NotProved(str(NotProved.__doc__))
    found.last_used_at = clock_now()
    found.save(update_fields=["data", "last_used_at"])


def add_passkey(account_id: uuid.UUID, name: str, credential: str, *, actor: Actor) -> None:
    """Keep a passkey that the browser has made. Raises NotProved."""
    try:
        said = json.loads(credential)
        webauthn.complete_registration(said)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise NotProved(str(NotProved.__doc__)) from None
    _add(account_id, Type.WEBAUTHN, {"name": name, "credential": said}, actor)
