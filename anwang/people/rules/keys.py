"""Blocking keys: two persons are compared only if they share one of these numbers.

A record stores `blocking_keys`; a question asks `query_keys`, which adds what a slip may have
changed. A pair without a common key is never seen, so each kind of trouble (docs: linkage) has a
key that survives it.
"""

from typing import Final

from anwang.people.rules.addresses import Address, key_of
from anwang.people.rules.characters import coarse_text
from anwang.people.rules.forms import Forms

# Years asked on each side: of a bare year (counted the old way, or mistyped by one) and of an age.
_YEARS_AROUND_A_YEAR: Final = 1
_YEARS_AROUND_AN_AGE: Final = 4
MOST_RECORD_KEYS: Final = 20


def blocking_keys(forms: Forms) -> list[int]:
    """Signed 64-bit keys of a record, each once; about ten where all columns are filled."""
    keys = _name_keys(forms)
    if forms.id_token is not None:
        keys.append(_key("I" + forms.id_token.hex()))
    for number in forms.phones:
        keys.append(_key(f"P{number}"))
    for address in (forms.address, forms.prev_address):
        keys.extend(_address_keys(forms, address))
    return list(dict.fromkeys(keys))[:MOST_RECORD_KEYS]


def query_keys(forms: Forms) -> list[int]:
    """Keys to ask for `forms`: its own, the valid neighbours of its ID, and the years beside a
    vague birth.
    """
    keys = blocking_keys(forms)
    keys.extend(_key("I" + token.hex()) for token in forms.id_near)
    name = _sound_text(forms)
    if name:
        keys.extend(_key(f"Y{name}|{year}") for year in _years_asked(forms))
    if forms.year and forms.month and forms.day and forms.day <= 12:
        # Day and month swapped.
        keys.extend(_birth_keys(forms, forms.day, forms.month))
    return list(dict.fromkeys(keys))


def _years_asked(forms: Forms) -> range:
    if forms.year is not None:
        return range(forms.year - _YEARS_AROUND_A_YEAR, forms.year + _YEARS_AROUND_A_YEAR + 1)
    if forms.about_year is not None:
        around = _YEARS_AROUND_AN_AGE
        return range(forms.about_year - around, forms.about_year + around + 1)
    return range(0)


def _name_keys(forms: Forms) -> list[int]:
    keys = []
    if forms.latin and len(forms.latin) > 1:
        keys.append(_key("L" + " ".join(forms.latin)))
    if not forms.name_sound:
        return keys
    if forms.given and not forms.name_masked:
        keys.append(_key(f"N{forms.surname}{forms.given}"))
        if forms.year is not None:
            keys.append(_key(f"Y{_sound_text(forms)}|{forms.year}"))
    if forms.year and forms.month and forms.day:
        keys.extend(_birth_keys(forms, forms.month, forms.day))
    return keys


def _birth_keys(forms: Forms, month: int, day: int) -> list[int]:
    """The whole birth with half of the name: survives a slip in the other half."""
    keys = []
    born = f"{forms.year}-{month}-{day}"
    length = len(forms.surname)
    if forms.surname and forms.surname != "*":
        keys.append(_key(f"S{coarse_text(forms.name_sound[:length])}|{born}"))
    if forms.given and not forms.name_masked:
        keys.append(_key(f"G{coarse_text(forms.name_sound[length:])}|{born}"))
    return keys


def _address_keys(forms: Forms, address: Address) -> list[int]:
    keys = []
    if address.door_key:
        keys.append(address.door_key)
    if address.loose_key:
        keys.append(address.loose_key)
    if address.district and forms.given and forms.surname and not forms.name_masked:
        keys.append(_key(f"T{_sound_text(forms)}|{address.district}"))
    return keys


def _sound_text(forms: Forms) -> str:
    if not forms.given or not forms.surname or forms.name_masked:
        return ""
    return coarse_text(forms.name_sound)


_key: Final = key_of
