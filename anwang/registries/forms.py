"""The form in which a row set aside is written anew, cell by cell, without what stood there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anwang.registries.rules.cells import CellFault, InvalidId, cell_reader
from anwang.registries.rules.faults import CELL_RULES
from anwang.registries.rules.manifests import Column


class CorrectionForm(forms.Form):
    """For each column the new text of its cell, or that it shall be empty.

    `cells` after validation: column -> new text, empty where the cell shall be empty; columns that
    stay as delivered are not among them.
    """

    def __init__(self, columns: Iterable[Column], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = list(columns)
        for column in self.columns:
            self.fields[f"empty-{column.name}"] = forms.BooleanField(required=False)
            self.fields[f"to-{column.name}"] = forms.CharField(
                required=False, max_length=column.max_length or 4000, strip=True
            )

    def clean(self) -> dict[str, Any]:
        """Read each new cell as a delivery's would be, so that a slip is told at once."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.cells: dict[str, str] = {}
        for column in self.columns:
            text = cleaned.get(f"to-{column.name}", "")
            # Who types into the field means it, whatever is ticked beside it.
            if text:
                self._read(column, text)
                self.cells[column.name] = text
            elif cleaned.get(f"empty-{column.name}"):
                if column.required:
                    self.add_error(f"to-{column.name}", self._words("required-empty", column))
                self.cells[column.name] = ""
        if not self.cells and not self.errors:
            raise forms.ValidationError(_("請至少更正一欄。"))
        return cleaned

    def _read(self, column: Column, text: str) -> None:
        try:
            cell_reader(column)(text)
        except CellFault as fault:
            self.add_error(f"to-{column.name}", self._words(fault.rule, column))
        except InvalidId:
            self.add_error(f"to-{column.name}", self._words("id-invalid", column))

    def _words(self, rule: str, column: Column) -> str:
        words = CELL_RULES[rule]
        zh = (get_language() or "zh").startswith("zh")
        told, fix, label = (
            (words.text.zh, words.fix.zh, column.label.zh)
            if zh
            else (words.text.en, words.fix.en, column.label.en)
        )
        return f"{told.format(column=label)}{'。' if zh else '. '}{fix}{'。' if zh else '.'}"

    def shown(self) -> list[dict[str, Any]]:
        """Each column with its typed text, tick and errors, for the template."""
        return [
            {
                "column": column,
                "empty": bool(self[f"empty-{column.name}"].value()),
                "text": self[f"to-{column.name}"].value() or "",
                "errors": self.errors.get(f"to-{column.name}", []),
            }
            for column in self.columns
        ]
