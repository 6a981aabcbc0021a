"""Our own system is a source: each subject of a report becomes a record with facts (decision 15).

The record tells what the report tells, never who reported. A subject whom the model took for
somebody is linked to that person as *probable*; a person at the desk may confirm or undo it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from anwang.access.context import SCREENING
from anwang.people.actions import ProbableLink, hold_records, link_new_records, link_own_record
from anwang.people.rules.forms import Forms
from anwang.registries.actions.own import OwnRecord, own_manifest
from anwang.registries.actions.own import write_own_records as write_records
from anwang.registries.rules.facts import facts_of
from anwang.triage.models import Screening
from anwang.triage.rules.told import concerns_of, role_of, subjects_of, text_of

if TYPE_CHECKING:
    from anwang.triage.actions.screening_steps import Findings, WaitingReport

OWN_SOURCE: Final = "anwang"
_LONGEST: Final = {"name": 100, "name_romanised": 200, "phone": 40, "address": 300}
_LONGEST_CONCERNS: Final = 600


def write_own_records(screened: Sequence[Findings]) -> list[dict[int, uuid.UUID]]:
    """For each report a record for each subject, by index. A second screening writes nothing twice."""
    before = [_before(one.report.id) if one.report.state != "received" else {} for one in screened]
    written = [_written(earlier) for earlier in before]
    fresh = [
        [index for index, _ in enumerate(subjects_of(one.report.body)) if index not in has]
        for one, has in zip(screened, written, strict=True)
    ]
    records = [
        [_record(one.report, index, one) for index in indexes]
        for one, indexes in zip(screened, fresh, strict=True)
    ]
    for has, indexes, made in zip(
        written, fresh, write_records(records, actor=SCREENING), strict=True
    ):
        has.update(zip(indexes, made, strict=True))
    together: list[list[ProbableLink]] = []
    held: list[tuple[uuid.UUID, Forms]] = []
    for one, has, indexes, earlier in zip(screened, written, fresh, before, strict=True):
        together.append(_links(one, has, frozenset(indexes), earlier))
        held += [
            (has[index], _forms(one, index))
            for index, matches in one.matches.items()
            if matches and index in indexes and index not in one.accepted
        ]
    link_new_records(together, actor=SCREENING)
    hold_records(held)
    return [dict(sorted(has.items())) for has in written]


def _written(before: Mapping[str, Any]) -> dict[int, uuid.UUID]:
    """Records that an earlier screening wrote, by index."""
    return {
        int(index): uuid.UUID(earlier["record"])
        for index, earlier in before.items()
        if earlier.get("record")
    }


def _links(
    found: Findings,
    written: Mapping[int, uuid.UUID],
    fresh: frozenset[int],
    before: Mapping[str, Any],
) -> list[ProbableLink]:
    """Links of new records to whom the model accepts; a record that stands already is linked here."""
    links: list[ProbableLink] = []
    for index, match in found.accepted.items():
        forms = _forms(found, index)
        if index in fresh:
            links.append(ProbableLink(written[index], match.person_id, match.scored, forms))
        # A link that stands is not judged again by machine: a person may have judged it since.
        elif not before.get(str(index), {}).get("person_id"):
            link_own_record(
                written[index], match.person_id, match.scored, actor=SCREENING, forms=forms
            )
    return links


def _forms(found: Findings, index: int) -> Forms:
    return found.forms[index] if index < len(found.forms) else Forms()


def _before(report: uuid.UUID) -> dict[str, Any]:
    """Matches of the screening before this one."""
    last = Screening.objects.filter(matter_id=report).order_by("-at").only("matches").first()
    return last.matches if last else {}


def _record(report: WaitingReport, index: int, found: Findings) -> OwnRecord:
    subject = subjects_of(report.body)[index]
    values = _values(report, subject, _forms(found, index))
    facts = tuple(facts_of(own_manifest(), values, _no_number))
    return OwnRecord(f"{report.receipt}/{index}", values, facts)


def _values(report: WaitingReport, subject: Mapping[str, Any], forms: Forms) -> dict[str, Any]:
    """The record's columns; what the subject does not tell is left out."""
    values: dict[str, Any] = {
        name: text
        for name, longest in _LONGEST.items()
        if (text := text_of(subject.get(name), longest).strip())
    }
    if forms.id_token is not None:
        values["national_id"] = forms.id_token.hex()
    if forms.sex:
        values["sex"] = forms.sex
    return values | _birth(forms) | {
        "report": report.receipt,
        "reported_on": report.received_on.isoformat(),
        "role": role_of(subject),
        "concerns": ",".join(concerns_of(report.body))[:_LONGEST_CONCERNS],
    }  # fmt: skip


def _birth(forms: Forms) -> dict[str, Any]:
    """The whole date, or the parts that were told."""
    if forms.year and forms.month and forms.day:
        return {"birth_date": f"{forms.year:04}-{forms.month:02}-{forms.day:02}"}
    parts = {"birth_year": forms.year, "birth_month": forms.month, "birth_day": forms.day}
    return {name: part for name, part in parts.items() if part}


def _no_number(_: str) -> bytes:
    raise AssertionError("A report names no relative's number.")
