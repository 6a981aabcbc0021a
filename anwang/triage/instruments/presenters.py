"""An instrument as its form shows it: unasked, not known and no stand apart, a score says what it
does not decide, equal sides stand beside each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from django.urls import reverse

from anwang.access.models import Account
from anwang.rulebook.rules.instruments import Instrument, Question, Section
from anwang.rulebook.rules.scoring import NOT_KNOWN, Score, band_of, score_of, state_of
from anwang.triage.instruments.models import Answer
from anwang.triage.instruments.queries import FormState, current
from anwang.triage.presenters.words import Words, plain

Context = dict[str, Any]
_NOT_KNOWN: Final[Words] = {"zh": "不知道", "en": "Not known"}


def form_context(instrument: Instrument, answers: Mapping[str, Any]) -> Context:
    """The form with what was answered so far."""
    blocks = [
        {"sides": side, "sections": [_section(one, answers) for one in sections]}
        for side, sections in groupby(instrument.sections, key=lambda one: one.side)
    ]
    return {"instrument": instrument, "blocks": blocks, **state_context(instrument, answers)}


def state_context(instrument: Instrument, answers: Mapping[str, Any]) -> Context:
    """How far the form is filled, and what it counts."""
    asked = [one for one in instrument.questions.values() if one.kind != "text"]
    states = [state_of(question, answers) for question in asked]
    return {
        "questions": len(asked),
        "answered": states.count("answered"),
        "not_known": states.count("not-known"),
        "unanswered": states.count("unanswered"),
        "score": _score(instrument, score_of(instrument, answers)) if answers else None,
    }


def _score(instrument: Instrument, score: Score | None) -> Context | None:
    if score is None:
        return None
    return {
        "points": score.points,
        "most": score.most,
        "asked": score.asked,
        "left": len(score.open_questions),
        "band": score.band.text,
        "grave": score.band == instrument.bands[-1],
        "sure": score.sure,
        "could_be": band_of(instrument, score.most).text,
    }


def _section(section: Section, answers: Mapping[str, Any]) -> Context:
    return {
        "id": section.id,
        "text": section.text,
        "questions": [_question(one, answers) for one in section.questions],
    }


def _question(question: Question, answers: Mapping[str, Any]) -> Context:
    given = answers.get(question.id)
    chosen = set(given) if isinstance(given, list) else {given}
    return {
        "question": question,
        "name": f"answers-{question.id}",
        "state": state_of(question, answers),
        "given": given if isinstance(given, str) else "",
        # "Not known" stands last and apart: it is no kind of no.
        "options": [
            {"code": one.code, "text": one.text, "chosen": one.code in chosen}
            for one in sorted(question.options, key=lambda one: one.code == NOT_KNOWN)
        ],
    }


def history_lines(
    answers: Iterable[Answer],
    versions: Mapping[str, Instrument],
    accounts: Mapping[uuid.UUID, Account],
) -> list[Context]:
    """What was answered when and by whom, the latest first; rows kept together stand together."""
    lines = []
    for (at, by, version), rows in groupby(answers, key=lambda one: (one.at, one.by, one.version)):
        asked = versions[version].questions if version in versions else {}
        account = accounts.get(by)
        lines.append({
            "at": at,
            "who": account.display_name if account else "",
            "version": version,
            "told": [_told(one, asked.get(one.question)) for one in rows],
        })  # fmt: skip
    return lines[::-1]


def _told(answer: Answer, question: Question | None) -> Context:
    words: list[Words] = []
    if question is not None and question.kind != "text":
        codes = answer.value if isinstance(answer.value, list) else [answer.value]
        texts = {option.code: option.text for option in question.options}
        words = [dict(texts.get(str(code), plain(code))) for code in codes if code is not None]
    return {
        "text": question.text if question else plain(answer.question),
        "words": words,
        "said": answer.value if not words and isinstance(answer.value, str) else "",
        "taken_back": answer.value is None,
    }


def instrument_lines(
    receipt: str,
    instruments: Iterable[Instrument],
    tasks: Iterable[str],
    answers: Iterable[Answer],
) -> Context:
    """Lines of triage/instruments/_forms.html: what policy asks to fill in first, the others folded."""
    wanted, given = set(tasks), list(answers)
    lines = [_line(receipt, one, one.task in wanted, given) for one in instruments]
    shown = [one for one in lines if one["asked"] or one["begun"]]
    return {"shown": shown, "folded": [one for one in lines if one not in shown]}


def _line(receipt: str, instrument: Instrument, asked: bool, given: list[Answer]) -> Context:
    answers = current(given, instrument)
    state = state_context(instrument, answers)
    return {
        "url": reverse("triage:form", args=[receipt, instrument.id]),
        "text": instrument.text,
        "asked": asked,
        "begun": bool(answers),
        "filled": bool(answers) and not state["unanswered"],
        **state,
    }


def state_lines(
    receipt: str,
    instruments: Mapping[str, Instrument],
    tasks: Iterable[str],
    states: Iterable[FormState],
    receipts: Mapping[uuid.UUID, str],
    accounts: Mapping[uuid.UUID, Account],
) -> Context:
    """As `instrument_lines`, for a case: how far the forms about its report are filled, by whom and
    when, then those about the family's other reports (`receipts`: report -> receipt). What was
    answered is told on the form alone."""
    wanted = set(tasks)
    known = [(receipts[one.matter_id], one) for one in states if one.matter_id in receipts]
    own = {one.instrument: one for of, one in known if of == receipt}
    lines = [
        _state_line(receipt, one, own.get(one.id), accounts) | {"asked": one.task in wanted}
        for one in instruments.values()
    ]
    shown = [one for one in lines if one["asked"] or one["begun"]]
    others = [
        _state_line(of, instruments[one.instrument], one, accounts) | {"of": of}
        for of, one in known
        if of != receipt and one.instrument in instruments
    ]
    return {"shown": [*shown, *others], "folded": [one for one in lines if one not in shown]}


def _state_line(
    receipt: str,
    instrument: Instrument,
    state: FormState | None,
    accounts: Mapping[uuid.UUID, Account],
) -> Context:
    asked = {one.id for one in instrument.questions.values() if one.kind != "text"}
    answered = asked & state.questions if state else set()
    return {
        "url": reverse("triage:form", args=[receipt, instrument.id]),
        "text": instrument.text,
        "begun": state is not None,
        "filled": state is not None and answered == asked,
        "answered": len(answered),
        "questions": len(asked),
        "who": accounts.get(state.by) if state else None,
        "at": state.at if state else None,
    }
