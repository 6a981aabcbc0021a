"""Where each input of a decision came from: the report, answers to a form, a registry, or nowhere yet.

Nothing is noted down while inputs are read: what the report alone would say is read again without
the picture, then with the answers alone, and whatever they do not say came from the registers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.triage.rules.answers import Given, given_in, with_given
from anwang.triage.rules.household import Picture
from anwang.triage.rules.inputs import Report, inputs_from
from anwang.triage.rules.reading import Reading, shipped_reading

# Input -> entry of facts_read.yaml that names its facts and its source.
_READ_BY: Final = {
    "psychiatric_care": "psychiatric_care",
    "mental_illness": "psychiatric_care",
    "in_prison_carer": "in_custody",
    "prior_reports_12m": "earlier_reports",
    "not_enrolled_primary_1": "not_enrolled_primary_1",
    "respondent_lives_with_victim": "residence",
    "child_in_home": "residence",
    "child_under_6_in_home": "residence",
}
_OUR_OWN: Final = "anwang"
# Birth dates, kinship and who lives where stand in the register of households.
_REGISTER: Final = "household-registration"
# What a reader should hear first of several persons asked about at one source.
_SILENT: Final = ("failed", "late", "withheld", "not-asked")


@dataclass(frozen=True, slots=True)
class Origin:
    """`source`, `since` (day from which it holds) and `known_at` are of a registry; of answers, the
    instrument, when it was answered and (`given`) by whom and about which report. `state` is the
    look-up state of what is unknown, where a source could tell."""

    kind: Literal["report", "answers", "registry", "unknown"]
    source: str | None = None
    since: str | None = None
    known_at: str | None = None
    state: str | None = None
    given: Given | None = None


def origins(
    report: Report, picture: Picture, inputs: Mapping[str, Value], reading: Reading | None = None
) -> dict[str, Origin]:
    """Input -> where it came from. `inputs` as the decision had them; absent ones are not told."""
    reading = reading or shipped_reading()
    bare = {"as_of": picture.get("as_of")}
    alone = inputs_from(report, bare, reading)
    answered = [
        (one, inputs_from(report, with_given(bare, [one]), reading)) for one in given_in(picture)
    ]

    def origin(name: str, value: Value) -> Origin:
        if value is UNKNOWN:
            return _unknown(name, picture, reading)
        if alone.get(name, UNKNOWN) == value:
            return Origin("report")
        for one, said in answered:
            if said.get(name, UNKNOWN) == value:
                return Origin("answers", one.instrument, known_at=one.at, given=one)
        return _registry(name, picture, reading)

    return {name: origin(name, value) for name, value in inputs.items()}


def _read_by(name: str, reading: Reading) -> Mapping[str, Any]:
    under_6: Mapping[str, Any] = reading.facts["under_6"]
    found: Mapping[str, Any] = under_6.get(name) or reading.facts.get(_READ_BY.get(name, ""), {})
    return found


def _registry(name: str, picture: Picture, reading: Reading) -> Origin:
    """The fact learnt last of those that answer the input; without one, the register of the day."""
    read = _read_by(name, reading)
    kinds = set(read.get("kinds", ()))
    facts = [one for one in _listed(picture, "facts") if one.get("kind") in kinds]
    if facts:
        latest = max(facts, key=lambda one: str(one.get("known_at") or ""))
        return Origin(
            "registry", str(latest.get("source") or _OUR_OWN), _text(latest, "valid_from"),
            _text(latest, "known_at"),
        )  # fmt: skip
    source = read.get("source") or (_OUR_OWN if kinds else _REGISTER)
    return Origin("registry", source, known_at=_text(picture, "known_at"))


def _unknown(name: str, picture: Picture, reading: Reading) -> Origin:
    source = _read_by(name, reading).get("source")
    told = {one.get("state") for one in _listed(picture, "lookups") if one.get("source") == source}
    state = next((state for state in _SILENT if state in told), None)
    return Origin("unknown", source, state=state or ("not-asked" if source else None))


def _listed(picture: Picture, name: str) -> Iterable[Mapping[str, Any]]:
    return [one for one in picture.get(name) or () if isinstance(one, Mapping)]


def _text(said: Mapping[str, Any], name: str) -> str | None:
    return str(said[name]) if said.get(name) else None
