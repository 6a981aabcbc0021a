"""Blocking keys: two persons are compared only if they share one of these numbers.

A record stores `blocking_keys`; a question asks `query_keys`, which adds what a slip may have
changed. A pair without a common key is never seen, so each kind of trouble (docs: linkage) has a
key that survives it.
"""

from typing import Final

from anwang.people.rules.addresses import Address, key_of
from anwang.people.rules.characters import coarse, coarse_text, shape, sound
from anwang.people.rules.forms import Forms, is_whole

# Years asked on each side: of a bare year (counted the old way, or mistyped by one) and of an age.
_YEARS_AROUND_A_YEAR: Final = 1
_YEARS_AROUND_AN_AGE: Final = 4
MOST_RECORD_KEYS: Final = 24
# Fewer letters than this are a nickname or an initial.
_FEWEST_LETTERS: Final = 4
# Of a traditional name so many parts are keys; without a dot its first two and its first three signs.
_MOST_PARTS: Final = 2
# Of a longer given name no character is left out: it is found by its parts.
_MOST_LEFT_OUT: Final = 4
# A given name of more signs is a name in syllables, by none of which somebody is called.
_MOST_CALLED: Final = 2


def blocking_keys(forms: Forms) -> list[int]:
    """Signed 64-bit keys of a record, each once; about fourteen where all columns are filled."""
    keys = _own_keys(forms)
    for address in (forms.address, forms.prev_address):
        keys.extend(_called_keys(forms, address, forms.year))
    return list(dict.fromkeys(keys))[:MOST_RECORD_KEYS]


def query_keys(forms: Forms) -> list[int]:
    """Keys to ask for `forms`: its own, the valid neighbours of its ID, the name without one of its
    characters, and the years beside a vague birth. By what somebody is called is asked only where no
    whole name is told, or a single given name.
    """
    keys = _own_keys(forms)
    keys.extend(map(number_key, forms.id_near))
    keys.extend(map(_whole_key, _other_wholes(forms)))
    keys.extend(map(_part_key, forms.name_parts[:1]))
    name = _sound_text(forms)
    for year in _years_asked(forms):
        if name:
            keys.append(_key(f"Y{name}|{year}"))
        if not name or len(forms.given) == 1:
            # A single given name may be half of one.
            keys.extend(_called_keys(forms, forms.address, year))
    if forms.year and forms.month and forms.day and forms.day <= 12:
        # Day and month swapped.
        keys.extend(_birth_keys(forms, forms.day, forms.month))
    return list(dict.fromkeys(keys))


def number_key(token: bytes) -> int:
    """The key of a number's token."""
    return _key("I" + token.hex())


def _own_keys(forms: Forms) -> list[int]:
    keys = _name_keys(forms)
    if forms.id_token is not None:
        keys.append(number_key(forms.id_token))
    for number in forms.phones:
        keys.append(_key(f"P{number}"))
    for address in (forms.address, forms.prev_address):
        keys.extend(_address_keys(forms, address))
    return keys


def _years_asked(forms: Forms) -> range:
    if forms.year is not None:
        return range(forms.year - _YEARS_AROUND_A_YEAR, forms.year + _YEARS_AROUND_A_YEAR + 1)
    if forms.about_year is not None:
        around = _YEARS_AROUND_AN_AGE
        return range(forms.about_year - around, forms.about_year + around + 1)
    return range(0)


def _name_keys(forms: Forms) -> list[int]:
    keys = []
    letters = "".join(sorted("".join(forms.latin)))
    if len(letters) >= _FEWEST_LETTERS:
        # In any order, however the parts are parted.
        keys.append(_key("A" + letters))
    if forms.year and forms.month and forms.day:
        born = f"{forms.year}-{forms.month}-{forms.day}"
        keys.extend(_key(f"C{sign}|{born}") for sign in _called(forms))
    if not forms.name_sound:
        return keys
    if forms.given and not forms.name_masked:
        keys.append(_whole_key(forms.surname + forms.given))
        if len(forms.name_parts) > 1:
            keys.extend(map(_part_key, forms.name_parts[:_MOST_PARTS]))
        if forms.year is not None and (name := _sound_text(forms)):
            keys.append(_key(f"Y{name}|{forms.year}"))
    if forms.year and forms.month and forms.day:
        keys.extend(_birth_keys(forms, forms.month, forms.day))
    return keys


def _whole_key(name: str) -> int:
    """The name as it is written, look-alikes fallen together."""
    return _key(f"N{shape(name)}")


def _part_key(sounds: str) -> int:
    """A part of a traditional name."""
    return _key(f"F{coarse_text(tuple(sounds.split()))}")


def _other_wholes(forms: Forms) -> list[str]:
    """What else may be written of the same name: it without a character, the beginning of a
    traditional one.

    Only when asking: stored, each would be a key of 23 million persons.
    """
    if not forms.given or forms.name_masked:
        return []
    name, own = forms.surname + forms.given, len(forms.surname)
    given = range(own, len(name)) if 1 < len(forms.given) <= _MOST_LEFT_OUT else ()
    begins = (2, 3) if len(forms.name_parts) > 1 else ()
    return [
        *(name[:at] + name[at + 1 :] for at in given),
        *(forms.name_folded[:end] for end in begins),
    ]


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
    if address.district and (name := _sound_text(forms)):
        keys.append(_key(f"T{name}|{address.district}"))
    if address.district and forms.year and forms.month and forms.day:
        keys.append(_key(f"B{forms.year}-{forms.month}-{forms.day}|{address.district}"))
    return keys


def _called_keys(forms: Forms, address: Address, year: int | None) -> list[int]:
    """A sound that somebody may be called by, with year of birth and district."""
    if not address.district or year is None:
        return []
    return [_key(f"K{sign}|{year}|{address.district}") for sign in _called(forms)]


def _called(forms: Forms) -> list[str]:
    """Sounds of what somebody is called by: the nickname, else each sign of the given name."""
    if forms.nickname and forms.nickname != forms.surname:
        return [coarse(sound(sign)) for sign in dict.fromkeys(forms.nickname)]
    if forms.name_masked or len(forms.given) > _MOST_CALLED:
        return []
    # 黃妹 is called 妹, or is somebody called 黃.
    given = forms.name_sound[len(forms.surname) * (not forms.nickname) :]
    return [coarse(one) for one in dict.fromkeys(given)]


def _sound_text(forms: Forms) -> str:
    if not is_whole(forms):
        return ""
    return coarse_text(forms.name_sound)


_key: Final = key_of
