"""Instruments: dated lists of questions (a consult form, a danger assessment) and what their
answers say.

Answers are checked leniently: what does not fit is named and left out, never refused; a question
not answered stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """One answer: its code, its words, and the inputs of triage that it says something about."""

    code: str
    text: Mapping[str, str]
    feeds: Mapping[str, str | bool | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `hint` is said to the worker, not to the caller."""

    id: str
    kind: AnswerKind
    text: Mapping[str, str]
    hint: Mapping[str, str]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its questions, in order."""

    id: str
    text: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of an instrument."""

    id: str
    version: str
    text: Mapping[str, str]
    sections: tuple[Section, ...]
    citation: str
    confidence: str
    valid_from: date
    valid_to: date | None

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
        Section(said["id"], said["text"], tuple(_question(asked) for asked in said["questions"]))
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
    )
    if len(instrument.questions) != sum(len(section.questions) for section in sections):
        raise InstrumentFault(f"Instrument {instrument.id}: a question id stands twice.")
    return instrument


def _question(said: Doc) -> Question:
    kind = said["kind"]
    if kind not in ANSWER_KINDS:
        raise InstrumentFault(f"Question {said['id']}: kind is one of {', '.join(ANSWER_KINDS)}.")
    options = tuple(_option(given) for given in said.get("options", ()))
    if kind == "yes-no":
        options = tuple(_yes_no_option(code, said) for code in _YES_NO)
    if (kind == "text") == bool(options):
        raise InstrumentFault(f"Question {said['id']}: a text has no options, all others do.")
    return Question(said["id"], kind, said["text"], said.get("hint", {}), options)


def _option(said: Doc) -> Option:
    feeds = {name: _fed(value) for name, value in said.get("feeds", {}).items()}
    return Option(str(said["code"]), said["text"], feeds)


def _yes_no_option(code: str, question: Doc) -> Option:
    words = {"yes": ("是", "Yes"), "no": ("否", "No"), "unknown": ("不知道", "Not known")}
    zh, en = words[code]
    fed = question.get("feeds", {}).get(code, {})
    return Option(code, {"zh": zh, "en": en}, {name: _fed(value) for name, value in fed.items()})


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
