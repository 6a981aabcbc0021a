"""What each source answers for a person: unknown is never no.

`none` is said only when the last full delivery is in time, the person lies within what the source
covers, and is identified well enough for the source to have found them. Saying it wrongly would
tell a worker that a danger does not exist.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from anwang.households.rules.evidence import (
    KNOWN_STATES,
    FactView,
    Identification,
    LookupState,
    SourceView,
)


def lookup_state(
    source: SourceView,
    *,
    has_value: bool,
    age: int | None,
    identification: Identification,
    as_of: date,
) -> LookupState:
    """The state of one person at one source.

    A feed that once delivered in full and has since fallen silent is `late` (`failed` when its
    newest delivery was held or broken), for those whom it covers; one that never did is
    `not-asked`.
    """
    if source.withheld:
        return "withheld"
    if has_value:
        return "value"
    if source.full_delivered_on is None or not _answers_for(source, age, identification):
        return "not-asked"
    if _in_time(source, as_of):
        return "none"
    return "failed" if source.last_failed else "late"


def unknown_sources(
    sources: Iterable[SourceView], lookups: Iterable[dict[str, str]], ages: dict[str, int | None]
) -> list[str]:
    """Sources that have not answered for somebody they could answer for, sorted.

    Persons outside a source's coverage do not make it unknown, unless nobody lies within. An
    unknown age may lie within.
    """
    states: dict[str, list[tuple[str, str]]] = {}
    for one in lookups:
        states.setdefault(one["source"], []).append((one["person_id"], one["state"]))
    return sorted(
        source.id for source in sources if not _answered(source, states.get(source.id, ()), ages)
    )


def _answered(
    source: SourceView, answers: Iterable[tuple[str, str]], ages: dict[str, int | None]
) -> bool:
    """Whether a source could answer for somebody, and did for everybody for whom it could."""
    asked = False
    for person, state in answers:
        age = ages.get(person)
        if age is None or state == "value" or source.coverage.covers_age(age):
            asked = True
            if state not in KNOWN_STATES:
                return False
    return asked


def sources_with_value(facts: Iterable[FactView]) -> set[tuple[str, str]]:
    """Pairs (person, source) for which something is known."""
    return {(fact.person_id, fact.source) for fact in facts}


def _answers_for(source: SourceView, age: int | None, identification: Identification) -> bool:
    enough = (
        ("certain", "probable") if source.coverage.identification == "probable" else ("certain",)
    )
    return identification in enough and source.coverage.covers_age(age)


def _in_time(source: SourceView, as_of: date) -> bool:
    if source.full_delivered_on is None:
        return False
    if source.late_after_days is None:
        return True
    return as_of - source.full_delivered_on <= timedelta(days=source.late_after_days)
