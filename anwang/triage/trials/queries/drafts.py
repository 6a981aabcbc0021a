"""A policy file read as a version to be tried, with the checks that keep a bad one from being used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.cells import CellError
from anwang.rulebook.rules.check import check_source
from anwang.rulebook.rules.clocks import read_clocks
from anwang.rulebook.rules.loader import PolicyFault, read_doc, read_table, with_dates
from anwang.triage.queries.policies import CLOCKS
from anwang.triage.rules.policies import specs_in_use
from anwang.triage.trials.queries.versions import CAN_BE_TRIED, Version


class CannotBeTried(AnwangError):
    """The policy has faults. Correct the rows named here and try again."""


def read_draft(path: Path) -> Version:
    """The version in a file. Raises CannotBeTried with what is wrong."""
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


def check_draft(draft: Version) -> None:
    """Raises CannotBeTried where triage does not use such a policy, or its rows have errors."""
    if draft.policy_id not in CAN_BE_TRIED:
        raise CannotBeTried(
            f"{draft.policy_id} is not tried on reports; these are: {', '.join(CAN_BE_TRIED)}."
        )
    if errors := _errors(draft.policy_id, with_dates(draft.body) | {"county": draft.county}):
        raise CannotBeTried(f"{draft.name}: " + " ".join(errors))


def _errors(policy_id: str, body: Mapping[str, Any]) -> list[str]:
    try:
        if policy_id == CLOCKS:
            read_clocks(body)
            return []
        source = read_table(body, specs_in_use())
    except (PolicyFault, CellError, AnwangError) as fault:
        return [str(fault)]
    except (KeyError, TypeError, ValueError) as wrong:
        return [f"The shape is not that of a policy ({type(wrong).__name__}: {wrong})."]
    # A county's rows stand in the places of the nation's: alone they leave gaps.
    found = check_source(source) if source.county is None else []
    return [f"{one.row or one.table}: {one.message}" for one in found if one.severity == "error"]
