"""What one more answer would change, read off the tables in force: the nearest rows.

Two kinds of doubt are tried. What nobody knows is supposed known: each answer that some row waits
for, or that the row which fired would not have taken. What was only concluded from words of the
narrative is supposed not to be so. Then the tables are asked again. Nothing here is written by hand,
so a county's overlay or tomorrow's version explains itself.

For a single answer this is exact: where an answer to one unknown input changes any table, either a
row fits that this input alone kept back, or the row that fired took "unknown" and not the answer.
Both are tried. The number of trials is bounded; single answers come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, cast

from anwang.rulebook.rules.cells import UNKNOWN, Cell, Value
from anwang.rulebook.rules.tables import Hit, PossibleRow, Row
from anwang.triage.rules.inputs import COMPARED
from anwang.triage.rules.outcome import CHAINED, LISTED, ORDER, SINGLE, Outcome, outcome_if
from anwang.triage.rules.policies import TriagePolicies

# Gravest first. Not `screening`: how likely a report repeats another is compared afterwards.
TOLD: Final = ("grade", "stream", "grade_class", "agency_kind", "passed_to", "joint_with", "tasks",
               "clocks", "dispatch", "window", "transfer")  # fmt: skip
NOT_SUPPOSED: Final = frozenset({*CHAINED, *COMPARED})
# More than two open questions at once is no help to the person at the desk.
MOST_AT_ONCE: Final = 2
MOST_TRIED: Final = 24
MOST_SHOWN: Final = 12

Supposed = dict[str, Value]


def what_would_change(
    policies: TriagePolicies, outcome: Outcome, tried: int = MOST_TRIED, shown: int = MOST_SHOWN
) -> list[dict[str, object]]:
    """What would change the outcome, gravest first; the first `shown` of at most `tried` suppositions.

    One entry: `if` {input: answer}, `also` [other answers to the one input that come to the same],
    where it is a word of the narrative `without` {input: words}, `changes` {field: new value},
    `was` {field: value now}, `rows` [{rule, row, citation}]: the rows that would fire. Lists stand
    for sets.
    """
    found: list[tuple[Supposed, dict[str, object]]] = []
    now = {name: _compared(name, outcome) for name in TOLD}
    for supposed in islice(_distinct(_suppositions(policies, outcome)), tried):
        if any(fewer.items() <= supposed.items() for fewer, _ in found):
            continue  # fewer answers already change it
        if said := _told(supposed, outcome, now, policies):
            found.append((supposed, said))
    gravest = sorted(_merged(said for _, said in found), key=_weight)
    return gravest[:shown]


def _merged(found: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Answers to one input that come to the same are one entry."""
    kept: list[dict[str, Any]] = []
    for said in found:
        asked = cast(Mapping[str, object], said["if"])
        alike = [
            one for one in kept
            if len(asked) == 1 and "without" not in said and one["if"].keys() == asked.keys()
            and one["changes"] == said["changes"] and one["rows"] == said["rows"]
        ]  # fmt: skip
        if alike:
            alike[0]["also"] += asked.values()
        else:
            kept.append({**said, "also": []})
    return [{name: told for name, told in one.items() if told or name != "also"} for one in kept]


def _told(
    supposed: Supposed, outcome: Outcome, now: Mapping[str, Any], policies: TriagePolicies
) -> dict[str, object] | None:
    other = outcome_if(outcome, supposed, policies)
    changed = [
        name
        for name in TOLD
        if _differ(_compared(name, other), now[name])
        and _differ(other.field(name), outcome.field(name))
    ]
    if not changed:
        return None
    said: dict[str, object] = {
        "if": {name: _plain(value) for name, value in supposed.items()},
        **difference(changed, outcome, other),
    }
    words = {
        name: sorted(before - after)
        for name, after in supposed.items()
        if isinstance(after, frozenset) and isinstance(before := outcome.asked[name], frozenset)
    }
    return said | {"without": words} if words else said


def _differ(one: Any, other: Any) -> bool:
    """Whether two values of a field are two. The same bodies in another order are the same bodies."""
    if one == other:
        return False
    return not (isinstance(one, list) and isinstance(other, list) and set(one) == set(other))


def difference(changed: Iterable[str], before: Outcome, after: Outcome) -> dict[str, object]:
    """`changes`, `was` and `rows` of the fields that changed, as in an entry of `what_would_change`."""
    named = list(changed)
    return {
        "changes": {name: after.field(name) for name in named},
        "was": {name: before.field(name) for name in named},
        "rows": list(_new_rows(named, before, after)),
    }


def _compared(name: str, outcome: Outcome) -> Any:
    """The field, without the tasks that only ask for what is not known: they end with any answer."""
    if name != "tasks":
        return outcome.field(name)
    told = [hit.outputs["task"] for hit in outcome.hits["tasks"] if not _only_asks(hit.row)]
    return list(dict.fromkeys(told))  # several rows may ask for one task


def _only_asks(row: Row) -> bool:
    return any(all(atom.op == "unknown" for atom in cell.atoms) for cell in row.when.values())


def _new_rows(changed: list[str], before: Outcome, after: Outcome) -> Iterator[dict[str, object]]:
    fields = SINGLE | LISTED
    for place in dict.fromkeys(fields[name][0] for name in changed):
        known = {row.id for row in before.rows(place)}
        for hit in after.hits[place]:
            if hit.row.id not in known:
                yield {"rule": hit.table_id, "row": hit.row.id, "citation": hit.row.citation}


def _weight(said: Mapping[str, Any]) -> tuple[int, int]:
    """By the gravest field that changes, then by the number of answers it takes."""
    return min(TOLD.index(name) for name in said["changes"]), len(said["if"])


def _plain(value: Value) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _distinct(supposed: Iterator[Supposed]) -> Iterator[Supposed]:
    seen: set[frozenset[tuple[str, type, Value]]] = set()
    for one in supposed:
        key = frozenset((name, type(value), value) for name, value in one.items())
        if key not in seen:
            seen.add(key)
            yield one


def _suppositions(policies: TriagePolicies, outcome: Outcome) -> Iterator[Supposed]:
    """Single answers first, in the order of the tables; then words refuted; then two at once."""
    for place in ORDER:
        for row in outcome.possible[place]:
            if len(row.blocked_by) == 1:
                yield from _answers(policies, row.blocked_by[0], row.row, takes=True)
        for hit in outcome.hits[place]:
            for name in _taken_unknown(hit):
                yield from _answers(policies, name, hit.row, takes=False)
    for hit in outcome.all_hits:
        yield from _without_words(policies, hit)
    for place in ORDER:
        for row in outcome.possible[place]:
            if 1 < len(row.blocked_by) <= MOST_AT_ONCE:
                yield from _together(policies, row)


def _taken_unknown(hit: Hit) -> Iterator[str]:
    return (name for name, value in hit.used.items() if value is UNKNOWN)


def _answers(policies: TriagePolicies, name: str, row: Row, *, takes: bool) -> Iterator[Supposed]:
    """The known answers that the row's cell takes, or those that it does not take."""
    if name not in NOT_SUPPOSED:
        for value in policies.answers.get(name, ()):
            if row.when[name].accepts(value) == takes:
                yield {name: value}


def _together(policies: TriagePolicies, possible: PossibleRow) -> Iterator[Supposed]:
    """One answer to each input that keeps the row back."""
    supposed: Supposed = {}
    for name in possible.blocked_by:
        taken = next(
            (one[name] for one in _answers(policies, name, possible.row, takes=True)), None
        )
        if taken is None:
            return
        supposed[name] = taken
    yield supposed


def _without_words(policies: TriagePolicies, hit: Hit) -> Iterator[Supposed]:
    """The words on which a row fired supposed to mean something else."""
    for name, value in hit.used.items():
        if name in policies.raise_only and isinstance(value, frozenset):
            words = value & _codes(hit.row.when[name])
            if words:
                yield {name: value - words}


def _codes(cell: Cell) -> frozenset[str]:
    return frozenset(code for atom in cell.atoms for code in atom.codes)
