"""How good a model's answers are, where the truth is known: by threshold and by kind of slip.

An absent person matched to anybody is a wrong answer. Recall counts the persons who are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

PRECISION: Final = 0.99
# Precisions whose thresholds an evaluation tells, so that a county can choose.
_TOLD: Final = (0.999, 0.995, 0.99, 0.98, 0.95, 0.9)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best answer to one description: how sure, taken by the model or not, right or not.

    `present`: whether the person is in the register; `among_five`: whether the person is in the
    first five.
    """

    kind: str
    probability: float
    accepted: bool
    right: bool
    present: bool
    among_five: bool


def threshold(answers: Sequence[Answer], precision: float = PRECISION) -> float | None:
    """The lowest probability down to which so many of the answers are right; None where even the
    surest are not.
    """
    right, lowest = 0, None
    ordered = sorted((one for one in answers if one.probability), key=lambda one: -one.probability)
    for taken, one in enumerate(ordered, start=1):
        right += one.right
        # Equal probabilities are taken together or not at all.
        ends = taken == len(ordered) or ordered[taken].probability < one.probability
        if ends and right / taken >= precision:
            lowest = one.probability
    return lowest


def evaluated(answers: Sequence[Answer]) -> dict[str, Any]:
    """The evaluation of a model, as it stands beside its file."""
    present = [one for one in answers if one.present]
    accepted = [one for one in answers if one.accepted]
    return {
        "questions": len(answers),
        "present": len(present),
        "accepted": _quality([one.right for one in accepted], len(present)),
        "among_five": _share(sum(one.among_five for one in present), len(present)),
        "thresholds": [_at(answers, precision) for precision in _TOLD],
        "kinds": [_of_kind(answers, kind) for kind in sorted({one.kind for one in answers})],
    }


def _at(answers: Sequence[Answer], precision: float) -> dict[str, Any]:
    least = threshold(answers, precision)
    if least is None:
        return {"precision": precision, "probability": None, "recall": 0.0}
    found = sum(one.right and one.probability >= least for one in answers)
    present = sum(one.present for one in answers)
    return {
        "precision": precision, "probability": float(f"{least:.4g}"),
        "recall": _share(found, present),
    }  # fmt: skip


def _of_kind(answers: Sequence[Answer], kind: str) -> dict[str, Any]:
    ours = [one for one in answers if one.kind == kind]
    present = sum(one.present for one in ours)
    return {
        "kind": kind,
        "questions": len(ours),
        "right": sum(one.accepted and one.right for one in ours),
        "wrong": sum(one.accepted and not one.right for one in ours),
        "first": sum(one.right for one in ours),
        "among_five": sum(one.among_five for one in ours) if present else 0,
        "present": present,
    }


def _quality(right: Sequence[bool], present: int) -> dict[str, float]:
    return {
        "precision": _share(sum(right), len(right)),
        "recall": _share(sum(right), present),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
