"""What the tables in force would say with the answers to an instrument: shown, never acted upon.

Read exactly as the next screening of the report would read them, so that the two cannot differ.
"""

from __future__ import annotations

from typing import Any

from anwang.rulebook.rules.cells import Value
from anwang.triage.rules.answers import Answers, Given, given_in, with_given
from anwang.triage.rules.household import Picture
from anwang.triage.rules.inputs import SAME_EVENT_PERCENT, Report, inputs_from
from anwang.triage.rules.outcome import outcome_of
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.would_change import TOLD, difference


def said_with_answers(
    report: Report,
    picture: Picture,
    answers: Answers,
    policies: TriagePolicies,
    same_event_percent: Value,
) -> dict[str, Any] | None:
    """What the answers change in the outcome, in the shape of `what_would_change`; None if nothing.

    `picture` holds the answers that the proposal has read already. Both are asked of the same tables,
    so that what differs comes from the answers alone.
    """
    before, after = (
        outcome_of(
            inputs_from(report, seen) | {SAME_EVENT_PERCENT: same_event_percent},
            policies,
        )
        for seen in (picture, _picture_with(picture, answers))
    )
    changed = [name for name in TOLD if before.field(name) != after.field(name)]
    if not changed:
        return None
    return {"if": {}, **difference(changed, before, after)}


def _picture_with(picture: Picture, answers: Answers) -> Picture:
    """The picture with `answers` in the place of what it holds of these instruments."""
    others = [one for one in given_in(picture) if one.report or one.instrument not in answers]
    now = [Given(name, "", told, "", "") for name, told in answers.items()]
    return with_given(picture, [*others, *now])
