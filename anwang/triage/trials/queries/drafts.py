"""A policy file read as a version to be tried, with the checks that keep a bad one from being used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anwang.common.errors import AnwangError
from anwang.rulebook.actions.files import FileRefused, draft_of_file
from anwang.rulebook.queries import body_in_force
from anwang.rulebook.rules.cells import CellError
from anwang.rulebook.rules.check import check_source
from anwang.rulebook.rules.clocks import read_clocks
from anwang.rulebook.rules.loader import (
    PolicyFault,
    completed,
    read_doc,
    read_table,
    table_on,
    with_dates,
)
from anwang.triage.queries.policies import CLOCKS
from anwang.triage.rules.policies import specs_in_use
from anwang.triage.trials.queries.versions import CAN_BE_TRIED, Version


class CannotBeTried(AnwangError):
    """The policy has faults. Correct the rows named here and try again."""


def read_draft(path: Path) -> Version:
    """The version in a file, YAML as shipped, ODS or DMN. Raises CannotBeTried with what is wrong."""
    if path.suffix.lower() in (".ods", ".dmn"):
        return _of_exchange(path)
    try:
        doc = read_doc(path)
    except PolicyFault as fault:
        raise CannotBeTried(str(fault)) from None
    body = json.loads(json.dumps(doc, ensure_ascii=False, default=str))
    draft = Version(
        str(body.get("id", path.stem)), body.get("county"), str(body.get("version", "draft")), body
    )
    check_draft(draft)
    return draft


def _of_exchange(path: Path) -> Version:
    try:
        read = draft_of_file(path.read_bytes())
    except FileRefused as refused:
        told = (f"{one.place.sheet} {one.place.row} {one.place.column}: {one.text['en']}"
                for one in refused.faults)  # fmt: skip
        raise CannotBeTried(" ".join([str(refused), *told])) from None
    draft = Version(read.policy_id, read.county, str(read.body["version"]), read.body)
    check_draft(draft)
    return draft


def check_draft(draft: Version) -> None:
    """Raises CannotBeTried where triage does not use such a policy, or its rows have errors."""
    if draft.policy_id not in CAN_BE_TRIED:
        raise CannotBeTried(
            f"{draft.policy_id} is not tried on reports; these are: {', '.join(CAN_BE_TRIED)}."
        )
    if errors := _errors(draft, with_dates(draft.body) | {"county": draft.county}):
        raise CannotBeTried(f"{draft.name}: " + " ".join(errors))


def _errors(draft: Version, body: dict[str, Any]) -> list[str]:
    try:
        if draft.policy_id == CLOCKS:
            read_clocks(body)
            return []
        if draft.county is not None:
            _lay(body, with_dates(body_in_force(draft.policy_id)))
            return []
        found = check_source(read_table(body, specs_in_use()))
    except (PolicyFault, CellError, AnwangError) as fault:
        return [str(fault)]
    except (KeyError, TypeError, ValueError) as wrong:
        return [f"The shape is not that of a policy ({type(wrong).__name__}: {wrong})."]
    return [f"{one.row or one.table}: {one.message}" for one in found if one.severity == "error"]


def _lay(overlay: dict[str, Any], national: dict[str, Any]) -> None:
    """A county's rows alone leave gaps: they are checked in the places where they are to stand.

    Raises PolicyFault where the nation does not leave them to it.
    """
    specs = specs_in_use()
    below = read_table(national | {"valid_to": None}, specs)
    own = read_table(completed(overlay, national), specs)
    table_on(below, max(below.valid_from, own.valid_from), own)
