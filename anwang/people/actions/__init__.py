"""What is written of people: identities of records, and judged links to persons."""

from anwang.people.actions.identities import identify
from anwang.people.actions.links import (
    LinkedByPerson,
    NotLinked,
    ProbableLink,
    link_new_records,
    link_own_record,
    unlink,
)

__all__ = [
    "LinkedByPerson",
    "NotLinked",
    "ProbableLink",
    "identify",
    "link_new_records",
    "link_own_record",
    "unlink",
]
