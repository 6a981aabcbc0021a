"""Whom the demo's citizen accounts belong to: a grown-up with a report, and a child's safe parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from demo.county import County
from demo.persons import Person
from demo.reports import DemoReport

OF_AGE = 20
NEEDY = frozenset({"victim", "person-in-need"})
NO_INQUIRY = frozenset({"vulnerable-family", "consult"})


@dataclass(frozen=True, slots=True)
class Citizens:
    """National IDs of invented residents; `report_ids` tell of them. None: this year has no such."""

    adult: str | None
    safe_adult: str | None
    child: str | None
    report_ids: tuple[str, ...]


def citizens(county: County, reports: Iterable[DemoReport]) -> Citizens:
    """The same for the same county and reports."""
    told = list(reports)
    blamed = {key for one in told for place, key in one.truth.items()
              if _subject(one, place).get("role") == "respondent"}  # fmt: skip
    numbered = [(one, person) for one in told for person in _in_need(county, one)]
    grown = [
        (one, p) for one, p in numbered if p.age_on(county.as_of) >= OF_AGE and p.died_on is None
    ]
    # One whom no inquiry follows, if there is one: then the page has something to show.
    grown.sort(key=lambda pair: pair[0].expected.get("stream") not in NO_INQUIRY)
    pairs = ((one, child, parent) for one, child in numbered
             if child.age_on(county.as_of) < OF_AGE - 2
             for parent in (child.mother, child.father)
             if parent and parent not in blamed and county.persons[parent].died_on is None)  # fmt: skip
    found = next(pairs, None)
    looked_at = [*(one for one, _ in grown[:1]), *([found[0]] if found else [])]
    return Citizens(
        adult=grown[0][1].national_id if grown else None,
        safe_adult=county.persons[found[2]].national_id if found else None,
        child=found[1].national_id if found else None,
        report_ids=tuple(str(one.report.get("report_id")) for one in looked_at),
    )


def _subject(one: DemoReport, place: int) -> dict[str, object]:
    found: dict[str, object] = one.report["subjects"][place]
    return found


def _in_need(county: County, one: DemoReport) -> Iterator[Person]:
    """Those whom the report is about and names by their right number."""
    for place, key in one.truth.items():
        subject, person = _subject(one, place), county.persons[key]
        if subject.get("role") in NEEDY and subject.get("national_id") == person.national_id:
            yield person
