"""Tests: one connection that takes on the application's role, so that row rules hold here too."""

from config.settings.dev import *  # noqa: F403
from config.settings.dev import DATABASES

# The tester may take on any of the unprivileged roles; it starts as the application's.
DATABASES = {
    "default": DATABASES["default"]
    | {"USER": "anwang_tester", "OPTIONS": {"options": "-c role=anwang_app"}},
}
# Inside one rolled-back transaction the door and the audit write through the same connection.
DOOR_ALIAS = "default"
DOOR_ROLE = "anwang_door"
AUDIT_ALIAS = "default"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEBUG = False
# Static files are found as they are asked for: nothing is collected for a test.
WHITENOISE_AUTOREFRESH = True
# Thousands of absent answers are asked for in a run; test_sealed_timing.py sets it back.
ABSENCE_STROKE_MS = 0
