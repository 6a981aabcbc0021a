"""From inputs to a proposal: stream, grade, class, joint agencies and clocks, each with its reason.

A proposal decides nothing; a person at the duty desk confirms or changes it. It says what was
unknown, and what one more answer would change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Cell, Inputs, InputSpec, Value
from anwang.rulebook.rules.tables import DecisionTable, Hit, PossibleRow
from anwang.triage.rules.policies import TriagePolicies

_CHAINED: Final = frozenset({"stream", "grade", "grade_class"})
_COMPARED: Final = ("grade", "grade_class", "stream", "agency_kind", "joint_with")
# More than two open questions at once is no help to the person at the desk.
_MOST_AT_ONCE: Final = 2
_MOST_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Proposal:
    """What policy proposes. `clocks` are ids of definitions; `reasons` one row each, in the order
    of asking.

    `would_change`: {"if": {input: value}, "changes": {field: new value}}, fewest questions first.
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
        """The same as plain data, to be stored with the decision."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Decided:
    hits: tuple[Hit, ...]
    joint: tuple[Hit, ...]
    clocks: tuple[Hit, ...]
    window: Hit
    dispatch: Hit
    repeats: Hit
    tasks: tuple[Hit, ...]
    possible_joint: tuple[PossibleRow, ...]

    @property
    def all_hits(self) -> tuple[Hit, ...]:
        """Every row that fired, in the order of asking."""
        handling = (self.window, self.dispatch, self.repeats)
        return (*self.hits, *self.joint, *self.clocks, *handling, *self.tasks)

    def field(self, name: str) -> Any:
        if name == "joint_with":
            own = self.hits[0].outputs["agency_kind"]
            named = dict.fromkeys(hit.outputs["agency_kind"] for hit in self.joint)
            return [kind for kind in named if kind != own]
        place = {"grade": 1, "grade_class": 2}.get(name, 0)
        return self.hits[place].outputs[name]


def propose(inputs: Inputs, policies: TriagePolicies) -> Proposal:
    """The proposal for one report. Raises PolicyGap only for tables.

    Without a last row for all others.
    """
    decided = _decide(inputs, policies)
    reasons = [hit.reason() for hit in decided.all_hits]
    return Proposal(
        grade=decided.field("grade"),
        grade_class=decided.field("grade_class"),
        stream=decided.field("stream"),
        agency_kind=decided.field("agency_kind"),
        joint_with=decided.field("joint_with"),
        passed_to=decided.field("passed_to"),
        clocks=list(dict.fromkeys(str(hit.outputs["clock"]) for hit in decided.clocks)),
        window=str(decided.window.outputs["window"]),
        transfer=decided.window.outputs["transfer"],
        dispatch=str(decided.dispatch.outputs["dispatch"]),
        screening=str(decided.repeats.outputs["screening"]),
        tasks=list(dict.fromkeys(str(hit.outputs["task"]) for hit in decided.tasks)),
        reasons=reasons,
        unknown=_unknown(decided),
        would_change=_would_change(inputs, policies, decided),
        policy_version=policies.version,
    )


def with_same_event(proposal: Proposal, inputs: Inputs, policies: TriagePolicies) -> Proposal:
    """The proposal once `inputs` say how likely an earlier report tells of the same event.

    Only the table of repeated reports may ask for that, so the rest of the proposal stays.
    """
    asked = dict(inputs) | {name: getattr(proposal, name) or "none" for name in _CHAINED}
    hit, rule = policies.repeats.decide(asked), policies.repeats.id
    reasons = [hit.reason() if said["rule"] == rule else said for said in proposal.reasons]
    return replace(proposal, screening=str(hit.outputs["screening"]), reasons=reasons)


def _decide(inputs: Inputs, policies: TriagePolicies) -> _Decided:
    asked: dict[str, Value] = dict(inputs)
    stream = policies.stream.decide(asked)
    asked["stream"] = str(stream.outputs["stream"])
    grade = policies.grade.decide(asked)
    asked["grade"] = str(grade.outputs["grade"])
    grade_class = policies.grade_class.decide(asked)
    asked["grade_class"] = grade_class.outputs["grade_class"] or "none"
    joint, possible = policies.joint.decide_all(asked)
    clocks, _ = policies.attach.decide_all(asked)
    tasks, _ = policies.tasks.decide_all(asked)
    return _Decided(
        hits=(stream, grade, grade_class),
        joint=joint,
        clocks=clocks,
        window=policies.window.decide(asked),
        dispatch=policies.dispatch.decide(asked),
        repeats=policies.repeats.decide(asked),
        tasks=tasks,
        possible_joint=possible,
    )


def _unknown(decided: _Decided) -> list[str]:
    names = {name for hit in decided.hits for name in hit.unknown}
    names |= {name for row in decided.possible_joint for name in row.blocked_by}
    return sorted(names - _CHAINED)


def _would_change(
    inputs: Inputs, policies: TriagePolicies, decided: _Decided
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for supposed in _suppositions(policies, decided):
        if any(_is_part(said["if"], supposed) for said in found):
            continue  # fewer answers already change it
        other = _decide({**inputs, **supposed}, policies)
        changes = {
            name: other.field(name)
            for name in _COMPARED
            if other.field(name) != decided.field(name)
        }
        if changes:
            found.append({"if": supposed, "changes": changes})
    return found[:_MOST_SHOWN]


def _is_part(some: object, supposed: Mapping[str, Value]) -> bool:
    return isinstance(some, dict) and some.items() <= supposed.items()


def _suppositions(policies: TriagePolicies, decided: _Decided) -> list[dict[str, Value]]:
    """Known values of unknown inputs worth trying.

    Those that some row still waits for, fewest first.
    """
    tables = (policies.stream, policies.grade, policies.grade_class)
    tried: list[dict[str, Value]] = []
    for table, hit in zip(tables, decided.hits, strict=True):
        tried += _of_possible(hit.possible, table)
        tried += _of_hit(hit, table)
    tried += _of_possible(decided.possible_joint, policies.joint)
    unique = {tuple(sorted(one.items(), key=lambda item: item[0])): one for one in tried}
    return sorted(unique.values(), key=len)


def _of_possible(rows: Iterable[PossibleRow], table: DecisionTable) -> Iterator[dict[str, Value]]:
    specs = {spec.name: spec for spec in table.specs}
    for possible in rows:
        if len(possible.blocked_by) > _MOST_AT_ONCE:
            continue
        supposed = {
            name: _witness(specs[name], possible.row.when[name]) for name in possible.blocked_by
        }
        if all(value is not None for value in supposed.values()):
            yield {name: value for name, value in supposed.items() if value is not None}


def _of_hit(hit: Hit, table: DecisionTable) -> Iterator[dict[str, Value]]:
    """Where the row itself took an unknown input, the known values that it would not take."""
    specs = {spec.name: spec for spec in table.specs}
    for name, value in hit.used.items():
        if value is UNKNOWN and name not in _CHAINED:
            for other in _domain(specs[name], hit.row.when[name]):
                if not hit.row.when[name].accepts(other):
                    yield {name: other}


def _witness(spec: InputSpec, cell: Cell) -> Value | None:
    return next((value for value in _domain(spec, cell) if cell.accepts(value)), None)


def _domain(spec: InputSpec, cell: Cell) -> tuple[Value, ...]:
    """Known values to try. A set (which concern?) is asked as a question, not supposed."""
    if spec.kind == "flag":
        return (True, False)
    if spec.kind == "choice":
        return spec.values
    if spec.kind == "number":
        edges = [edge for atom in cell.atoms for edge in (atom.low, atom.high) if edge is not None]
        return tuple(int(edge + step) for edge in edges for step in (0, -1, 1))
    return ()


def said_of(proposal: Proposal) -> Mapping[str, Any]:
    """The fields that two proposals are compared by, in back-tests and replays."""
    return {name: getattr(proposal, name) for name in (*_COMPARED, "passed_to", "clocks")}
