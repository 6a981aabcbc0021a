"""The score of a pair: levels of agreement to log2 weights to a probability, with the reasons.

Levels use equality and whole numbers only, so that every engine gives the same (decision 17). A
link too many puts one family's past on another's file; a link too few hides a child: both are in
the weights' file.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, TypeVar

from anwang.people.rules.columns import Row
from anwang.people.rules.comparisons import LEVEL_OF
from anwang.people.rules.model_file import level_of_row, read_model
from anwang.people.rules.name_shares import NameShares, read_shares

MODELS: Final = Path(__file__).parent.parent / "policies" / "linkage_models"
MODEL_FILE: Final = MODELS / "2026-11-24.2.yaml"  # in force; earlier versions stay beside it
FARTHEST: Final = 60.0  # beyond this many bits the odds are 0 or 1
# Bits against: another name, not merely an unknown nickname (which training may bring to -5.3).
CONTRADICTION: Final = 5.5
# What a person keeps for life. Where the record that speaks best does not tell it, the person's others
# still may contradict; a telephone, a door and a name change, and an old one contradicts nothing.
LASTING: Final = ("national_id", "birth", "sex")
Levels: TypeAlias = list[tuple[str, Callable[[Row, Row], str | None], int]]
"""Comparisons with a bit for each of `LASTING`, by which it is noticed at once that a record does not
tell it.
"""

Candidate = TypeVar("Candidate", bound=Hashable)


class Reason(NamedTuple):
    """One comparison of a pair: its level, and its log2 weight (above 0 speaks for the same
    person).
    """

    comparison: str
    level: str
    weight: float


Weighed: TypeAlias = tuple[float, int, list[Reason]]
"""A record's weight, the bits of `LASTING` that it does not tell, and the reasons in the order of the
comparisons.
"""
_weight = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Scored:
    """`weight`: sum of the reasons, log2 of the Bayes factor. `probability`: 0 to 1, prior
    included.
    """

    weight: float
    probability: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A version of the linkage model. `accept`: probability from which a machine link is
    probable. `relation` is weighed only among the people of a known family (rules/relatives.py).
    `names`: how common names are where it was trained; None: as shipped.
    """

    version: str
    accept: float
    population: int
    evidence_beside_name: frozenset[str]
    weights: dict[str, dict[str, Reason]]
    relation: dict[str, Reason]
    names: NameShares | None = None

    def for_population(self, persons: int) -> "Model":
        """The same model asked of a register of so many persons (at least one)."""
        return replace(self, population=max(1, persons))


def levels_of(comparisons: Collection[str]) -> Levels:
    """These comparisons, in the order in which all are weighed."""
    return [
        (name, level_of, 1 << place if name in LASTING else 0)
        for place, (name, level_of) in enumerate(LEVEL_OF.items())
        if name in comparisons
    ]


_LEVELS: Final = levels_of(LEVEL_OF)


def load_model(path: Path | str = MODEL_FILE) -> Model:
    """Read a model file. Raises ModelFault if a comparison or level is missing, unknown or out of
    range.
    """
    file = read_model(path)
    told = file.rest
    return Model(
        version=file.version,
        accept=float(told["accept"]),
        population=int(told["population"]),
        evidence_beside_name=frozenset(told["evidence_beside_name"]),
        weights={
            comparison: {name: Reason(comparison, name, one.weight) for name, one in levels.items()}
            for comparison, levels in file.levels.items()
        },
        relation={
            name: Reason("relation", name, level_of_row(file.path, "relation", name, row).weight)
            for name, row in told["relation"].items()
        },
        names=read_shares(file.path.with_name(told["names"])) if told.get("names") else None,
    )


def score(query: Row, candidate: Row, model: Model) -> Scored:
    """Weigh one pair on its own. What either side does not tell counts neither way.

    The probability takes nobody else into account; to accept a link use `rank`.
    """
    weight, _, reasons = weighed(query, candidate, model)
    return Scored(weight, _probability(weight - log2(model.population)), tuple(reasons))


def weighed(query: Row, candidate: Row, model: Model, levels: Levels = _LEVELS) -> Weighed:
    """One record of a person, by all comparisons or some (`levels_of`)."""
    reasons = []
    weight = 0.0
    untold = 0
    weights = model.weights
    for comparison, level_of, bit in levels:
        level = level_of(query, candidate)
        if level is None:
            untold |= bit
        else:
            reason = weights[comparison][level]
            reasons.append(reason)
            weight += reason.weight
    return weight, untold, reasons


def best_record(records: Sequence[Weighed]) -> Weighed:
    """What a person's records (at least one) say: the heaviest speaks, once each is charged with
    what it leaves untold of `LASTING` and the others contradict. Of those, the kindest is believed.
    """
    best = records[0]
    by_nobody = best[1]
    for one in records:
        by_nobody &= one[1]
        if one[0] > best[0]:
            best = one
    if best[1] == by_nobody:
        return best
    kindest: dict[str, Reason] = {}
    for *_, reasons in records:
        for reason in reasons:
            name, level, weight = reason
            if name in LASTING:
                known = kindest.get(name)
                if known is None or (weight, level) > (known.weight, known.level):
                    kindest[name] = reason
    against = {name: reason for name, reason in kindest.items() if reason.weight < 0}
    return max([_charged(one, against) for one in records], key=_weight) if against else best


def _charged(record: Weighed, against: Mapping[str, Reason]) -> Weighed:
    _, untold, reasons = record
    told = {**against, **{reason.comparison: reason for reason in reasons}}
    if len(told) == len(reasons):
        return record
    in_order = [told[name] for name in LEVEL_OF if name in told]
    weight = 0.0
    for reason in in_order:
        weight += reason.weight
    return weight, untold, in_order


def _probability(bits: float) -> float:
    if bits > FARTHEST:
        return 1.0
    if bits < -FARTHEST:
        return 0.0
    return float(1.0 / (1.0 + 2.0**-bits))


def rank(
    query: Row,
    candidates: Iterable[tuple[Candidate, Row]],
    model: Model,
    limit: int | None = None,
) -> list[tuple[Candidate, Scored]]:
    """The first `limit` persons by weight (all without), each with its probability among all.

    A person may come with several records: the best speaks (`best_record`). Only one person can be
    the one asked for (or none of them), so that two equals have at most one half each: a common
    name cannot be accepted.
    """
    records: dict[Candidate, list[Weighed]] = {}
    for person, row in candidates:
        found = weighed(query, row, model)
        known = records.get(person)
        if known is None:
            records[person] = [found]
        else:
            known.append(found)
    best = [(person, best_record(mine)) for person, mine in records.items()]
    ordered = sorted(best, key=lambda pair: (-pair[1][0], str(pair[0])))
    mass = model.population + sum(2.0 ** min(weight, FARTHEST) for _, (weight, *_) in ordered)
    return [
        (person, Scored(weight, 2.0 ** min(weight, FARTHEST) / mass, tuple(reasons)))
        for person, (weight, _, reasons) in ordered[:limit]
    ]


def is_probable(scored: Scored, model: Model) -> bool:
    """Whether a ranked candidate may be linked by machine.

    Probable, and not by name and sex alone. Where the names contradict each other, two other
    kinds of evidence must agree: a parent's number is often given for a child.
    """
    agreeing = sum(
        reason.weight > 0 and reason.comparison in model.evidence_beside_name
        for reason in scored.reasons
    )
    contradicted = any(
        reason.comparison == "name" and reason.weight < -CONTRADICTION for reason in scored.reasons
    )
    return scored.probability >= model.accept and agreeing >= (2 if contradicted else 1)
