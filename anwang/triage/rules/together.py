"""How many waiting reports may be screened together: as far as none tells a later one anything.

What a screening writes down (whom the subjects are, by which keys they are found) is part of what the
next one reads. The first report that would read it waits until it is written, and those behind it wait
too, so that many reports at once come out as one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import blocking_keys, query_keys

Told: TypeAlias = Collection[object]


def keys_asked(subjects: Iterable[Forms]) -> frozenset[int]:
    """The keys by which people are looked for."""
    return frozenset(key for forms in subjects for key in query_keys(forms))


def keys_told(subjects: Iterable[Forms]) -> frozenset[int]:
    """The keys by which these would be found, once they are written down."""
    return frozenset(key for forms in subjects for key in blocking_keys(forms))


def how_many_together(reads: Sequence[Told], writes: Sequence[Told]) -> int:
    """How many, from the first on, read nothing that one before them writes; none for none."""
    written: set[object] = set()
    for place, (mine, told) in enumerate(zip(reads, writes, strict=True)):
        if not written.isdisjoint(mine):
            return place
        written.update(told)
    return len(reads)
