"""Which fields a screen shows: the field policy of the access table (R3)."""

from __future__ import annotations

from anwang.access.actions.access_table import access_table


def seen_fields(of_object: str, relation: str, *roles: str) -> frozenset[str]:
    """The fields of `of_object` that somebody sees by `relation`; in one of `roles`, where given.

    Empty where the policy says nothing: a field is dark until it is named.
    """
    return frozenset(
        name
        for one in access_table().seen
        if one.object == of_object and one.relation == relation
        and (not roles or set(roles) & set(one.roles))
        for name in one.fields
    )  # fmt: skip
