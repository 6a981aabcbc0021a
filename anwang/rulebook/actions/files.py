"""Drafts from files: a workbook, DMN, or a year's official calendar, taken whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from anwang.access.permissions import Permit
from anwang.common.errors import AnwangError
from anwang.rulebook.actions.force import Draft, write_draft
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import (
    CALENDAR,
    INPUTS,
    began_overlay,
    body_in_force,
    completed_body,
    faults_in,
    name_for_draft,
    specs_of,
    version_standing,
)
from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.drafts import OF_CELLS
from anwang.rulebook.rules.exchange.carried import (
    Carried,
    FileFault,
    FileUnreadable,
    Place,
    body_of,
    placed,
    shape_faults,
)
from anwang.rulebook.rules.exchange.files import MOST_BYTES, is_table, read_table_file
from anwang.rulebook.rules.loader import read_inputs
from anwang.rulebook.rules.official_calendar import body_with, read_official_calendar
from anwang.rulebook.rules.written import columns_of


class FileRefused(AnwangError):
    """The file has faults; nothing of it was taken. `faults` name each with its place."""

    def __init__(self, faults: Iterable[FileFault]) -> None:
        self.faults = list(faults)
        super().__init__(_("檔案裡有要改的地方，什麼都沒有匯入。"))


@dataclass(frozen=True)
class DraftOfFile:
    """What a file would become: a draft of one policy in one layer.

    `into`: the open draft whose place it takes; None for a new one. `older`: the name of the
    version that it was written from, where another stands there now.
    """

    policy_id: str
    county: str | None
    body: Mapping[str, Any]
    base: int | None
    into: PolicyVersion | None = None
    older: str = ""


def draft_of_file(content: bytes, into: PolicyVersion | None = None) -> DraftOfFile:
    """Read a file and hold it against what stands. Writes nothing. Raises FileRefused."""
    try:
        if len(content) > MOST_BYTES:
            raise FileUnreadable("檔案太大，最多 2 MB。", "The file is too large: 2 MB at most.")
        if is_table(content):
            return _of_table(read_table_file(content, _specs_for), into)
        return _of_calendar(content, into)
    except FileUnreadable as whole:
        raise FileRefused([FileFault(Place(), whole.words)]) from None


def _specs_for(policy_id: str) -> Mapping[str, InputSpec]:
    standing = version_standing(policy_id, None)
    return specs_of(standing.body) if standing else read_inputs(body_in_force(INPUTS))


def _of_table(carried: Carried, into: PolicyVersion | None) -> DraftOfFile:
    policy_id, county = carried.policy_id, carried.county
    if into is not None and (policy_id, county) != (into.policy_id, into.county):
        raise FileUnreadable(
            f"這個檔案是 {policy_id} {county or '全國'}，不是這一張表。請從規則清單匯入。",
            f"This file is {policy_id} {county or 'of the nation'}, another table. "
            "Import it from the list of policies.",
        )
    national = version_standing(policy_id, None)
    standing = into or version_standing(policy_id, county)
    if standing is None and county and national is not None:
        base = began_overlay(national.body, county)
    elif standing is not None:
        base = dict(standing.body)
    else:
        raise _no_such_table(policy_id)
    doc = completed_body(policy_id, county, base)
    if doc is None:
        raise _no_such_table(policy_id)
    body = _checked(carried, base, doc)
    older = carried.made_from if standing and carried.made_from != standing.version else ""
    number = into.base_id if into else standing.pk if standing else None
    return DraftOfFile(policy_id, county, body, number, into, older)


def _no_such_table(policy_id: str) -> FileUnreadable:
    return FileUnreadable(
        f"這裡沒有「{policy_id}」這張表。請用這裡匯出的檔案改。",
        f"There is no table '{policy_id}' here. Begin with a file exported here.",
    )


def _checked(carried: Carried, base: Mapping[str, Any], doc: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the draft. Raises FileRefused with every fault of the file at its place.

    Faults of the table as a whole (a case that no row takes) are mended on the draft's page.
    """
    columns = columns_of(doc, specs_of(doc), carried.county)
    codes = [one.name for one in columns]
    found = shape_faults(carried, doc, codes, {one.name: one.label for one in columns})
    body = body_of(carried, base, doc, codes)
    told = faults_in(carried.policy_id, carried.county, body)
    wrong = [one for one in told if one.severity == "error" and one.kind in OF_CELLS]
    formulas = {fault.place for fault in found}
    found += [
        fault for fault in (placed(one, carried) for one in wrong) if fault.place not in formulas
    ]
    if found:
        raise FileRefused(found)
    return body


def _of_calendar(content: bytes, into: PolicyVersion | None) -> DraftOfFile:
    days, faults = read_official_calendar(content)
    if into is not None and not faults:
        raise FileUnreadable(
            "這是辦公日曆，不是這一張表。請從規則清單匯入。",
            "This is an official calendar, not this table. Import it from the list of policies.",
        )
    standing = version_standing(CALENDAR, None)
    if standing is None:
        raise _no_such_table(CALENDAR)
    if faults:
        raise FileRefused(faults)
    return DraftOfFile(CALENDAR, None, body_with(standing.body, days), standing.pk)


def write_draft_of_file(read: DraftOfFile, *, permit: Permit, seen: str = "") -> int:
    """Write the draft, new or in the place of the one it was read for; its number.

    `seen` is the content that the writer had before him. Raises PolicyRefused.
    """
    wanted = str(read.body["version"])
    own = read.into.version if read.into else ""
    free = wanted if wanted == own else name_for_draft(read.policy_id, read.county, wanted)
    name = free if free == wanted else own or free
    body = dict(read.body) | {"version": name}
    draft = Draft(
        read.policy_id, read.county, body, read.base,
        read.into.pk if read.into else None, seen,
    )  # fmt: skip
    return write_draft(draft, permit=permit, from_file=True)
