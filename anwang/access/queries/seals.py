"""What is sealed, for our own programs: no screening may be touched by a sealed record (R8)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from anwang.access.models import Seal


def not_sealed(column: str) -> str:
    """SQL that holds where the object in `column` (ours to name, never typed) is not sealed now.

    For programs, which read every seal; an account sees only those in which it is named.
    """
    return (
        f"not exists (select from access_seal sealed where sealed.object_id = {column}"
        " and sealed.until is null)"
    )


def seal_over(object_ids: Iterable[uuid.UUID]) -> Seal | None:
    """The seal on one of these that names the asker, None where none does. One statement.

    The row rules show an account only the seals in which it is named: for everybody else there is
    nothing to find, sealed or not.
    """
    named = Seal.objects.filter(object_id__in=list(object_ids), until=None)
    return named.order_by("since").first()
