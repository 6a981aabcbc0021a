"""Which place an address means. People leave out the floor, and then a house of ten flats is told.

Places are compared as keys: equal means the same flat, as far as anybody told it.
"""

from collections.abc import Iterable

from anwang.people.rules.addresses import Address


def place_of(told: Address, own: Iterable[Address], at_the_door: Iterable[Address]) -> str | None:
    """The place of `told`, or None where it names no door.

    Without a floor (or district) it is the one flat at that door that the person is otherwise
    known at (`own`), else the one flat that anybody is known at, else the door as told.
    """
    if told.full_key and told.floor:
        return str(told.full_key)
    for others in (own, at_the_door):
        flats = {one.full_key for one in others if one.full_key and _same_door(told, one)}
        if len(flats) == 1:
            return str(flats.pop())
    return str(told.full_key) if told.full_key else None


def _same_door(told: Address, other: Address) -> bool:
    if told.door_key:
        return told.door_key == other.door_key
    return bool(told.loose_key) and told.loose_key == other.loose_key
