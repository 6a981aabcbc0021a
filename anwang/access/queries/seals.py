"""What is sealed, for our own programs: no screening may be touched by a sealed record (R8)."""

from __future__ import annotations


def not_sealed(column: str) -> str:
    """SQL that holds where the object in `column` (ours to name, never typed) is not sealed now.

    For programs, which read every seal; an account sees only those in which it is named.
    """
    return (
        f"not exists (select from access_seal sealed where sealed.object_id = {column}"
        " and sealed.until is null)"
    )
