"""The tables and clocks of triage in force on one day, for the nation or for one county."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Final

from anwang.rulebook.rules.cells import InputSpec, Value, told_apart
from anwang.rulebook.rules.clocks import ClockDefinition, clocks_in_force, read_clocks
from anwang.rulebook.rules.loader import (
    Doc,
    TableSource,
    completed,
    in_force,
    read_doc,
    read_table,
    table_on,
)
from anwang.rulebook.rules.overlays import PolicyFault
from anwang.rulebook.rules.tables import DecisionTable
from anwang.triage.rules.reading import POLICIES, shipped_reading

TABLE_FILES: Final = (
    "stream", "grade", "class", "joint", "attach", "window", "dispatch", "tasks", "repeats",
)  # fmt: skip


# Place in TriagePolicies -> id of the policy.
TABLE_IDS: Final = {
    "stream": "triage.stream",
    "grade": "triage.grade",
    "grade_class": "triage.class",
    "joint": "triage.joint",
    "attach": "triage.clocks",
    "window": "triage.window",
    "dispatch": "triage.dispatch",
    "tasks": "triage.tasks",
    "repeats": "triage.repeats",
}


@dataclass(frozen=True)
class TriagePolicies:
    """The tables, in the order in which they are asked, and the clock definitions by id.

    `left_out` names overlays that no longer fit the nation's table and were not laid over it.
    """

    stream: DecisionTable
    grade: DecisionTable
    grade_class: DecisionTable
    joint: DecisionTable
    attach: DecisionTable
    window: DecisionTable
    dispatch: DecisionTable
    tasks: DecisionTable
    repeats: DecisionTable
    clocks: Mapping[str, ClockDefinition]
    left_out: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[DecisionTable, ...]:
        """All tables."""
        return (
            self.stream, self.grade, self.grade_class, self.joint, self.attach,
            self.window, self.dispatch, self.tasks, self.repeats,
        )  # fmt: skip

    @cached_property
    def answers(self) -> Mapping[str, tuple[Value, ...]]:
        """Input -> known values, one of each kind that the cells in force can tell apart.

        None for a set: which of many concerns it is, is asked and not supposed.
        """
        specs = {spec.name: spec for table in self.tables for spec in table.specs}
        cells = {
            name: {
                row.when[name].text: row.when[name]
                for table in self.tables
                for row in table.rows
                if name in row.when
            }
            for name in specs
        }
        return {name: told_apart(spec, cells[name].values()) for name, spec in specs.items()}

    @cached_property
    def raise_only(self) -> frozenset[str]:
        """Inputs that are concluded from words, and can only call for more attention."""
        return frozenset(
            spec.name for table in self.tables for spec in table.specs if spec.raise_only
        )

    @property
    def version(self) -> str:
        """One text that names the version of every table, kept with each decision."""
        return " ".join(f"{table.id}@{table.version}" for table in self.tables)


@lru_cache(maxsize=1)
def shipped_docs() -> Mapping[str, Doc]:
    """File stem -> mapping, for the tables and `clocks`."""
    return {name: read_doc(POLICIES / f"{name}.yaml") for name in (*TABLE_FILES, "clocks")}


@lru_cache(maxsize=1)
def shipped_sources() -> tuple[TableSource, ...]:
    """The table files of this repository, all rows of all times."""
    specs = shipped_reading().specs
    return tuple(read_table(shipped_docs()[name], specs) for name in TABLE_FILES)


@lru_cache(maxsize=8)
def shipped_overlays(county: str | None) -> tuple[TableSource, ...]:
    """The overlays of one county that this repository ships as examples."""
    specs = shipped_reading().specs
    national = {doc["id"]: doc for doc in shipped_docs().values()}
    docs = [read_doc(path) for path in sorted((POLICIES / "overlays").glob("*.yaml"))]
    return tuple(
        read_table(completed(doc, national[doc["id"]]), specs)
        for doc in docs
        if doc["county"] == county
    )


@lru_cache(maxsize=64)
def shipped_policies(day: date, county: str | None = None) -> TriagePolicies:
    """The repository's drafts as if in force on `day`. Raises PolicyGap before their first day."""
    clocks, overlays = shipped_docs()["clocks"], shipped_overlays(county)
    return policies_on(day, shipped_sources(), clocks, overlays)


def policies_on(
    day: date,
    sources: Iterable[TableSource],
    clocks: Doc,
    overlays: Iterable[TableSource] = (),
    *,
    lenient: bool = False,
) -> TriagePolicies:
    """What is in force on `day` among `sources`, with at most one county overlay per table.

    Raises PolicyFault where an overlay varies what is not left to it; with `lenient` that overlay
    is left out and named, since a report must be judged all the same.
    """
    listed, laid = list(sources), {overlay.id: overlay for overlay in overlays}
    left_out: list[str] = []

    def table(table_id: str) -> DecisionTable:
        source, overlay = in_force(listed, table_id, day), laid.get(table_id)
        try:
            return table_on(source, day, overlay)
        except PolicyFault:
            if not lenient or overlay is None:
                raise
            left_out.append(f"{overlay.id}@{overlay.county}")
            return table_on(source, day)

    tables = {name: table(table_id) for name, table_id in TABLE_IDS.items()}
    return TriagePolicies(
        **tables, clocks=clocks_in_force(read_clocks(clocks), day), left_out=tuple(left_out)
    )


def specs_in_use() -> Mapping[str, InputSpec]:
    """Descriptions of all inputs, for screens and for whoever reads table files."""
    return shipped_reading().specs
