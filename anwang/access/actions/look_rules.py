"""Loads what a person is shown of who looked; run by the owner when an instance is made ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.db import transaction

from anwang.access.models import LookRule
from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml

POLICY: Final = Path(__file__).resolve().parents[1] / "policies" / "looked_at_me.yaml"
TREATMENTS: Final = {
    "act": "shown", "role-in-report": "shown", "office-role": "withheld", "purpose": "withheld",
    "sealed": "withheld", "stream": "delayed",
}  # fmt: skip


class LookRuleFault(AnwangError):
    """A row of looked_at_me.yaml is not well formed. The text names it and what to correct."""


def read_look_rules() -> list[dict[str, Any]]:
    """The classes of the data file, checked. Raises LookRuleFault."""
    rows: list[dict[str, Any]] = read_yaml(POLICY)["rows"]
    for row in rows:
        if TREATMENTS.get(row["kind"]) != row["class"]:
            raise LookRuleFault(
                f"{row['kind']}: a row of this kind is {TREATMENTS.get(row['kind'])}."
            )
        if not row.get("citation"):
            raise LookRuleFault(f"{row['kind']}: a class names its law.")
        if (row["class"] == "delayed") != bool(row.get("days")):
            raise LookRuleFault(f"{row['kind']}: a delay, and only a delay, ends after `days`.")
    if missing := TREATMENTS.keys() - {row["kind"] for row in rows}:
        raise LookRuleFault(f"looked_at_me.yaml lacks {', '.join(sorted(missing))}.")
    return rows


@transaction.atomic
def load_look_rules() -> None:
    """The rules as the data file has them; repeatable."""
    LookRule.objects.all().delete()
    LookRule.objects.bulk_create(
        LookRule(kind=row["kind"], value=value, treatment=row["class"], days=row.get("days"))
        for row in read_look_rules()
        for value in row["values"]
    )
