"""Answers to instruments as a screening reads them: part of its picture, each with who gave it and when.

Kept in the picture, they replay with it (V6). The desk's and the team's answers about this very report
stand beside those that came with it; of another report about the same victim only an assessment that
reached the cut-off is told, since a low score says nothing about today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from anwang.rulebook.rules.instruments import Instrument
from anwang.rulebook.rules.scoring import NOT_KNOWN
from anwang.triage.rules.household import Picture
from anwang.triage.rules.reading import Reading

ANSWERED: Final = "answered"
Answers = Mapping[str, Mapping[str, Any]]
_IN_NEED: Final = frozenset({"victim", "person-in-need"})
_RESPONDENT: Final = "respondent"
# The fact that each report leaves about each of its subjects (registries/policies/sources/anwang.yaml).
_NAMED_IN: Final = "report-subject"


@dataclass(frozen=True, slots=True)
class Given:
    """What one instrument was answered, question -> code or codes; texts are nobody's input.

    `by` and `at` (ISO) are of the last answer. `report`: receipt of the other report that it was
    answered about, None for this one; `person_id`: the victim whom both are about.
    """

    instrument: str
    version: str
    answers: Mapping[str, Any]
    by: str
    at: str
    report: str | None = None
    person_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As kept in a picture."""
        return asdict(self)


def given_in(picture: Picture) -> list[Given]:
    """What the picture holds of answers, in its order; a picture of before such were read has none."""
    return [Given(**one) for one in picture.get(ANSWERED) or ()]


def with_given(picture: Picture, given: Iterable[Given]) -> dict[str, Any]:
    """The picture with these answers in the place of those it held."""
    told = {ANSWERED: [one.as_dict() for one in given]}
    return {name: one for name, one in picture.items() if name != ANSWERED} | (
        told if told[ANSWERED] else {}
    )


def with_answers(report: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """The report as if it had come with these answers, {instrument: {question: answer}}, besides its
    own; of a question answered twice the later answer counts, that of the desk or the team. Who does
    not know takes nothing back from who did."""
    own = report.get("answers")
    told = dict(own) if isinstance(own, Mapping) else {}
    for instrument, given in answers.items():
        said = told.get(instrument)
        before = dict(said) if isinstance(said, Mapping) else {}
        told[instrument] = before | {
            name: value for name, value in given.items() if value != NOT_KNOWN or name not in before
        }
    return {**report, "answers": told}


def of_this_report(picture: Picture) -> dict[str, Mapping[str, Any]]:
    """Instrument -> what the desk or the team answered about the report itself."""
    return {one.instrument: one.answers for one in given_in(picture) if one.report is None}


def about_the_same(picture: Picture, subjects: Mapping[str, str]) -> dict[str, str]:
    """Receipt -> victim of each other report that names a victim of this one as its victim, too, and
    nobody else as the one who did it. `subjects`: person id -> role in this report."""
    victims = {person for person, role in subjects.items() if role in _IN_NEED}
    ours = {person for person, role in subjects.items() if role == _RESPONDENT}
    found: dict[str, str] = {}
    theirs: dict[str, set[str]] = {}
    for fact in picture.get("facts") or ():
        value, person = fact.get("value"), str(fact.get("person_id"))
        if fact.get("kind") != _NAMED_IN or not isinstance(value, Mapping):
            continue
        receipt, role = str(value.get("report") or ""), value.get("role")
        if receipt and role in _IN_NEED and person in victims:
            found.setdefault(receipt, person)
        elif role == _RESPONDENT:
            theirs.setdefault(receipt, set()).add(person)
    return {
        receipt: person
        for receipt, person in found.items()
        if not ours or not theirs.get(receipt) or ours & theirs[receipt]
    }


def read_instruments(reading: Reading) -> tuple[str, ...]:
    """Ids of the instruments that some input is read from; all others have no part in a proposal."""
    return (reading.consult.id, *reading.facts["danger_assessment"]["instruments"])


def told_codes(instrument: str, answers: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Of the answers to an instrument those that an input is read from: no texts, nothing uncounted."""
    asked = _instrument(instrument, reading).questions
    return {
        name: value
        for name, value in answers.items()
        if name in asked and any(one.feeds or one.points for one in asked[name].options)
    }


def _instrument(instrument: str, reading: Reading) -> Instrument:
    return reading.consult if instrument == reading.consult.id else reading.danger
