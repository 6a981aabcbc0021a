"""Rows of tables as the screens show them: each cell with its label and what its code means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import clock_names, specs_of, table_doc
from anwang.rulebook.rules.compare import RowChange, changed_cells
from anwang.rulebook.rules.drafts import Words
from anwang.rulebook.rules.in_words import (
    CLOCK,
    Specs,
    cell_words,
    outcome_label,
    outcome_words,
    told_cell,
)
from anwang.rulebook.rules.written import FormColumn

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a version's codes are called: its inputs, and the clocks that a row may set going."""

    specs: Specs
    clocks: Mapping[str, Words]

    def row(self, row: Mapping[str, Any]) -> Told:
        """`when` and `then` of a row as [{label, words}]."""
        asked = [
            {
                "label": self._name(name),
                "words": _said(text) or cell_words(str(text), self.specs.get(name)),
            }
            for name, text in (row.get("when") or {}).items()
        ]
        done = [
            {
                "label": outcome_label(name),
                "words": _said(value) or outcome_words(name, value, self.clocks),
            }
            for name, value in (row.get("then") or {}).items()
        ]
        return {"when": asked, "then": done}

    def cell(self, column: str, text: str) -> Words | None:
        """What a typed cell means; None where it means what it says."""
        told = told_cell(column, text, self.specs, self.clocks) if text else None
        return told if told and told["zh"] != text else None

    def options(self, column: FormColumn) -> list[Told]:
        """What may be chosen in a closed column: [{code, words}]."""
        return [{"code": one, "words": self.cell(column.name, one)} for one in column.values]

    def codes(self, column: FormColumn) -> list[Told]:
        """What an expression of a column may name: [{code, words}]."""
        name = column.name.partition(".")[2]
        return [{"code": one, "words": outcome_words(name, one)} for one in column.codes]

    def changes(self, changes: Iterable[RowChange], labels: Mapping[str, Words]) -> list[Told]:
        """Rows that differ, as rulebook/_changes.html takes them."""
        return [
            {
                "kind": one.kind, "id": one.id, "shown": one.shown,
                "cells": [
                    {
                        "label": labels.get(cell.column) or cell.column,
                        "before": self._side(cell.column, cell.before),
                        "after": self._side(cell.column, cell.after),
                    }
                    for cell in one.cells
                ],
            }
            for one in changes
        ]  # fmt: skip

    def varied(self, own: Mapping[str, Any], national: Mapping[str, Any] | None) -> list[Told]:
        """In which conditions and outcomes a county's row differs from the national one it stands for,
        as `cells` of `changes`; empty for a row of its own."""
        row = _row_of(national, own.get("replaces"))
        if row is None:
            return []
        parts = [
            one for one in changed_cells(row, own) if one.column.startswith(("when.", "then."))
        ]
        return [
            {
                "label": self._name(one.column.partition(".")[2]),
                "before": self._side(one.column, one.before),
                "after": self._side(one.column, one.after),
            }
            for one in parts
        ]

    def opened(self, national: Mapping[str, Any]) -> Told:
        """What a county may vary: `rows` [{id, text, may [labels]}], and the outcomes that a row of its
        own may have, `adds` [words]."""
        rows = [
            {"id": row["id"], "text": row["text"],
             "may": [self._name(name) for name in row["county_may"]]}
            for row in national["rows"] if row.get("county_may")
        ]  # fmt: skip
        adds = [
            outcome_words(name, code, self.clocks)
            for name, codes in (national.get("county_adds") or {}).items()
            for code in codes
        ]
        return {"rows": rows, "adds": adds}

    def _name(self, name: str) -> Words:
        return self.specs[name].text if name in self.specs else outcome_label(name)

    def _side(self, column: str, text: str) -> Told:
        return {"text": text, "words": self.cell(column, text)}


def _said(value: object) -> Words | None:
    """What is words in both tongues already, as the parts of a clock are."""
    return value if isinstance(value, Mapping) else None


def _row_of(table: Mapping[str, Any] | None, id_: object) -> Mapping[str, Any] | None:
    rows = table["rows"] if table and id_ else ()
    return next((row for row in rows if row.get("id") == id_), None)


def wording_of(version: PolicyVersion) -> Wording:
    """The words for a version's codes; of what is no table, those of the outcomes alone."""
    doc = table_doc(version) or {}
    clocks = clock_names() if CLOCK in doc.get("outputs", ()) else {}
    return Wording(specs_of(doc) if doc else {}, clocks)
