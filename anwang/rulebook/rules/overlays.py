"""A county's rows laid over the nation's: only where the national row leaves it to the county (V10).

A county's row stands for a national one (`replaces`), or goes right before it for a part of what
it takes (`before`); either may differ from it in the outputs and columns of its `county_may` alone.
Where a table collects all hits, a county may add rows with the outcomes that the table opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.tables import Row


class PolicyFault(AnwangError):
    """A policy file is not well formed. The text names the table, the row and what to correct."""


class Overlay(Protocol):
    """What laying needs of a county's table."""

    @property
    def id(self) -> str: ...
    @property
    def county(self) -> str | None: ...
    @property
    def replaces(self) -> Mapping[str, str]: ...
    @property
    def before(self) -> Mapping[str, str]: ...


def laid_over(
    national: Sequence[Row],
    own: Sequence[Row],
    overlay: Overlay,
    county_adds: Mapping[str, tuple[str, ...]],
) -> list[Row]:
    """The nation's rows in order, with the county's in their places, added ones last.

    Raises PolicyFault naming the row and what may vary.
    """
    by_id = {row.id: row for row in national}
    instead: dict[str, Row] = {}
    before: dict[str, list[Row]] = {}
    added: list[Row] = []
    for row in own:
        if row.id in by_id and row.id not in overlay.replaces:
            raise _fault(overlay, f"{row.id} is the id of a national row; give the row its own.")
        target = overlay.replaces.get(row.id) or overlay.before.get(row.id)
        if target is None:
            added.append(_addable(row, county_adds, overlay))
        elif target not in by_id:
            raise _fault(overlay, f"row {row.id}: no national row {target} to replace.")
        elif row.id in overlay.replaces:
            if target in instead:
                raise _fault(overlay, f"row {row.id}: {instead[target].id} replaces {target} too.")
            instead[target] = _varied(by_id[target], row, overlay)
        else:
            before.setdefault(target, []).append(_varied(by_id[target], row, overlay))
    laid: list[Row] = []
    for row in national:
        laid += [*before.get(row.id, ()), instead.get(row.id, row)]
    return laid + added


def differing(national: Row, county: Row) -> frozenset[str]:
    """Names of the outputs and columns in which the two rows differ."""
    outputs = {name for name, value in county.then.items() if value != national.then.get(name)}
    columns = {
        name
        for name in county.when.keys() | national.when.keys()
        if _cell(county, name) != _cell(national, name)
    }
    return frozenset(outputs | columns)


def _cell(row: Row, name: str) -> object:
    cell = row.when.get(name)
    return None if cell is None or cell.is_any else cell.atoms


def _varied(national: Row, county: Row, overlay: Overlay) -> Row:
    if closed := differing(national, county) - national.county_may:
        may = ", ".join(sorted(national.county_may)) or "nothing"
        raise _fault(
            overlay,
            f"row {county.id}: only {may} of {national.id} may vary, not {', '.join(sorted(closed))}.",
        )
    return county


def _addable(row: Row, county_adds: Mapping[str, tuple[str, ...]], overlay: Overlay) -> Row:
    said = {name: value for name, value in row.then.items() if value is not None}
    if not county_adds:
        raise _fault(overlay, f"row {row.id}: no national row None to replace.")
    for name, value in said.items():
        if value not in county_adds.get(name, ()):
            may = ", ".join(county_adds.get(name, ())) or "nothing"
            raise _fault(overlay, f"row {row.id}: a county may add {may} as {name}, not {value}.")
    return row


def _fault(overlay: Overlay, text: str) -> PolicyFault:
    return PolicyFault(f"{overlay.id}, county {overlay.county}, {text}")
