"""Who is meant by somebody told only as "the mother, 謝心安", once the family is known.

In a register of millions a name and a relation are nobody. Among the handful of people around a
child who was recognised they are enough. What a family shares (door, telephone) tells nobody apart
and is left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from anwang.people.rules.columns import Row
from anwang.people.rules.scoring import Model, Reason, Scored, best_record, levels_of, weighed

Key = TypeVar("Key", bound=Hashable)
_LEVELS: Final = levels_of(("national_id", "name", "birth", "sex"))
# One of these must agree, and none speak against: a relation alone fits every sister.
_PERSONAL: Final = ("national_id", "name", "birth")
_CONTRADICTION: Final = -5.0  # bits; an unknown nickname is none


@dataclass(frozen=True, slots=True)
class Relative(Generic[Key]):
    """Somebody of the family: the columns of each record, and whether the told relation is theirs.

    `related`: None where the report tells no relation or the registers know none.
    """

    person: Key
    rows: Sequence[Row]
    related: bool | None


def relative_meant(
    told: Row, family: Sequence[Relative[Key]], model: Model
) -> tuple[Key, Scored] | None:
    """The one of `family` who is meant, with probability and reasons, or None.

    None where two could be meant, where nobody fits, and where only the relation does. Somebody
    who is not of the family is as likely beforehand as each who is.
    """
    scored = [(one.person, _score(told, one, model)) for one in family if one.rows]
    if not scored:
        return None
    mass = 1.0 + sum(2.0**found.weight for _, found in scored)
    person, best = max(scored, key=lambda pair: (pair[1].weight, str(pair[0])))
    probability = 2.0**best.weight / mass
    if probability < model.accept or not _holds(best):
        return None
    return person, Scored(best.weight, probability, best.reasons)


def _score(told: Row, one: Relative[Key], model: Model) -> Scored:
    weight, _, reasons = best_record([weighed(told, row, model, _LEVELS) for row in one.rows])
    if one.related is not None:
        relation = model.relation["same" if one.related else "other"]
        weight, reasons = weight + relation.weight, [*reasons, relation]
    return Scored(weight, 0.0, tuple(reasons))


def _holds(scored: Scored) -> bool:
    personal: list[Reason] = [one for one in scored.reasons if one.comparison in _PERSONAL]
    return any(one.weight > 0 for one in personal) and all(
        one.weight > _CONTRADICTION for one in scored.reasons
    )
