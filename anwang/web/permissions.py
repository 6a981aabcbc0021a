"""Who may see who looked: a citizen, for himself and for a child whose safe adult he is (D4)."""

from __future__ import annotations

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role
from anwang.access.vocabulary import Act, Role

PURPOSE = "looked-at-me"


def check_can_see_looks(actor: Actor, about: bytes | None = None) -> Permit:
    """A permit to ask who looked; `about` is the token of a child's number, None for oneself.

    Always the same entry, whoever the child is and whether we know it: the answer is the same for
    a child without any record and for one who is closed to the asker (S4).
    """
    permit = check_role(actor, (Role.CITIZEN,), PURPOSE)
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="looks", object_ids=[about.hex()] if about else [],
        purpose=PURPOSE, fields=["at", "office", "role", "purpose"],
    )  # fmt: skip
    return Permit(actor, "own", PURPOSE, permit.seats, permit.fields, audit_id)
