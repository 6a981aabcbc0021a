"""Ciphertexts swapped, moved, rolled back; the database's superuser alone (R6, R7, S14).

A trial takes the whole content of a small vault as a superuser has it, every sealed value, every
wrapped data key and all that was there before, makes one move with them, and reads back through
the product's own functions. Whatever opens is a finding. The keys folder is out of the
superuser's reach: that is the claim, and all he knows stands in the trial's `Vault`.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from anwang.access import key_folder, sealing
from anwang.access.sealing import (
    BEFORE,
    CannotUnseal,
    DataKey,
    Wrapped,
    new_data_key,
    open_data_key,
    rewrap,
    seal,
    unseal,
)
from config.home import keys_folder
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "sealed_values",
    "ciphertexts swapped, moved, rolled back; database superuser alone",
    "100 % of 100,000 refused; 0 protected fields readable",
    share=2_000,
    whole=100_000,
    portion=5_000,
)
COUNTIES = ("68000", "63000", "00000")
COLUMNS = (
    ("vault.raw_body", "sealed"),
    ("vault.reporter", "sealed"),
    ("vault.safe_address", "sealed"),
    ("vault.message", "sealed"),
    ("intake_attachment", "sealed_copy"),
    ("intake_attachment", "sealed_original"),
)
Place = tuple[str, str, str]  # table, column, row


@dataclass(frozen=True)
class Sealed:
    """One sealed value, where it lies, and what it says."""

    place: Place
    sealed: bytes
    plain: bytes


@dataclass(frozen=True)
class Kept:
    """A report's wrapped data key and all its values."""

    wrapped: Wrapped
    values: tuple[Sealed, ...]


def kept_report(dice: random.Random) -> Kept:
    opened, wrapped = new_data_key(uuid.UUID(int=dice.getrandbits(128)), dice.choice(COUNTIES))
    values = []
    for table, column in COLUMNS:
        for _ in range(2):
            row = str(uuid.UUID(int=dice.getrandbits(128)))
            plain = f"通報人 {dice.getrandbits(60)}".encode()
            sealed = seal(plain, table=table, column=column, row=row, data_key=opened)
            values.append(Sealed((table, column, row), sealed, plain))
    return Kept(wrapped, tuple(values))


def opens(place: Place, sealed: bytes, opened: DataKey) -> bool:
    table, column, row = place
    try:
        unseal(sealed, table=table, column=column, row=row, data_key=opened)
    except CannotUnseal:
        return False
    return True


def key_opens(wrapped: Wrapped) -> bool:
    try:
        open_data_key(wrapped)
    except CannotUnseal:
        return False
    return True


def _pair(
    kept: Kept, dice: random.Random, same: Callable[[Place], object]
) -> tuple[Sealed, Sealed]:
    """Two values of a report, in one respect equal and in the others not."""
    one = dice.choice(kept.values)
    others = [v for v in kept.values if v.place != one.place and same(v.place) == same(one.place)]
    return one, dice.choice(others)


def _flipped(text: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << dice.randrange(8))]) + text[at + 1 :]


# The moves. Each gives True for every reading that should have been refused and was not.


def other_row(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    one, other = _pair(a, dice, lambda place: place[:2])
    yield opens(one.place, other.sealed, open_data_key(a.wrapped))


def other_column(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    opened = open_data_key(a.wrapped)
    one = next(v for v in a.values if v.place[1] == "sealed_original")
    table, _, row = one.place
    yield opens((table, "sealed_copy", row), one.sealed, opened)


def other_table(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    opened = open_data_key(a.wrapped)
    one = dice.choice([v for v in a.values if v.place[1] == "sealed"])
    for table in {"vault.reporter", "vault.message", "vault.raw_body"} - {one.place[0]}:
        yield opens((table, "sealed", one.place[2]), one.sealed, opened)


def shifted_parts(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """The same letters in a row, divided into table, column and row at another place."""
    one = dice.choice(a.values)
    table, column, row = one.place
    yield opens((table + column[0], column[1:], row), one.sealed, open_data_key(a.wrapped))


def other_report(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    one, other = dice.choice(a.values), dice.choice(b.values)
    yield opens(one.place, other.sealed, open_data_key(a.wrapped))
    yield opens(other.place, other.sealed, open_data_key(a.wrapped))


def other_county(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    county = dice.choice([c for c in ("68000", "63000", "64000") if c != a.wrapped.county])
    yield key_opens(replace(a.wrapped, county=county))
    one, opened = dice.choice(a.values), open_data_key(a.wrapped)
    moved = one.sealed[:3] + county.encode() + one.sealed[8:]
    yield opens(one.place, moved, opened)
    yield opens(one.place, moved, replace(opened, county=county))
    yield opens(one.place, one.sealed, replace(opened, county=county))


def other_key(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    yield key_opens(replace(a.wrapped, wrap=b.wrapped.wrap, county=b.wrapped.county))
    yield key_opens(replace(b.wrapped, scope=a.wrapped.scope))


def transplanted(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """A value with its own key into another report's row."""
    one, other = dice.choice(a.values), dice.choice(b.values)
    opened = open_data_key(b.wrapped)
    yield opens(one.place, other.sealed, opened)
    yield opens(other.place, other.sealed, replace(opened, scope=a.wrapped.scope))


def other_version(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    yield key_opens(replace(a.wrapped, kek_version=a.wrapped.kek_version + dice.choice((1, 7))))


def changed(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    one, opened = dice.choice(a.values), open_data_key(a.wrapped)
    yield opens(one.place, _flipped(one.sealed, dice), opened)
    yield opens(one.place, one.sealed[: dice.randrange(len(one.sealed))], opened)
    yield opens(one.place, one.sealed + b"\x00", opened)
    yield key_opens(replace(a.wrapped, wrap=_flipped(a.wrapped.wrap, dice)))
    yield key_opens(replace(a.wrapped, wrap=a.wrapped.wrap[: dice.randrange(60)]))


def older_format(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    one, opened = dice.choice(a.values), open_data_key(a.wrapped)
    yield opens(one.place, BEFORE + one.sealed[8:], opened)
    yield opens(one.place, BEFORE + one.sealed[4:], opened)


def rotated_back(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """The wrap from before a rotation, put back into its row afterwards."""
    before = key_folder.current_version()
    new = key_folder.begin_version()
    rewrapped = rewrap(a.wrapped)
    assert rewrapped.kek_version == new and key_opens(rewrapped), "a rotation loses nothing"
    if dice.random() < 0.5:
        key_folder.forget_version(before)
    else:  # by another program, while this one still has it in memory
        (keys_folder() / f"vault-{before}.key").unlink()
    yield key_opens(a.wrapped)
    yield key_opens(replace(a.wrapped, kek_version=new))


def shredded_back(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """A destroyed data key, put back from a backup of the database."""
    assert key_opens(a.wrapped)
    key_folder.note_shredded([a.wrapped.scope])
    yield key_opens(a.wrapped)
    yield not key_opens(b.wrapped)  # its neighbour still opens


def draft_rolled_back(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """An older text of a draft under a newer row; standing keys hold these."""
    old, new = (str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(2))
    place = {"table": "intake_draft", "column": "sealed_body"}
    sealed = seal(b"first", **place, row=old)
    try:
        yield bool(unseal(sealed, **place, row=new))
    except CannotUnseal:
        yield False


def read_alone(a: Kept, b: Kept, dice: random.Random) -> Iterator[bool]:
    """All that lies in the database, and no keys folder: nothing is readable in it."""
    for one in a.values:
        yield one.plain in one.sealed or one.plain in a.wrapped.wrap
    one = dice.choice(a.values)
    wrap = a.wrapped.wrap
    for guess in (bytes(32), wrap[:32], wrap[12:44], wrap[-32:], a.wrapped.scope.bytes * 2):
        yield opens(one.place, one.sealed, replace(open_data_key(b.wrapped), plain=guess))


MOVES = (
    other_row, other_column, other_table, shifted_parts, other_report, other_county, other_key,
    transplanted, other_version, changed, older_format, rotated_back, shredded_back,
    draft_rolled_back, read_alone,
)  # fmt: skip


def attempt(numbers: range, seed: int) -> list[str]:
    found = []
    for number in numbers:
        dice = random.Random(f"{seed}/{number}")
        move = MOVES[number % len(MOVES)]
        a, b = kept_report(dice), kept_report(dice)
        # A value that does not open where it belongs would make every refusal worthless.
        opened, sample = open_data_key(a.wrapped), dice.choice(a.values)
        if not opens(sample.place, sample.sealed, opened):
            found.append(f"{number}: does not open in its own place")
        if any(list(move(a, b, dice))):
            found.append(f"{number}: {move.__name__} was not refused")
    return found


@pytest.fixture(autouse=True)
def keys_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("ANWANG_KEYS", str(tmp_path))
    sealing._opened_standing.cache_clear()
    yield
    sealing._opened_standing.cache_clear()


def test_no_ciphertext_opens_out_of_its_place():
    hold(FIGURE, attempt)


@pytest.mark.parametrize("fault", rotating(faults_of("sealed_values")), ids=lambda f: f["fault"])
def test_a_planted_fault_of_the_seals_is_found(fault):
    with planted_in_code(fault):
        assert attempt(range(10 * len(MOVES)), 1)
