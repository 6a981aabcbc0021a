"""What the tables in force would say with the answers to an instrument: shown, never acted upon.

Read exactly as a screening reads the answers that came with a report, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anwang.rulebook.rules.cells import Value
from anwang.triage.rules.household import Picture
from anwang.triage.rules.inputs import SAME_EVENT_PERCENT, Report, inputs_from
from anwang.triage.rules.outcome import outcome_of
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.would_change import TOLD, difference

Answers = Mapping[str, Mapping[str, Any]]


def with_answers(report: Report, answers: Answers) -> dict[str, Any]:
    """The report as if it had come with these answers, {instrument: {question: answer}}, besides its
    own; of a question answered twice the later answer counts, that of the desk or the team."""
    own = report.get("answers")
    told = dict(own) if isinstance(own, Mapping) else {}
    for instrument, given in answers.items():
        before = told.get(instrument)
        told[instrument] = {**(before if isinstance(before, Mapping) else {}), **given}
    return {**report, "answers": told}


def said_with_answers(
    report: Report,
    picture: Picture,
    answers: Answers,
    policies: TriagePolicies,
    same_event_percent: Value,
) -> dict[str, Any] | None:
    """What the answers change in the outcome, in the shape of `what_would_change`; None if nothing.

    Both are asked of the same tables, so that what differs comes from the answers alone.
    """
    before, after = (
        outcome_of(
            inputs_from(with_answers(report, given), picture)
            | {SAME_EVENT_PERCENT: same_event_percent},
            policies,
        )
        for given in ({}, answers)
    )
    changed = [name for name in TOLD if before.field(name) != after.field(name)]
    if not changed:
        return None
    return {"if": {}, **difference(changed, before, after)}
