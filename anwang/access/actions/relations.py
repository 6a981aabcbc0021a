"""Relations: which team may reach which object, and on what ground."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from anwang.access.models import Relation


def relate(
    team_id: str,
    object_kind: str,
    object_ids: Iterable[uuid.UUID],
    *,
    ground: str,
    through: uuid.UUID,
) -> None:
    """Let a team reach objects on a ground; quiet where it already may.

    For our own programs. For an account the database refuses: what an act of its own opens, and to
    whom, is said by that act's function (`triage.relate_offer`, `cases.relate_family`).
    """
    Relation.objects.bulk_create(
        [
            Relation(
                team_id=team_id, object_kind=object_kind, object_id=one, ground=ground,
                through=through,
            )
            for one in object_ids
        ],
        ignore_conflicts=True,
    )  # fmt: skip
