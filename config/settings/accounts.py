"""How people sign in: by name and password with a second factor, by passkey, by another system."""

from __future__ import annotations

import os

# An instance in production always asks for a second factor; others do where this says so.
SECOND_FACTOR = os.environ.get("ANWANG_SECOND_FACTOR", "") == "1"
# A folder of SHA-1 ranges of passwords known from breaches (docs/accounts.md); none: not looked up.
BREACHED_PASSWORDS = os.environ.get("ANWANG_BREACHED_PASSWORDS", "")
# How many proxies of our own stand before us: their last words in X-Forwarded-For are believed.
TRUSTED_PROXIES = int(os.environ.get("ANWANG_PROXIES", "0"))

# Another system through which people sign in (OpenID Connect). Accounts are never made by it.
OIDC = {
    "name": os.environ.get("ANWANG_OIDC_NAME", ""),
    "issuer": os.environ.get("ANWANG_OIDC_ISSUER", "").rstrip("/"),
    "client_id": os.environ.get("ANWANG_OIDC_CLIENT_ID", ""),
    "client_secret": os.environ.get("ANWANG_OIDC_CLIENT_SECRET", ""),
    # The provider asks for a second factor itself; without, our own follows unless `amr` names one.
    "strong": os.environ.get("ANWANG_OIDC_STRONG", "") == "1",
}

# django-allauth: its factors, under our row rules; its e-mail addresses and its pages stay out.
MFA_ADAPTER = "anwang.access.factors.SealedFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "安網 Anwang"
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODE_DIGITS = 12
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
MIGRATION_MODULES = {"account": None}
