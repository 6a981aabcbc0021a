"""Small pictures of results as numbers for SVG: bars, intervals, hours. The pages allow no style, so
every length is an attribute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

WIDTH: Final = 200  # of a bar or an interval, in the picture's own units
CELL: Final = 16
MARK: Final = 5.0  # hundredths of a lane that a mark takes on a narrow screen
HALF: Final = 12  # height of the longest bar of an hour, above or below the line


def bar(value: float | None, most: float, width: int = WIDTH) -> int:
    """Length of a bar; 0 for what is hidden."""
    return round(value / most * width) if value and most else 0


def interval(share: Mapping[str, Any], most: float = 1.0) -> dict[str, int] | None:
    """Left and right end and the point of a share with its interval; None where it is hidden."""
    if share["share"] is None or not most:
        return None
    low, high, middle = (min(share[name] / most, 1.0) for name in ("low", "high", "share"))
    return {
        "x": round(low * WIDTH),
        "width": max(2, round((high - low) * WIDTH)),
        "at": round(middle * WIDTH),
    }


def widest(shares: Sequence[Mapping[str, Any]]) -> float:
    """The upper end that a picture of these shares must reach."""
    return max((one["high"] for one in shares if one["high"] is not None), default=1.0)


def hour_cells(before: Sequence[int | None], after: Sequence[int | None]) -> list[dict[str, Any]]:
    """24 bars from a line in the middle: up for more in that hour, down for fewer.

    `tall` is 0 to HALF, `top` where the bar begins; both None where a count is hidden.
    """
    apart = [None if b is None or a is None else a - b for b, a in zip(before, after, strict=True)]
    most = max((abs(one) for one in apart if one is not None), default=0)
    cells = []
    for hour, one in enumerate(apart):
        tall = None if one is None else bar(abs(one), most, HALF)
        cells.append({
            "hour": hour,
            "x": hour * CELL,
            "before": before[hour],
            "after": after[hour],
            "fewer": one is not None and one < 0,
            "tall": tall,
            "top": None if one is None or tall is None else HALF if one < 0 else HALF - tall,
        })  # fmt: skip
    return cells


def lane(
    steps: Sequence[Mapping[str, Any]], place: int, days: Sequence[str]
) -> list[dict[str, Any]]:
    """One version's line through time, as long as the time was: a span from each day of facts to the
    next, a mark a report. `x` and `width` are hundredths of the line; `tier` counts marks that would
    hide each other, which stand below one another.
    """
    first, last = (dt.date.fromisoformat(days[end]) for end in (0, -1))
    step = 100 / max((last - first).days, 1)
    at = {day: (dt.date.fromisoformat(day) - first).days * step for day in days}
    drawn: list[dict[str, Any]] = []
    facts = [one for one in steps if one["kind"] == "facts"]
    for number, one in enumerate(facts):
        ends = facts[number + 1]["day"] if number + 1 < len(facts) else days[-1]
        x, to = at[one["day"]], at[ends]
        drawn.append({"kind": "facts", "x": round(x, 2), "width": max(0.25, round(to - x, 2)),
                      **one["said"][place], "day": one["day"]})  # fmt: skip
    ends_at: list[float] = []  # of each tier, where its last mark stands
    for one in steps:
        if one["kind"] == "report":
            x = at[one["day"]]
            tier = next((n for n, end in enumerate(ends_at) if x - end >= MARK), len(ends_at))
            ends_at[tier : tier + 1] = [x]
            drawn.append({"kind": "report", "x": round(x, 2), "width": 0, "y": 15 + 15 * tier,
                          **one["said"][place], "day": one["day"]})  # fmt: skip
    return drawn


def height_of(drawn: Sequence[Mapping[str, Any]]) -> int:
    """How tall a lane is with its marks."""
    return 15 + max((one["y"] for one in drawn if "y" in one), default=15)
