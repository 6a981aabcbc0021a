"""Instruments: dated lists of questions (a consult form, a danger assessment, a guidance of equal
sides) and what their answers say.

Answers are checked leniently: what does not fit is named and left out, never refused; a question
not answered stays unknown. What a score counts and what it does not decide: `scoring`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, cast

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.tables import CONFIDENCES

AnswerKind = Literal["one", "many", "yes-no", "text"]
ANSWER_KINDS: Final = frozenset({"one", "many", "yes-no", "text"})
_YES_NO: Final = ("yes", "no", "unknown")


class InstrumentFault(AnwangError):
    """An instrument file is not well formed. The text names the question and what to correct."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: its code, its words, the inputs of triage that it says something about, and the
    points that it counts in a score."""

    code: str
    text: Mapping[str, str]
    feeds: Mapping[str, str | bool | tuple[str, ...]]
    points: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `hint` is said to the worker, not to the caller. `confidence` is of its wording
    where it has one of its own; else the instrument's holds."""

    id: str
    kind: AnswerKind
    text: Mapping[str, str]
    hint: Mapping[str, str]
    options: tuple[Option, ...]
    confidence: str = ""

    @property
    def scored(self) -> bool:
        """Whether an answer to it counts in the instrument's score."""
        return any(option.points for option in self.options)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its questions, in order. A `side` stands beside others of the same weight."""

    id: str
    text: Mapping[str, str]
    questions: tuple[Question, ...]
    side: bool = False

    @property
    def shape(self) -> tuple[tuple[str, int], ...]:
        """Kind and number of options of each question: what equal sides have in common."""
        return tuple((asked.kind, len(asked.options)) for asked in self.questions)


@dataclass(frozen=True, slots=True)
class Band:
    """From how many points on a score is called so."""

    least: int
    code: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of an instrument.

    `note` says what it is for and what it does not decide. `task`: the task of triage that asks for
    it. `bands`: what a score is called, least points first; empty where nothing is counted.
    """

    id: str
    version: str
    text: Mapping[str, str]
    sections: tuple[Section, ...]
    citation: str
    confidence: str
    valid_from: date
    valid_to: date | None
    note: Mapping[str, str] = field(default_factory=dict)
    task: str = ""
    bands: tuple[Band, ...] = ()

    @property
    def sides(self) -> tuple[Section, ...]:
        """The sections that weigh alike, in the order of the file, which ranks nothing."""
        return tuple(section for section in self.sections if section.side)

    @property
    def questions(self) -> dict[str, Question]:
        """Question id -> question, in the order of the form."""
        return {asked.id: asked for section in self.sections for asked in section.questions}


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """An answer that does not fit its question; `text` is for the person who fills the form."""

    question: str
    text: Mapping[str, str]


def read_instrument(doc: Doc) -> Instrument:
    """An instrument from its file. Raises InstrumentFault."""
    if doc.get("confidence") not in CONFIDENCES or not doc.get("citation"):
        raise InstrumentFault(f"Instrument {doc.get('id')}: citation and confidence are needed.")
    sections = tuple(
        Section(
            said["id"],
            said["text"],
            tuple(_question(asked) for asked in said["questions"]),
            bool(said.get("side")),
        )
        for said in doc["sections"]
    )
    instrument = Instrument(
        id=doc["id"],
        version=str(doc["version"]),
        text=doc["text"],
        sections=sections,
        citation=doc["citation"],
        confidence=doc["confidence"],
        valid_from=doc["valid_from"],
        valid_to=doc.get("valid_to"),
        note=doc.get("note", {}),
        task=str(doc.get("task", "")),
        bands=tuple(
            Band(int(said["from"]), str(said["code"]), said["text"])
            for said in doc.get("bands", ())
        ),
    )
    _check(instrument)
    return instrument


def _check(instrument: Instrument) -> None:
    place = f"Instrument {instrument.id}"
    if len(instrument.questions) != sum(len(section.questions) for section in instrument.sections):
        raise InstrumentFault(f"{place}: a question id stands twice.")
    least = [band.least for band in instrument.bands]
    if least and (least[0] != 0 or least != sorted(set(least))):
        raise InstrumentFault(f"{place}: bands begin at 0 points and rise.")
    scored = any(asked.scored for asked in instrument.questions.values())
    if scored != bool(least):
        raise InstrumentFault(f"{place}: points need bands, and bands need points.")
    if scored and not instrument.note:
        raise InstrumentFault(f"{place}: a score needs a note that says what it does not decide.")
    if instrument.sides:
        _check_sides(instrument, place)


def _check_sides(instrument: Instrument, place: str) -> None:
    """Equal sides are asked alike, count nothing and say nothing to the tables that grade."""
    if len({side.shape for side in instrument.sides}) > 1:
        raise InstrumentFault(f"{place}: equal sides have the same number and kinds of questions.")
    options = [one for asked in instrument.questions.values() for one in asked.options]
    if any(option.points or option.feeds for option in options):
        raise InstrumentFault(
            f"{place}: equal sides stay apart from the grade: no points, no feeds."
        )


def _question(said: Doc) -> Question:
    kind = said["kind"]
    if kind not in ANSWER_KINDS:
        raise InstrumentFault(f"Question {said['id']}: kind is one of {', '.join(ANSWER_KINDS)}.")
    options = tuple(_option(given) for given in said.get("options", ()))
    if kind == "yes-no":
        options = tuple(_yes_no_option(code, said) for code in _YES_NO)
    if (kind == "text") == bool(options):
        raise InstrumentFault(f"Question {said['id']}: a text has no options, all others do.")
    confidence = str(said.get("confidence", ""))
    if confidence and confidence not in CONFIDENCES:
        raise InstrumentFault(f"Question {said['id']}: confidence is V, S, D or U.")
    return Question(said["id"], kind, said["text"], said.get("hint", {}), options, confidence)


def _option(said: Doc) -> Option:
    feeds = {name: _fed(value) for name, value in said.get("feeds", {}).items()}
    return Option(str(said["code"]), said["text"], feeds, int(said.get("points", 0)))


def _yes_no_option(code: str, question: Doc) -> Option:
    words = {"yes": ("是", "Yes"), "no": ("否", "No"), "unknown": ("不知道", "Not known")}
    zh, en = words[code]
    fed = question.get("feeds", {}).get(code, {})
    points = int(question.get("points", {}).get(code, 0))
    feeds = {name: _fed(value) for name, value in fed.items()}
    return Option(code, {"zh": zh, "en": en}, feeds, points)


def _fed(value: object) -> str | bool | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return value if isinstance(value, bool) else str(value)


def answer_faults(instrument: Instrument, answers: Mapping[str, object]) -> list[AnswerFault]:
    """What in `answers` does not fit; empty if all does. Unanswered questions are no fault."""
    asked = instrument.questions
    faults = [
        AnswerFault(name, {"zh": "表單中沒有這一題。", "en": "The form has no such question."})
        for name in answers
        if name not in asked
    ]
    for name, question in asked.items():
        if name in answers and not _fits(question, answers[name]):
            faults.append(AnswerFault(name, _expected(question)))
    return faults


def _expected(question: Question) -> dict[str, str]:
    codes = ", ".join(option.code for option in question.options)
    if question.kind == "text":
        return {"zh": "請填文字。", "en": "Write a text."}
    return {"zh": f"請選擇：{codes}。", "en": f"Choose from: {codes}."}


def _fits(question: Question, answer: object) -> bool:
    if question.kind == "text":
        return isinstance(answer, str)
    codes = {option.code for option in question.options}
    if question.kind == "many":
        return isinstance(answer, list) and all(
            isinstance(item, str) and item in codes for item in answer
        )
    return isinstance(answer, str) and answer in codes


def fed_inputs(
    instrument: Instrument, answers: Mapping[str, object]
) -> dict[str, list[str | bool | tuple[str, ...]]]:
    """Input name -> everything the answers say of it.

    In the order of the form; ill-fitting answers say nothing.
    """
    said: dict[str, list[str | bool | tuple[str, ...]]] = {}
    for name, question in instrument.questions.items():
        for option in _chosen(question, answers.get(name)):
            for fed, value in option.feeds.items():
                said.setdefault(fed, []).append(value)
    return said


def _chosen(question: Question, answer: object) -> Iterable[Option]:
    codes: set[str] = set()
    if isinstance(answer, str):
        codes = {answer}
    elif isinstance(answer, list) and question.kind == "many":
        codes = {item for item in cast(list[object], answer) if isinstance(item, str)}
    return [option for option in question.options if option.code in codes]
