"""Where each person of a genogram stands: one row a generation, partners side by side, children
below.

Reads a picture's members and edges only. Wrong data (somebody their own ancestor, a parent younger
than the child) bends the drawing but never breaks it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SYMBOL: Final = 36  # height and width of a person
CELL: Final = 116  # a person with the label below
COUPLE: Final = 116  # between the middles of two partners
LABEL: Final = 50  # below a symbol, where nobody says how far its words reach
GAP: Final = 90  # between two generations besides the words below the upper one and its lanes
LANE: Final = 9  # between two sibling lines in one gap
MARGIN: Final = 28
LOOSE: Final = 20  # that rows without ties between them stand nearer
LOOSE_A_ROW: Final = 8
_PASSES: Final = 24
_YEARS_A_GENERATION: Final = 26


@dataclass(slots=True)
class Family:
    """Children of the same known parents. `bar` is the height of the line they hang on."""

    parents: tuple[str, ...]
    children: list[str]
    inferred: bool
    bar: float = 0.0


@dataclass(slots=True)
class Layout:
    """Middles of all persons, in units of the drawing; rows from old to young."""

    at: dict[str, tuple[float, float]] = field(default_factory=dict)
    families: list[Family] = field(default_factory=list)
    partners: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    depths: Mapping[str, float] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0

    def depth(self, pid: str) -> float:
        """How far the words below a person's symbol reach."""
        return self.depths.get(pid, LABEL)

    def row_depth(self, row: Iterable[str]) -> float:
        """How far the words below a row reach."""
        return max((self.depth(pid) for pid in row), default=LABEL)


def lay_out(
    members: Sequence[Mapping[str, Any]],
    edges: Sequence[Mapping[str, Any]],
    depths: Mapping[str, float] | None = None,
) -> Layout:
    """Place every member of a picture. `depths`: how far the words below each symbol reach."""
    ages = {one["person_id"]: one["age"] for one in members}
    sexes = {one["person_id"]: one["sex"] for one in members}
    order = list(ages)
    families = _families(edges, order, ages)
    partners = _partners(edges, families, order)
    tied = {pid for pair in partners for pid in pair}
    tied |= {pid for one in families for pid in (*one.parents, *one.children)}
    blocks = _blocks([pid for pid in order if pid in tied], partners, sexes)
    generations = _generations(blocks, families, ages, order)
    rows = _rows(blocks, generations, families, ages)
    layout = Layout(families=families, partners=partners, depths=depths or {})
    columns = _columns(rows, families)
    _stand(layout, rows, columns)
    _stand_loose(layout, [pid for pid in order if pid not in tied])
    layout.width = max((x for x, _ in layout.at.values()), default=0.0) + CELL / 2 + MARGIN
    layout.height = (
        SYMBOL / 2
        + 2
        + max((y + layout.depth(pid) for pid, (_, y) in layout.at.items()), default=LABEL)
    )
    return layout


Block = tuple[str, ...]


def _families(
    edges: Sequence[Mapping[str, Any]], order: list[str], ages: Mapping[str, int | None]
) -> list[Family]:
    parents: dict[str, set[str]] = defaultdict(set)
    guessed: set[str] = set()
    for edge in edges:
        if edge["kind"] == "parent" and edge["from"] in ages and edge["to"] in ages:
            parents[edge["to"]].add(edge["from"])
            if edge.get("inferred"):
                guessed.add(edge["to"])
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for pid in order:
        if parents[pid]:
            known = tuple(sorted(parents[pid], key=order.index))
            groups[(known, pid in guessed)].append(pid)
    found = []
    for (known, inferred), children in groups.items():
        children.sort(key=lambda pid: (ages[pid] is None, -(ages[pid] or 0), order.index(pid)))
        found.append(Family(known, children, inferred))
    return found


def _partners(
    edges: Sequence[Mapping[str, Any]], families: list[Family], order: list[str]
) -> list[tuple[str, str]]:
    pairs = {
        tuple(sorted((edge["from"], edge["to"]), key=order.index))
        for edge in edges
        if edge["kind"] == "spouse" and edge["from"] in order and edge["to"] in order
    }
    pairs |= {one.parents[:2] for one in families if len(one.parents) >= 2}
    return sorted((pair[0], pair[1]) for pair in pairs)


def _blocks(
    order: list[str], partners: list[tuple[str, str]], sexes: Mapping[str, str]
) -> list[Block]:
    """Persons joined by partnership, in the order they stand: the one with most partners amid."""
    beside: dict[str, list[str]] = defaultdict(list)
    for one, other in partners:
        beside[one].append(other)
        beside[other].append(one)
    found: list[Block] = []
    seen: set[str] = set()
    for pid in order:
        if pid in seen:
            continue
        group, queue = [pid], deque([pid])
        seen.add(pid)
        while queue:
            for near in beside[queue.popleft()]:
                if near not in seen:
                    seen.add(near)
                    group.append(near)
                    queue.append(near)
        found.append(_standing(group, beside, sexes))
    return found


def _standing(group: list[str], beside: Mapping[str, list[str]], sexes: Mapping[str, str]) -> Block:
    if len(group) <= 2:
        # By custom the man stands left.
        return tuple(sorted(group, key=lambda pid: {"M": 0, "F": 2}.get(sexes[pid], 1)))
    ends = [pid for pid in group if len(beside[pid]) == 1] or group[:1]
    line, seen = [], set()
    stack = [ends[0]]
    while stack:
        pid = stack.pop()
        if pid not in seen:
            seen.add(pid)
            line.append(pid)
            stack.extend(reversed([near for near in beside[pid] if near not in seen]))
    return tuple(line)


def _generations(
    blocks: list[Block],
    families: list[Family],
    ages: Mapping[str, int | None],
    order: list[str],
) -> dict[Block, int]:
    """Steps from the first member's block; a block without a tie to it is placed by its age."""
    block_of = {pid: block for block in blocks for pid in block}
    steps: dict[Block, list[tuple[Block, int]]] = defaultdict(list)
    for family in families:
        for parent in family.parents:
            for child in family.children:
                steps[block_of[parent]].append((block_of[child], 1))
                steps[block_of[child]].append((block_of[parent], -1))
    found: dict[Block, int] = {}
    base = next((ages[pid] for pid in order if ages[pid] is not None), None)
    for start in blocks:
        if start in found:
            continue
        age = next((ages[pid] for pid in start if ages[pid] is not None), None)
        by_age = 0 if age is None or base is None else round((base - age) / _YEARS_A_GENERATION)
        found[start] = by_age if found else 0
        queue = deque([start])
        while queue:
            block = queue.popleft()
            for near, step in steps[block]:
                if near not in found:
                    found[near] = found[block] + step
                    queue.append(near)
    return found


def _rows(
    blocks: list[Block],
    generations: Mapping[Block, int],
    families: list[Family],
    ages: Mapping[str, int | None],
) -> list[list[Block]]:
    """Blocks of each generation from left to right: down each line, in-laws' lines beside."""
    block_of = {pid: block for block in blocks for pid in block}
    down: dict[Block, list[Block]] = defaultdict(list)
    up: dict[Block, list[Block]] = defaultdict(list)
    above: dict[str, Block] = {}
    for family in sorted(families, key=lambda one: _middle(one, block_of)):
        parent = block_of[family.parents[0]]
        for child in family.children:
            down[parent].append(block_of[child])
            up[block_of[child]].append(parent)
            above.setdefault(child, parent)
    rows: dict[int, list[Block]] = defaultdict(list)
    seen: set[Block] = set()

    def visit(block: Block) -> None:
        if block in seen:
            return
        seen.add(block)
        rows[generations[block]].append(block)
        for child in dict.fromkeys(down[block]):
            visit(child)
            # The partner's parents come next, so that their line falls beside and not across.
            for pid in child:
                for parent in up[child]:
                    if pid in child and parent not in seen:
                        visit(parent)

    def leftmost(block: Block) -> Block:
        """Of the parents of a couple those of who stands left, so that their lines do not cross."""
        for child in down[block]:
            parents = list(dict.fromkeys(above[pid] for pid in child if pid in above))
            if len(parents) > 1 and not up[parents[0]]:
                return parents[0]
        return block

    roots = sorted(blocks, key=lambda block: (generations[block], blocks.index(block)))
    for block in roots:
        if not up[block]:
            visit(leftmost(block))
            visit(block)
    for block in roots:
        visit(block)
    return [rows[step] for step in sorted(rows)]


def _columns(rows: list[list[Block]], families: list[Family]) -> dict[Block, float]:
    """The left person's middle of each block: children under their parents, nobody overlapping."""
    block_of = {pid: block for row in rows for block in row for pid in block}
    at = {}
    for row in rows:
        x = 0.0
        for block in row:
            at[block] = x
            x += _length(block) + CELL
    links = [
        (
            block_of[family.parents[0]],
            _middle(family, block_of),
            block_of[child],
            _offset(child, block_of),
        )
        for family in families
        for child in family.children
    ]
    for turn in range(_PASSES):
        for row in rows if turn % 2 == 0 else rows[::-1]:
            wanted = [_wanted(block, at, links) for block in row]
            at.update(zip(row, _apart(row, wanted), strict=True))
    left = min(at.values(), default=0.0)
    return {block: x - left for block, x in at.items()}


def _wanted(
    block: Block, at: Mapping[Block, float], links: list[tuple[Block, float, Block, float]]
) -> float:
    pulls = []
    for parent, middle, child, offset in links:
        if parent == child:
            continue
        if block == child:
            pulls.append(at[parent] + middle - offset)
        elif block == parent:
            pulls.append(at[child] + offset - middle)
    return sum(pulls) / len(pulls) if pulls else at[block]


def _apart(row: list[Block], wanted: list[float]) -> list[float]:
    """The places nearest to `wanted` that keep order and distance (pool adjacent violators)."""
    shift = [0.0]
    for block in row[:-1]:
        shift.append(shift[-1] + _length(block) + CELL)
    pools: list[tuple[float, int]] = []
    for want, moved in zip(wanted, shift, strict=True):
        pools.append((want - moved, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, many), (high, more) = pools.pop(), pools.pop()
            pools.append(((low * many + high * more) / (many + more), many + more))
    flat = [value for value, many in pools for _ in range(many)]
    return [value + moved for value, moved in zip(flat, shift, strict=True)]


def _length(block: Block) -> float:
    return (len(block) - 1) * COUPLE


def _offset(pid: str, block_of: Mapping[str, Block]) -> float:
    return block_of[pid].index(pid) * COUPLE


def _middle(family: Family, block_of: Mapping[str, Block]) -> float:
    """Where a family's line leaves its parents, from the left person of their block."""
    offsets = [_offset(pid, block_of) for pid in family.parents[:2]]
    return sum(offsets) / len(offsets)


def _stand(layout: Layout, rows: list[list[Block]], columns: Mapping[Block, float]) -> None:
    for row in rows:
        layout.rows.append([pid for block in row for pid in block])
        for block in row:
            for place, pid in enumerate(block):
                layout.at[pid] = (MARGIN + CELL / 2 + columns[block] + place * COUPLE, 0.0)
    y = MARGIN + SYMBOL / 2 + 6
    for here in layout.rows:
        for pid in here:
            layout.at[pid] = (layout.at[pid][0], y)
        deep = layout.row_depth(here)
        y += GAP + deep + max(0, _bars(layout, set(here), y + deep) - 1) * LANE


def _bars(layout: Layout, here: set[str], y: float) -> int:
    """Give each family of this row's parents a bar that runs into no other's; how many lanes.

    `y`: where the words below the row end, less half a symbol.
    """
    spans = []
    for family in layout.families:
        if family.parents[0] in here:
            stands = [layout.at[pid][0] for pid in family.parents[:2]]
            reach = [sum(stands) / len(stands), *(layout.at[pid][0] for pid in family.children)]
            spans.append((min(reach), max(reach), family))
    ends: list[float] = []
    for left, right, family in sorted(spans, key=lambda one: one[:2]):
        lane = next((lane for lane, end in enumerate(ends) if end < left - 12), len(ends))
        ends[lane : lane + 1] = [right]
        family.bar = y + SYMBOL / 2 + 8 + lane * LANE
    return len(ends)


def _stand_loose(layout: Layout, loose: list[str]) -> None:
    """Members without a known tie stand below in rows of their own."""
    first = MARGIN + SYMBOL / 2 + 6
    below = max(
        (y + layout.depth(pid) + GAP - LOOSE for pid, (_, y) in layout.at.items()), default=first
    )
    for start in range(0, len(loose), LOOSE_A_ROW):
        row = loose[start : start + LOOSE_A_ROW]
        layout.rows.append(row)
        for place, pid in enumerate(row):
            layout.at[pid] = (MARGIN + CELL / 2 + place * CELL, below)
        below += layout.row_depth(row) + GAP - LOOSE
