"""Relations: which team may reach which object, and on what ground."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from anwang.access.models import Relation


@dataclass(frozen=True, slots=True)
class Reach:
    """That a team may reach an object, on what ground, and through which report or case."""

    team_id: str
    object_kind: str
    object_id: uuid.UUID
    ground: str
    through: uuid.UUID


def relate(reaches: Iterable[Reach]) -> None:
    """Let teams reach objects; quiet where one already may. One statement.

    For our own programs. For an account the database refuses: what an act of its own opens, and to
    whom, is said by that act's function (`triage.relate_offer`, `cases.relate_family`).
    """
    Relation.objects.bulk_create(
        [Relation(**asdict(one)) for one in reaches], ignore_conflicts=True
    )
