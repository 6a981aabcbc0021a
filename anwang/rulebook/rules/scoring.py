"""What the answers to an instrument count, as far as they go.

A question that was not asked, one whose answer nobody knows, and a plain no are three things. A
score is therefore two figures: what is counted already, and what it could become. A score decides
nothing: tables may ask for it, and none may act on it alone (`check`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from anwang.rulebook.rules.instruments import Band, Instrument, Question

State = Literal["answered", "not-known", "unanswered"]
NOT_KNOWN: Final = "unknown"
Answers = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Score:
    """`points` are counted already, `most` would be counted if all open questions were answered so.

    `band` is that of `points`; `sure` says that no open answer could lead to another one.
    """

    points: int
    most: int
    band: Band
    sure: bool
    asked: int
    open_questions: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every question that counts has an answer other than *not known*."""
        return not self.open_questions


def state_of(question: Question, answers: Answers) -> State:
    """Whether a question has an answer, has *not known* for one, or was not asked."""
    answer = answers.get(question.id)
    if answer is None or answer in ("", [], ()):
        return "unanswered"
    return "not-known" if answer == NOT_KNOWN else "answered"


def score_of(instrument: Instrument, answers: Answers) -> Score | None:
    """What the answers count; None for an instrument that counts nothing."""
    scored = [asked for asked in instrument.questions.values() if asked.scored]
    if not scored:
        return None
    points, most, left = 0, 0, []
    for asked in scored:
        if state_of(asked, answers) == "answered":
            counted = _points(asked, answers[asked.id])
            points, most = points + counted, most + counted
        else:
            most += max(option.points for option in asked.options)
            left.append(asked.id)
    band = band_of(instrument, points)
    return Score(points, most, band, band == band_of(instrument, most), len(scored), tuple(left))


def _points(question: Question, answer: object) -> int:
    chosen = set(answer) if isinstance(answer, (list, tuple)) else {answer}
    return sum(option.points for option in question.options if option.code in chosen)


def band_of(instrument: Instrument, points: int) -> Band:
    """What so many points are called. The instrument has bands."""
    return next(band for band in reversed(instrument.bands) if band.least <= points)


def cut_off(instrument: Instrument) -> int:
    """From how many points on the last band begins. The instrument has bands."""
    return instrument.bands[-1].least
