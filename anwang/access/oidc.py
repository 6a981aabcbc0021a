"""Asking another system who somebody is: OpenID Connect, authorisation code with PKCE.

Its answer is a subject and nothing else: names and addresses in it are not read, and no account is
ever made from it (B6: answers are data, never commands).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from django.conf import settings

from anwang.common.errors import AnwangError

_SECONDS: Final = 10
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_CLOCK_SKEW_SECONDS: Final = 60
# RFC 8176: what a provider calls a proof that a guesser or a thief of passwords cannot give.
_SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "pop"})


class ProviderFailed(AnwangError):
    """The other system gave no answer that can be relied on. Sign in another way, and tell the operator."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the visitor's session keeps until the answer comes. `at`: when, in seconds of the epoch."""

    state: str
    nonce: str
    verifier: str
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Who the provider says it is, and whether it asked for a second factor."""

    issuer: str
    subject: str
    strong: bool


def is_offered() -> bool:
    """Whether this instance knows a provider."""
    return bool(settings.OIDC["issuer"] and settings.OIDC["client_id"])


def new_question() -> Asked:
    """Fresh random values; one question, one answer."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Asked(state, nonce, verifier, time.time())


def _configuration() -> dict[str, Any]:
    issuer = settings.OIDC["issuer"]
    found = _json("get", f"{issuer}/.well-known/openid-configuration")
    if found.get("issuer", "").rstrip("/") != issuer:
        raise ProviderFailed(str(ProviderFailed.__doc__))
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _check_address(str(found.get(name, "")))
    return found


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    here = parts.hostname in ("localhost", "127.0.0.1")  # a provider of tests
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ProviderFailed(str(ProviderFailed.__doc__))


def _json(method: str, address: str, **what: Any) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            answer = session.request(
                method, address, timeout=_SECONDS, allow_redirects=False, **what
            )
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError):
        raise ProviderFailed(str(ProviderFailed.__doc__)) from None
    return said


def address_to_ask(asked: Asked, back_to: str) -> str:
    """Where the visitor is sent. The provider is to ask for the proof, whoever is signed in there: a
    session that stands open in a shared browser proves nobody.
    """
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest())
    question = {
        "response_type": "code", "client_id": settings.OIDC["client_id"], "redirect_uri": back_to,
        "scope": "openid", "state": asked.state, "nonce": asked.nonce,
        "code_challenge": challenge.decode().rstrip("="), "code_challenge_method": "S256",
        "prompt": "login", "max_age": "0",
    }  # fmt: skip
    address = str(_configuration()["authorization_endpoint"])
    return f"{address}{'&' if '?' in address else '?'}{urlencode(question)}"


def answer_of(asked: Asked, code: str, back_to: str) -> Answer:
    """Exchange the code and verify what comes: signature, issuer, audience, time, nonce, and that the
    proof was given after it was asked for (`auth_time`, OpenID Connect Core 1.0 section 3.1.2.1: the
    request passes through the visitor's browser, where `max_age` can be taken away).
    """
    known = _configuration()
    oidc: dict[str, Any] = settings.OIDC
    said = _json("post", known["token_endpoint"], data={
        "grant_type": "authorization_code", "code": code, "redirect_uri": back_to,
        "code_verifier": asked.verifier, "client_id": oidc["client_id"],
        "client_secret": oidc["client_secret"],
    })  # fmt: skip
    told = _verified(str(said.get("id_token", "")), known)
    if not secrets.compare_digest(str(told.get("nonce", "")), asked.nonce):
        raise ProviderFailed(str(ProviderFailed.__doc__))
    proved_at = told.get("auth_time")
    if type(proved_at) is not int or proved_at < asked.at - _CLOCK_SKEW_SECONDS:
        raise ProviderFailed(str(ProviderFailed.__doc__))
    strong = oidc["strong"] or bool(_SECOND_FACTORS.intersection(told.get("amr") or ()))
    return Answer(str(oidc["issuer"]), str(told["sub"]), bool(strong))


def _verified(token: str, known: dict[str, Any]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        keys = jwt.PyJWKSet.from_dict(_json("get", known["jwks_uri"])).keys
        fitting = [key for key in keys if header.get("kid") in (None, key.key_id)]
        if len(fitting) != 1:
            raise ProviderFailed(str(ProviderFailed.__doc__))
        told: dict[str, Any] = jwt.decode(
            token, fitting[0], algorithms=_ALGORITHMS, audience=str(settings.OIDC["client_id"]),
            issuer=known["issuer"], leeway=_CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, KeyError):
        raise ProviderFailed(str(ProviderFailed.__doc__)) from None
    return told
