"""Static checks of decision tables before they are switched on: what no test case may happen to
meet.

Exact, not sampled: every column is cut into the few classes of values that its cells can tell
apart, and rows become boxes of classes. Set columns are only ever asked "has any", which grows
with the set, so single members and the empty set decide whether a row can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise
from typing import Literal

from anwang.rulebook.rules.cells import UNKNOWN, InputSpec, Value
from anwang.rulebook.rules.loader import TableSource, table_on
from anwang.rulebook.rules.tables import DecisionTable, Row

Classes = Mapping[str, tuple[Value, ...]]
Box = dict[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. An `error` keeps a version from being switched on.

    A `note` is for the reader.
    """

    severity: Literal["error", "note"]
    kind: str
    table: str
    row: str | None
    message: str


def check_source(source: TableSource) -> list[Finding]:
    """All findings of one policy file, on every day on which its rows change."""
    findings = [*_texts(source), *_validity(source)]
    days = {source.valid_from} | {
        d for row in source.rows for d in (row.valid_from, row.valid_to) if d
    }
    for day in sorted(day for day in days if source.is_valid_on(day)):
        findings += check_table(table_on(source, day))
    return list(dict.fromkeys(findings))


def check_sources(sources: Sequence[TableSource]) -> list[Finding]:
    """Findings of every file, and versions of one table whose times overlap."""
    findings = [finding for source in sources for finding in check_source(source)]
    for one, other in combinations(sources, 2):
        same = (one.id, one.county) == (other.id, other.county)
        if same and _times_overlap(one, other):
            findings.append(
                _error("overlapping-versions", one.id, None, f"{one.version}, {other.version}")
            )
    return findings


def check_table(table: DecisionTable) -> list[Finding]:
    """Gaps, unreachable rows and overlaps of the rows in force."""
    classes = {spec.name: _classes(spec, table.rows) for spec in table.specs}
    boxes = [_box(row, classes) for row in table.rows]
    if table.hit == "all":
        return []
    return [
        *_gap(table, classes, boxes),
        *_unreachable(table, classes, boxes),
        *_overlaps(table, classes, boxes),
    ]


def _texts(source: TableSource) -> Iterable[Finding]:
    raise_only = {spec.name for spec in source.specs if spec.raise_only}
    for row in source.rows:
        if not row.citation:
            yield _error(
                "no-citation", source.id, row.id, "Name the law or guide, or say 'assumed'."
            )
        if missing := [tongue for tongue in ("zh", "en") if not row.text.get(tongue)]:
            yield _error("no-text", source.id, row.id, f"Text missing in: {', '.join(missing)}.")
        for name in raise_only & row.when.keys():
            if any(atom.op != "has" for atom in row.when[name].atoms):
                yield _error("lowering", source.id, row.id, f"{name} may only be asked with has.")
    yield from _acting_alone(source)
    if source.county is None and (unused := _unused(source)):
        yield Finding("note", "unused-input", source.id, None, ", ".join(unused))


def _acting_alone(source: TableSource) -> Iterable[Finding]:
    """Rows that act without a person and look at no fact of the report itself.

    A score, or what an earlier table made of one, may call for attention and never sends a family
    anywhere.
    """
    facts = {spec.name for spec in source.specs if not (spec.score or spec.chained)}
    for row in source.rows:
        acts = [
            value for name, value in row.then.items() if value in source.automatic.get(name, ())
        ]
        asked = {name for name, cell in row.when.items() if not cell.is_any}
        if acts and not asked & facts:
            yield _error(
                "score-alone", source.id, row.id,
                f"{', '.join(map(str, acts))} needs a fact of the report beside scores.",
            )  # fmt: skip


def _unused(source: TableSource) -> list[str]:
    used = {name for row in source.rows for name in (*row.when, *row.county_may)}
    return [spec.name for spec in source.specs if spec.name not in used]


def _validity(source: TableSource) -> Iterable[Finding]:
    for row in source.rows:
        if row.valid_to is not None and row.valid_to <= row.valid_from:
            yield _error("empty-validity", source.id, row.id, "valid_to is not after valid_from.")
    for one, other in combinations(source.rows, 2):
        if one.id == other.id and _times_overlap(one, other):
            yield _error("overlapping-validity", source.id, one.id, "Two rows of this id at once.")


def _times_overlap(one: Row | TableSource, other: Row | TableSource) -> bool:
    return one.valid_from < (other.valid_to or date.max) and other.valid_from < (
        one.valid_to or date.max
    )


def _classes(spec: InputSpec, rows: Sequence[Row]) -> tuple[Value, ...]:
    """Values that stand for all others, unknown last."""
    atoms = [atom for row in rows if spec.name in row.when for atom in row.when[spec.name].atoms]
    if spec.kind == "flag":
        return (True, False, UNKNOWN)
    if spec.kind == "choice":
        return (*spec.values, UNKNOWN)
    if spec.kind == "set":
        members = sorted({code for atom in atoms for code in atom.codes})
        return (frozenset(), *(frozenset({code}) for code in members), UNKNOWN)
    edges = sorted({edge for atom in atoms for edge in (atom.low, atom.high) if edge is not None})
    between = [(low + high) / 2 for low, high in pairwise(edges)]
    outside = [edges[0] - 1, edges[-1] + 1] if edges else [0.0]
    return (*sorted([*edges, *between, *outside]), UNKNOWN)


def _box(row: Row, classes: Classes) -> Box:
    return {
        name: frozenset(i for i, value in enumerate(classes[name]) if cell.accepts(value))
        for name, cell in row.when.items()
        if not cell.is_any
    }


def _point_outside(box: Box, taken: Sequence[Box], whole: Box) -> Box | None:
    """Some part of `box` that none of `taken` covers, or None.

    Splits the box along one column at a time.
    """
    for place, other in enumerate(taken):
        if any(not (box.get(name, whole[name]) & part) for name, part in other.items()):
            continue
        for name, part in other.items():
            rest = box.get(name, whole[name]) - part
            if rest:
                found = _point_outside({**box, name: rest}, taken[place + 1 :], whole)
                if found is not None:
                    return found
        return None
    return box


def _gap(table: DecisionTable, classes: Classes, boxes: Sequence[Box]) -> Iterable[Finding]:
    whole = _whole(classes)
    found = _point_outside({}, boxes, whole)
    if found is not None:
        yield _error("gap", table.id, None, f"No row for: {_described(found, classes)}.")


def _unreachable(table: DecisionTable, classes: Classes, boxes: Sequence[Box]) -> Iterable[Finding]:
    whole = _whole(classes)
    for place, (row, box) in enumerate(zip(table.rows, boxes, strict=True)):
        if not all(box.values()) or _point_outside(box, boxes[:place], whole) is None:
            yield _error("unreachable", table.id, row.id, "Rows above it always fit first.")


def _overlaps(table: DecisionTable, classes: Classes, boxes: Sequence[Box]) -> Iterable[Finding]:
    """Pairs that fit together and decide differently.

    An error where only one may fit, else worth a look.
    """
    kinds = {spec.name: spec.kind for spec in table.specs}
    for (one, a), (other, b) in combinations(list(zip(table.rows, boxes, strict=True)), 2):
        if one.then == other.then and table.hit == "first":
            continue
        if not all(
            _meet(a[name], b[name], kinds[name], classes[name]) for name in a.keys() & b.keys()
        ):
            continue
        covers = all(name in b and b[name] <= part for name, part in a.items())
        covered = all(name in a and a[name] <= part for name, part in b.items())
        if table.hit == "unique":
            yield _error("overlap", table.id, one.id, f"Also {other.id} fits.")
        elif not covers and not covered:
            yield Finding("note", "overlap", table.id, one.id, f"Goes before {other.id}.")


def _meet(a: frozenset[int], b: frozenset[int], kind: str, values: Sequence[Value]) -> bool:
    if a & b:
        return True
    unknown = len(values) - 1
    return kind == "set" and bool(a - {unknown}) and bool(b - {unknown})


def _whole(classes: Classes) -> Box:
    return {name: frozenset(range(len(values))) for name, values in classes.items()}


def _described(box: Box, classes: Classes) -> str:
    return (
        "; ".join(f"{name} = {classes[name][min(part)]}" for name, part in box.items())
        or "anything"
    )


def _error(kind: str, table: str, row: str | None, message: str) -> Finding:
    return Finding("error", kind, table, row, message)
