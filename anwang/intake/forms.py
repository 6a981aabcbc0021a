"""What a browser sends, as a report; nothing is required and nothing refused (I1)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core import signing

from anwang.intake.rules.instants import read_instant
from anwang.intake.rules.schema import allowed, subject_fields
from anwang.people.rules.addresses import parse_address
from anwang.rulebook.rules.instruments import Instrument

Fields = Mapping[str, Sequence[str]]
MOST_SUBJECTS: Final = 30
SECRET: Final = ("name", "organisation", "phone", "email", "role")
NOT_KEPT: Final = frozenset({"csrfmiddlewaretoken", "photos", "looked_again"})
HOTLINES: Final = ("hotline-113", "hotline-1957", "hotline-1925", "mens-line", "walk-in")
_CARD: Final = re.compile(r"subjects-(\d{1,3})-([a-z_]+)")
_NOT_KNOWN: Final = ("", "unknown")


def issue_token(author: uuid.UUID) -> str:
    """A form's token: the key of the report that it makes, however often it is sent."""
    return signing.Signer(salt=f"intake.form/{author}").sign(str(uuid.uuid4()))


def key_in(token: str, author: uuid.UUID) -> str | None:
    """The report's key in a token issued to `author`; None for any other."""
    try:
        return signing.Signer(salt=f"intake.form/{author}").unsign(token)
    except signing.BadSignature:
        return None


def kept_fields(posted: Fields) -> dict[str, list[str]]:
    """What of a form a draft keeps."""
    return {name: list(values) for name, values in posted.items() if name not in NOT_KEPT}


def _one(posted: Fields, name: str) -> str:
    values = posted.get(name) or [""]
    return values[-1].strip()


def report_of(
    posted: Fields, *, channel: str, mandated: bool, instrument: Instrument | None = None
) -> dict[str, Any]:
    """The report that a form tells, in the shape of docs/formats/report.schema.json."""
    report: dict[str, Any] = {
        "channel": channel,
        "reporter": _reporter(posted, mandated),
        "subjects": _subjects(posted),
        "concerns": [one for one in posted.get("concerns", ()) if one in allowed("concerns")],
        "immediate_danger": _one(posted, "immediate_danger") or "unknown",
        "incident": _incident(posted),
        "narrative": _one(posted, "narrative"),
    }
    if instrument is not None and (answers := _answers(posted, instrument)):
        report["answers"] = {instrument.id: answers}
    return report


def _reporter(posted: Fields, mandated: bool) -> dict[str, Any]:
    said: dict[str, Any] = {name: _one(posted, f"reporter-{name}") for name in SECRET}
    learned = _one(posted, "reporter-learned_at")
    if learned:
        instant, _ = read_instant(learned)
        said["learned_at"] = instant.isoformat() if instant else learned
    said = {name: value for name, value in said.items() if value}
    return said | {"mandated": mandated, "anonymous": "name" not in said}


def _subjects(posted: Fields) -> list[dict[str, str]]:
    cards: dict[int, dict[str, str]] = {}
    for name in posted:
        found, value = _CARD.fullmatch(name), _one(posted, name)
        if found and value and found.group(2) in subject_fields():
            cards.setdefault(int(found.group(1)), {})[found.group(2)] = value
    # A card on which only its preset was left says nothing.
    return [{"role": "other"} | card for _, card in sorted(cards.items()) if set(card) - {"role"}]


def _incident(posted: Fields) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: _one(posted, f"incident-{name}") for name in ("occurred_at", "place", "injury")
    }
    said = {name: value for name, value in said.items() if value}
    weapon = _one(posted, "incident-weapon")
    if weapon in ("yes", "no"):
        said["weapon"] = weapon == "yes"
    return said


def _answers(posted: Fields, instrument: Instrument) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for question in instrument.questions.values():
        given = [value for value in posted.get(f"answers-{question.id}", ()) if value.strip()]
        if question.kind == "many":
            if given:
                answers[question.id] = list(given)
        elif given and given[-1] not in _NOT_KNOWN:
            answers[question.id] = given[-1]
    return answers


def says_nothing(report: Mapping[str, Any]) -> bool:
    """Whether somebody only pressed the button."""
    incident = {k: v for k, v in report["incident"].items() if v != "unknown"}
    told = (report["subjects"], report["concerns"], report["narrative"], report.get("answers"))
    return not any(told) and not incident and report["immediate_danger"] != "yes"


def tells_county(report: Mapping[str, Any]) -> bool:
    """Whether an address says where to send it; else the county of who reports is the best guess."""
    places = [one.get("address", "") for one in report["subjects"]]
    return any(
        parse_address(text).county for text in [*places, report["incident"].get("place", "")]
    )
