"""What would change if somebody is not whom we took him for: the assumption under a household picture.

A link that no number proves is probable and no more. Whoever decides is told what rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anwang.rulebook.rules.cells import Value
from anwang.triage.rules.answers import ANSWERED, given_in
from anwang.triage.rules.household import Picture
from anwang.triage.rules.inputs import SAME_EVENT_PERCENT, Report, inputs_from
from anwang.triage.rules.outcome import outcome_of
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.would_change import TOLD, difference

_OF_PEOPLE = ("living_together", "registered_together", "kin", "focus")
_ABOUT = ("facts", "lookups")


def doubted_subjects(
    matches: Mapping[str, Mapping[str, Any]], confirmed: Iterable[str]
) -> Iterator[tuple[int, str, float]]:
    """Index, person and probability of each subject who was taken for somebody without the number
    saying so, and whom nobody has confirmed."""
    sure = set(confirmed)
    for index, taken in sorted(matches.items()):
        person = taken.get("person_id")
        if not person or index in sure:
            continue
        reasons: list[Mapping[str, Any]] = next(
            (one["reasons"] for one in taken["candidates"] if one["person_id"] == person), []
        )
        by_number = any(
            one["comparison"] == "national_id" and one["level"] == "same" for one in reasons
        )
        if not by_number:
            yield int(index), str(person), float(taken.get("probability") or 0)


def without_person(picture: Picture, person: str) -> dict[str, Any]:
    """The picture if the person is none of this family: without him and what is told of him; empty
    where the family was known through him alone."""
    others = [one for one in picture.get("focus") or () if str(one) != person]
    if not others:
        kept = {"as_of": picture.get("as_of"), "known_at": picture.get("known_at"),
                ANSWERED: [one.as_dict() for one in given_in(picture) if one.report is None]}  # fmt: skip
        return {name: value for name, value in kept.items() if value}
    members = [one for one in picture.get("members") or () if str(one.get("person_id")) != person]
    edges = [
        one for one in picture.get("edges") or ()
        if person not in (str(one.get("from")), str(one.get("to")))
    ]  # fmt: skip
    return {
        **picture,
        "members": members,
        "edges": edges,
        **{
            name: [one for one in picture.get(name) or () if str(one) != person]
            for name in _OF_PEOPLE
        },
        **{
            name: [one for one in picture.get(name) or () if str(one.get("person_id")) != person]
            for name in (*_ABOUT, ANSWERED)
        },
    }


def what_rests_on_links(
    report: Report,
    picture: Picture,
    doubted: Iterable[tuple[int, str, float]],
    policies: TriagePolicies,
    same_event_percent: Value,
) -> list[dict[str, Any]]:
    """For each doubted subject what would change without the link: entries as of
    `what_would_change`, with `person` {subject, probability} in place of `if`. Nothing is told of
    links that change nothing."""
    known = {SAME_EVENT_PERCENT: same_event_percent}
    before = outcome_of(inputs_from(report, picture) | known, policies)
    found = []
    for subject, person, probability in doubted:
        drawn = without_person(picture, person)
        after = outcome_of(inputs_from(report, drawn) | known, policies)
        changed = [name for name in TOLD if before.field(name) != after.field(name)]
        if changed:
            told = {"subject": subject, "probability": probability}
            found.append({"if": {}, "person": told, **difference(changed, before, after)})
    return found
