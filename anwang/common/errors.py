"""What all our errors share: a text for the user, and nothing secret in it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class AnwangError(Exception):
    """Base of the errors that a user is shown. The text says what to do next, and names no person."""


class Refused(AnwangError, PermissionDenied):
    """The actor may not do this. The answer is the same whether or not the thing exists."""
