"""From inputs to a proposal: stream, grade, class, joint agencies and clocks, each with its reason.

A proposal decides nothing; a person at the duty desk confirms or changes it. It says what was
unknown, and what one more answer would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from anwang.rulebook.rules.cells import Inputs
from anwang.rulebook.rules.tables import Hit
from anwang.triage.rules.outcome import CHAINED, LISTED, SINGLE, Outcome, outcome_of
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.would_change import what_would_change

_COMPARED: Final = ("grade", "grade_class", "stream", "agency_kind", "joint_with")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What policy proposes. `clocks` are ids of definitions; `reasons` one row each, in the order
    of asking.

    `would_change`: see `what_would_change`; gravest first.
    `dispatch`: by-desk or automatic. `screening`: take-up, or what the desk is to ask about it first.
    """

    grade: str
    grade_class: str | None
    stream: str
    agency_kind: str
    joint_with: list[str]
    passed_to: str | None
    clocks: list[str]
    window: str
    transfer: str | None
    dispatch: str
    screening: str
    tasks: list[str]
    reasons: list[dict[str, object]]
    unknown: list[str]
    would_change: list[dict[str, object]]
    policy_version: str

    def as_json(self) -> dict[str, Any]:
        """The same as plain data, to be stored with the decision; its lists are the proposal's own."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def propose(inputs: Inputs, policies: TriagePolicies) -> Proposal:
    """The proposal for one report. Raises PolicyGap only for tables.

    Without a last row for all others.
    """
    outcome = outcome_of(inputs, policies)
    return Proposal(
        **{name: outcome.field(name) for name in (*SINGLE, *LISTED)},
        reasons=[hit.reason() for hit in outcome.all_hits],
        unknown=_unknown(outcome),
        would_change=what_would_change(policies, outcome),
        policy_version=policies.version,
    )


def with_same_event(proposal: Proposal, inputs: Inputs, policies: TriagePolicies) -> Proposal:
    """The proposal once `inputs` say how likely an earlier report tells of the same event.

    Only the table of repeated reports may ask for that, so the rest of the proposal stays.
    """
    asked = dict(inputs) | {name: getattr(proposal, name) or "none" for name in CHAINED}
    hit, rule = policies.repeats.decide(asked), policies.repeats.id
    reasons = [hit.reason() if said["rule"] == rule else said for said in proposal.reasons]
    return replace(proposal, screening=str(hit.outputs["screening"]), reasons=reasons)


def deciding_hits(inputs: Inputs, policies: TriagePolicies) -> tuple[Hit, ...]:
    """The rows for stream, grade, class and way of dispatch, in this order: what acts on a family."""
    outcome = outcome_of(inputs, policies)
    return tuple(hit for place in (*CHAINED, "dispatch") for hit in outcome.hits[place])


def _unknown(outcome: Outcome) -> list[str]:
    names = {name for place in CHAINED for hit in outcome.hits[place] for name in hit.unknown}
    names |= {name for row in outcome.possible["joint"] for name in row.blocked_by}
    return sorted(names - set(CHAINED))


def said_of(proposal: Proposal) -> Mapping[str, Any]:
    """The fields that two proposals are compared by, in back-tests and replays."""
    return {name: getattr(proposal, name) for name in (*_COMPARED, "passed_to", "clocks")}
