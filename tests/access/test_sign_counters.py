"""Security keys count their uses: one that counts backwards was copied (WebAuthn 6.1.1)."""

from __future__ import annotations

import uuid

import pytest
from allauth.mfa.models import Authenticator
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from anwang.access import factors
from anwang.access.context import acting
from anwang.access.factors import NotProved, check_passkey
from anwang.access.models import AuditEntry, Notice
from anwang.access.sign_counters import counts_on, take_counter
from tests.conftest import as_role
from tests.factories import account

RP = b"r" * 32
FLAGS = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
CLIENT = CollectedClientData.create("webauthn.get", b"c", "http://localhost")


def answer(counter: int) -> dict:
    """What a browser sends when a key has counted so far."""
    said = {
        "clientDataJSON": websafe_encode(CLIENT), "signature": websafe_encode(b"s"),
        "authenticatorData": websafe_encode(AuthenticatorData.create(RP, FLAGS, counter)),
    }  # fmt: skip
    one = websafe_encode(b"k" * 16)
    return {"id": one, "rawId": one, "type": "public-key", "response": said}


def registered(counter: int) -> dict:
    """What a browser sent when the key was made."""
    public = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    key = AttestedCredentialData.create(Aaguid(bytes(16)), b"k" * 16, public)
    made = AuthenticatorData.create(RP, FLAGS | AuthenticatorData.FLAG.AT, counter, bytes(key))
    said = {
        "clientDataJSON": websafe_encode(CLIENT),
        "attestationObject": websafe_encode(AttestationObject.create("none", made, {})),
    }
    return answer(counter) | {"response": said}


@pytest.mark.parametrize(
    ("last", "present", "holds"),
    [(0, 0, True), (0, 1, True), (4, 5, True), (4, 4, False), (5, 4, False), (4, 0, False)],
)
def test_a_counter_goes_forward_or_is_not_kept_at_all(last, present, holds):
    assert counts_on(last, present) is holds


def test_the_counter_begins_with_the_one_of_the_day_it_was_made():
    key = Authenticator(data={"credential": registered(7)})
    assert not take_counter(key, answer(7))
    assert take_counter(key, answer(8))
    assert key.data["counter"] == 8
    assert not take_counter(key, answer(8))


def test_passkeys_that_do_not_count_are_asked_for_nothing():
    key = Authenticator(data={"credential": registered(0)})
    assert all(take_counter(key, answer(0)) for _ in range(3))


@pytest.mark.django_db
def test_a_copied_key_is_refused_on_record_and_its_owner_is_told(monkeypatch):
    actor = account("key-owner", ("", None, "auditor"))
    with acting(actor, "test"):
        key = Authenticator.objects.create(
            user_id=actor.id, type="webauthn", data={"name": "k", "credential": registered(0)}
        )
        monkeypatch.setattr(factors.webauthn, "complete_authentication", lambda *_: key)
        check_passkey(actor.id, answer(9))
        with pytest.raises(NotProved):
            check_passkey(actor.id, answer(5))
        assert Authenticator.objects.get(pk=key.pk).data["counter"] == 9
    with as_role("worker"):
        (notice,) = Notice.objects.filter(kind="key-copied")
        (entry,) = AuditEntry.objects.filter(act="sign-in-failed", actor=actor.id)
    assert (notice.to_account, notice.to_team) == (actor.id, None)
    assert entry.result == "refused" and uuid.UUID(entry.object_ids[0]) == actor.id
