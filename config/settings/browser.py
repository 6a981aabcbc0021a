"""What browsers are told about our pages: what may run, who may frame, where a visitor leaves to."""

from __future__ import annotations

import os
from typing import Any

HTTPS = os.environ.get("ANWANG_HTTPS", "") == "1"
A_YEAR = 365 * 24 * 3600

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = HTTPS
# A program that speaks plain HTTP would never notice a redirect: it is refused instead.
SECURE_REDIRECT_EXEMPT = [r"^api/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = A_YEAR if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS

# With the prefix a browser takes a cookie only over HTTPS, from this host and for all of it.
_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_PREFIX}sessionid"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_PREFIX}csrftoken"
CSRF_COOKIE_SAMESITE = "Strict"
LANGUAGE_COOKIE_NAME = f"{_PREFIX}django_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"

VIOLATIONS_PATH = "/browser/violations/"
# Other systems through which people sign in: forms may lead there (origins, comma-separated).
SIGN_IN_ORIGINS = [one for one in os.environ.get("ANWANG_SIGN_IN_ORIGINS", "").split(",") if one]
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *SIGN_IN_ORIGINS],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        # No text becomes markup or code through a script, and no policy may allow it.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
        "report-uri": VIOLATIONS_PATH,
    }
}
# Everything a page could ask the machine for is off, but for the keys that sign people in.
_OFF = ("accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "clipboard-read",
        "display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid",
        "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
        "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb", "web-share",
        "xr-spatial-tracking")  # fmt: skip
_OWN = ("publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS_POLICY = ", ".join([*(f"{one}=()" for one in _OFF), *(f"{one}=(self)" for one in _OWN)])

# Where a visitor leaves to: a page that anybody may have open.
QUICK_EXIT_URL = os.environ.get("ANWANG_QUICK_EXIT", "https://www.cwa.gov.tw/")
