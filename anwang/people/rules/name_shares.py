"""How common a name is, in whole bits: one in 2 to the power of that bears it.

Two who share 陳怡君 share less than two who share a name nobody else has. The bits are a column of
a record, and the levels of the name (rules/comparisons.py) ask for ranges of them, so that every
engine weighs a name alike (decision 17). A rare name's bits come from its parts: surname, and given
name or its characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import log2
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.people.rules.characters import folded_text, sound

SHARES_FILE: Final = Path(__file__).parent.parent / "policies" / "name_shares.yaml"
IN: Final = 100_000  # shares are told in so many persons
MOST_BITS: Final = 30
_LEAST_COUNTED: Final = 5  # a rarer name is told by its characters; its bearers stay unnamed
_RARE_SIGN: Final = 0.00005
Shares = Mapping[str, float]


@dataclass(frozen=True)
class NameShares:
    """Shares of the population, 0 to 1. `first` and `second`: characters of given names of two."""

    version: str
    surnames: Shares
    given: Shares
    first: Shares
    second: Shares
    rare_surname: float
    rare_given: float
    _known: dict[tuple[str, str, tuple[str, ...]], tuple[int, int]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def bits(self, surname: str, given: str, sounds: tuple[str, ...]) -> tuple[int, int]:
        """(bits of the name, bits of its sound); 0 where no whole name is told."""
        if not surname or not given:
            return 0, 0
        name = (surname, given, sounds)
        if (found := self._known.get(name)) is None:
            found = self._bits(*name)
            if len(self._known) < 1 << 18:
                self._known[name] = found
        return found

    def _bits(self, surname: str, given: str, sounds: tuple[str, ...]) -> tuple[int, int]:
        ours = self.surnames.get(surname, self.rare_surname) * self.share_of_given(given)
        heard = " ".join(sounds[: len(surname)]), " ".join(sounds[len(surname) :])
        by_sound = self._sounds
        surname_heard = max(by_sound["surnames"].get(heard[0], 0.0), self.rare_surname)
        given_heard = max(
            by_sound["given"].get(heard[1], 0.0), self._by_signs(sounds[len(surname) :], by_sound),
            self.rare_given,
        )  # fmt: skip
        alike = max(ours, surname_heard * given_heard)
        return _whole(ours), _whole(alike)

    def share_of_given(self, given: str) -> float:
        """The share who bear a given name: as counted, else by its characters."""
        if given in self.given:
            return self.given[given]
        if self.first and len(given) == 2:
            return self.first.get(given[0], _RARE_SIGN) * self.second.get(given[1], _RARE_SIGN)
        return self.rare_given

    def _by_signs(self, sounds: tuple[str, ...], heard: Mapping[str, Shares]) -> float:
        if not self.first or len(sounds) != 2:
            return 0.0
        return heard["first"].get(sounds[0], 0.0) * heard["second"].get(sounds[1], 0.0)

    @property
    def _sounds(self) -> Mapping[str, Shares]:
        return _by_sound(self)

    def __hash__(self) -> int:
        return id(self)

    def told(self) -> dict[str, Any]:
        """As its file tells it, in `IN` persons."""
        tables = {
            name: {key: round(share * IN, 2) for key, share in getattr(self, name).items()}
            for name in ("surnames", "given", "first", "second")
        }
        return {
            "version": self.version,
            **tables,
            "untold": {
                "surname": round(self.rare_surname * IN, 3), "given": round(self.rare_given * IN, 3)
            },
        }  # fmt: skip


@cache
def _by_sound(shares: NameShares) -> Mapping[str, Shares]:
    """The same tables by sound without tone."""
    heard: dict[str, dict[str, float]] = {}
    for table in ("surnames", "given", "first", "second"):
        found = heard.setdefault(table, {})
        for text, share in getattr(shares, table).items():
            by = " ".join(map(sound, text))
            found[by] = found.get(by, 0.0) + share
    return heard


def _whole(share: float) -> int:
    return min(MOST_BITS, max(1, round(-log2(share))))


def read_shares(path: Path = SHARES_FILE) -> NameShares:
    """A table of shares from its file."""
    return shares_of(read_yaml(path))


def shares_of(told: Mapping[str, Any]) -> NameShares:
    """A table of shares as a file tells it."""

    def table(name: str) -> dict[str, float]:
        return {folded_text(str(key)): float(share) / IN for key, share in told[name].items()}

    rare = told["untold"]
    return NameShares(
        version=str(told["version"]),
        surnames=table("surnames"),
        given=table("given"),
        first=table("first"),
        second=table("second"),
        rare_surname=float(rare["surname"]) / IN,
        rare_given=float(rare["given"]) / IN,
    )


@cache
def shipped_shares() -> NameShares:
    """The shipped table, read once."""
    return read_shares()


def counted_shares(names: Iterable[tuple[str, str]], version: str) -> NameShares:
    """A register's own shares from (surname, given name) of its persons.

    A given name of fewer than five bearers is left to its characters.
    """
    surnames: Counter[str] = Counter()
    given: Counter[str] = Counter()
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for family, own in names:
        if family and own:
            surnames[family] += 1
            given[own] += 1
            if len(own) == 2:
                first[own[0]] += 1
                second[own[1]] += 1
    persons = max(1, surnames.total())
    rare = sum(count for count in given.values() if count < _LEAST_COUNTED)
    rare_names = sum(1 for count in given.values() if count < _LEAST_COUNTED)

    def shares(table: Counter[str], least: int) -> dict[str, float]:
        return {name: count / persons for name, count in sorted(table.items()) if count >= least}

    return NameShares(
        version=version,
        surnames=shares(surnames, _LEAST_COUNTED),
        given=shares(given, _LEAST_COUNTED),
        first=shares(first, 1),
        second=shares(second, 1),
        rare_surname=2 / persons,
        rare_given=max(1, rare) / max(1, rare_names) / persons,
    )
