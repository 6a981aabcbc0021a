"""The tables and clocks of triage in force on one day, for the nation or for one county."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.clocks import ClockDefinition, clocks_in_force, read_clocks
from anwang.rulebook.rules.loader import Doc, TableSource, in_force, read_doc, read_table, table_on
from anwang.rulebook.rules.tables import DecisionTable
from anwang.triage.rules.reading import POLICIES, shipped_reading

TABLE_FILES: Final = ("stream", "grade", "class", "joint", "attach")


@dataclass(frozen=True)
class TriagePolicies:
    """The five tables, in the order in which they are asked, and the clock definitions by id."""

    stream: DecisionTable
    grade: DecisionTable
    grade_class: DecisionTable
    joint: DecisionTable
    attach: DecisionTable
    clocks: Mapping[str, ClockDefinition]

    @property
    def tables(self) -> tuple[DecisionTable, ...]:
        """All tables."""
        return (self.stream, self.grade, self.grade_class, self.joint, self.attach)

    @property
    def version(self) -> str:
        """One text that names the version of every table, kept with each decision."""
        return " ".join(f"{table.id}@{table.version}" for table in self.tables)


@lru_cache(maxsize=1)
def shipped_docs() -> Mapping[str, Doc]:
    """File stem -> mapping, for the five tables and `clocks`."""
    return {name: read_doc(POLICIES / f"{name}.yaml") for name in (*TABLE_FILES, "clocks")}


@lru_cache(maxsize=1)
def shipped_sources() -> tuple[TableSource, ...]:
    """The five table files of this repository, all rows of all times."""
    specs = shipped_reading().specs
    return tuple(read_table(shipped_docs()[name], specs) for name in TABLE_FILES)


@lru_cache(maxsize=64)
def shipped_policies(day: date) -> TriagePolicies:
    """The repository's drafts as if in force on `day`. Raises PolicyGap before their first day."""
    return policies_on(day, shipped_sources(), shipped_docs()["clocks"])


def policies_on(
    day: date,
    sources: Iterable[TableSource],
    clocks: Doc,
    overlays: Iterable[TableSource] = (),
) -> TriagePolicies:
    """What is in force on `day` among `sources`, with at most one county overlay per table."""
    listed, laid = list(sources), {overlay.id: overlay for overlay in overlays}

    def table(table_id: str) -> DecisionTable:
        return table_on(in_force(listed, table_id, day), day, laid.get(table_id))

    return TriagePolicies(
        stream=table("triage.stream"),
        grade=table("triage.grade"),
        grade_class=table("triage.class"),
        joint=table("triage.joint"),
        attach=table("triage.clocks"),
        clocks=clocks_in_force(read_clocks(clocks), day),
    )


def specs_in_use() -> Mapping[str, InputSpec]:
    """Descriptions of all inputs, for screens and for whoever reads table files."""
    return shipped_reading().specs
