"""What is written of people: identities of records, and judged links to persons."""

from anwang.people.actions.identities import identify
from anwang.people.actions.links import (
    LinkedByPerson,
    NotLinked,
    ProbableLink,
    hold_records,
    link_new_records,
    link_own_record,
    unlink,
)

__all__ = [
    "LinkedByPerson",
    "NotLinked",
    "ProbableLink",
    "hold_records",
    "identify",
    "link_new_records",
    "link_own_record",
    "unlink",
]
