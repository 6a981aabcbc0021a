"""Shares with what chance leaves open, and counts too small to be shown.

Wilson's interval holds for small numbers and for shares near 0 and 1, where the usual one leaves the
range. A count of 1 to 4 could be somebody: it is not shown, and neither is the next smallest of its
group where it could be found by subtraction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LEAST_SHOWN: Final = 5
Z_95: Final = 1.959963984540054  # both sides of the normal distribution together 5 %


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of`, with the 95 % interval; all four None where the number is too small to show."""

    hits: int | None
    of: int | None
    low: float | None
    high: float | None

    @property
    def share(self) -> float | None:
        """0 to 1; None where it is hidden or nothing was counted."""
        return self.hits / self.of if self.hits is not None and self.of else None

    def as_dict(self) -> dict[str, Any]:
        """As kept with a result."""
        return {
            "hits": self.hits,
            "of": self.of,
            "share": self.share,
            "low": self.low,
            "high": self.high,
        }


def wilson(hits: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Lower and upper end of a share's interval (E. B. Wilson, 1927). (0, 1) where `of` is 0."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, z * z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    # At 0 and at all the ends are exact; rounding must not put them a hair inside.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == of else middle + half)


def share_of(hits: int, of: int) -> Share:
    """A share to be shown; hidden where its base, its hits or the rest are 1 to 4."""
    if any(too_small(one) for one in (of, hits, of - hits)):
        return Share(None, of if not too_small(of) else None, None, None)
    return Share(hits, of, *wilson(hits, of))


def too_small(count: float) -> bool:
    """Whether a count of persons or reports could point to somebody."""
    return 0 < count < LEAST_SHOWN


def shown_counts(counts: Mapping[str, int], *, total_known: bool = True) -> dict[str, int | None]:
    """Counts with the small ones hidden (None). Where one alone is hidden and the total is known, the
    next smallest that is not 0 is hidden too: else it could be found by subtraction."""
    shown: dict[str, int | None] = {
        name: None if too_small(count) else count for name, count in counts.items()
    }
    hidden = [name for name, count in shown.items() if count is None]
    if total_known and len(hidden) == 1:
        left = [(count, name) for name, count in shown.items() if count]
        if left:
            shown[min(left)[1]] = None
    return shown


def hide_alone(shares: Sequence[tuple[str, int, int]]) -> dict[str, Share]:
    """(group, hits, of) -> group to share; the groups make up a known whole, so that one hidden alone
    takes the next smallest with it."""
    found = {name: share_of(hits, of) for name, hits, of in shares}
    hidden = [name for name, one in found.items() if one.hits is None and one.of != 0]
    if len(hidden) == 1:
        left = [(of, name) for name, _, of in shares if found[name].hits is not None and of]
        if left:
            name = min(left)[1]
            found[name] = Share(None, found[name].of, None, None)
    return found
