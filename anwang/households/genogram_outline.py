"""The dashed outline around those who live together: the border of a union of boxes, corners
rounded.
"""

from collections.abc import Sequence
from itertools import pairwise

Box = tuple[float, float, float, float]  # left, top, right, bottom
Point = tuple[float, float]


def outline_path(boxes: Sequence[Box], radius: float = 14) -> str:
    """SVG path data around the union of `boxes`; one closed run for each separate part and hole."""
    xs = sorted({x for left, _, right, _ in boxes for x in (left, right)})
    ys = sorted({y for _, top, _, bottom in boxes for y in (top, bottom)})
    inside = {
        (i, j)
        for i, (x0, x1) in enumerate(pairwise(xs))
        for j, (y0, y1) in enumerate(pairwise(ys))
        if any(
            left <= x0 and x1 <= right and top <= y0 and y1 <= bottom
            for left, top, right, bottom in boxes
        )
    }
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i, j in sorted(inside):
        # Walk each border so that the inside lies to the right.
        if (i, j - 1) not in inside:
            steps.setdefault((i, j), []).append((i + 1, j))
        if (i + 1, j) not in inside:
            steps.setdefault((i + 1, j), []).append((i + 1, j + 1))
        if (i, j + 1) not in inside:
            steps.setdefault((i + 1, j + 1), []).append((i, j + 1))
        if (i - 1, j) not in inside:
            steps.setdefault((i, j + 1), []).append((i, j))
    runs = []
    while steps:
        start = next(iter(steps))
        run, node = [], start
        while node in steps:
            run.append((xs[node[0]], ys[node[1]]))
            onward = steps[node].pop()
            if not steps[node]:
                del steps[node]
            node = onward
        runs.append(_rounded(_corners(run), radius))
    return " ".join(runs)


def _corners(run: list[Point]) -> list[Point]:
    count = len(run)
    return [
        point
        for at, point in enumerate(run)
        if not (
            run[at - 1][0] == point[0] == run[(at + 1) % count][0]
            or run[at - 1][1] == point[1] == run[(at + 1) % count][1]
        )
    ]


def _rounded(corners: list[Point], radius: float) -> str:
    parts: list[str] = []
    for at, corner in enumerate(corners):
        before, after = corners[at - 1], corners[(at + 1) % len(corners)]
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        parts.append(f"{'L' if parts else 'M'}{_xy(enter)}Q{_xy(corner)} {_xy(leave)}")
    return "".join(parts) + "Z"


def _toward(point: Point, other: Point, radius: float) -> Point:
    far = abs(other[0] - point[0]) + abs(other[1] - point[1])
    part = min(radius, far / 2) / far if far else 0
    return (point[0] + (other[0] - point[0]) * part, point[1] + (other[1] - point[1]) * part)


def _xy(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
