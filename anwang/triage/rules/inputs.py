"""From a report's open copy and the household picture to the inputs of policy.

The one place where "unknown" is decided: nothing is no unless somebody said so. A report may break
its schema; what cannot be read stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from unicodedata import normalize

from anwang.common.values.roc_dates import TAIPEI, parse_birth
from anwang.people.rules.addresses import parse_address
from anwang.rulebook.rules.cells import UNKNOWN, Unknown, Value
from anwang.rulebook.rules.instruments import Instrument, fed_inputs
from anwang.rulebook.rules.scoring import cut_off
from anwang.triage.rules.ages import AgeRange, age_range, any_of, is_under
from anwang.triage.rules.answers import given_in, of_this_report, with_answers
from anwang.triage.rules.household import HouseholdView, Picture
from anwang.triage.rules.narrative import CueFound, cues_in
from anwang.triage.rules.reading import Reading, shipped_reading

Report = Mapping[str, Any]
Answer = bool | Unknown

SAME_EVENT_PERCENT: Final = "same_event_percent"
SAME_EVENT_BY_NUMBER: Final = "same_event_by_number"
# Found by comparing with other reports, after everything else; nothing of the report itself says them.
COMPARED: Final = (SAME_EVENT_PERCENT, SAME_EVENT_BY_NUMBER)
_IN_NEED: Final = frozenset({"victim", "person-in-need"})
_WATCHED: Final = frozenset({"respondent", "person-in-need", "carer"})
_FAMILY: Final = frozenset({"parent", "carer", "partner", "child", "other-family"})
_RELATIONS_BY_WEIGHT: Final = ("parent", "carer", "partner", "child", "other-family")
_INJURIES: Final = ("none", "minor", "serious", "death")
_OLDEST: Final = 120
_TRACES: Final = (
    "name", "id", "national_id", "id_token", "phone", "address", "school", "protected",
)  # fmt: skip
_YES_WORDS: Final = frozenset({"yes", "是", "true", "1"})
_NO_WORDS: Final = frozenset({"no", "否", "false", "0"})


def inputs_from(
    report: Report, picture: Picture, reading: Reading | None = None
) -> dict[str, Value]:
    """Every input of `inputs.yaml` but the chained ones.

    UNKNOWN where nothing is known. Never raises for content. What was answered to instruments stands
    in the picture and is read like answers that came with the report.
    """
    reading = reading or shipped_reading()
    if answered := of_this_report(picture):
        report = with_answers(report, answered)
    said = _Said(report, picture, reading)
    inputs: dict[str, Value] = {**said.incident(), **said.victims(), **said.respondents()}
    inputs |= said.home()
    _add_consult(inputs, report, reading)
    _conclude(inputs)
    return inputs


def danger_points(told: Mapping[str, Any], danger: Instrument) -> int | None:
    """What answers to the danger assessment count; None while too many are open to tell.

    Other systems name its items in their own way, so each yes counts.
    """
    uncounted = {name for name, asked in danger.questions.items() if not asked.scored}
    given = [_yes_no(one) for item, one in told.items() if item not in uncounted]
    score = sum(answer is True for answer in given)
    known = sum(answer is not UNKNOWN for answer in given)
    complete = known >= len(danger.questions) - len(uncounted)
    return score if given and (complete or score >= cut_off(danger)) else None


def cues_of(report: Report, reading: Reading | None = None) -> list[CueFound]:
    """The warning words behind the input `cues`, to be marked in the text at the desk."""
    return cues_in(_told(report), reading or shipped_reading())


class _Said:
    """One report beside one picture."""

    def __init__(self, report: Report, picture: Picture, reading: Reading) -> None:
        self.report, self.reading, self.facts = report, reading, reading.facts
        self.assessed_before = [one.answers for one in given_in(picture) if one.report]
        self.day = _day_of(report, picture)
        self.home_view = HouseholdView(picture, self.day)
        self.subjects = [
            (number, subject)
            for number, subject in enumerate(_list(report.get("subjects")))
            if isinstance(subject, Mapping)
        ]

    def of(self, roles: frozenset[str]) -> list[tuple[int, Mapping[str, Any]]]:
        # A role may be told as anything, a list included.
        return [(n, subject) for n, subject in self.subjects if str(subject.get("role")) in roles]

    def age(self, number: int, subject: Mapping[str, Any]) -> AgeRange | None:
        ages = age_range(subject.get("birth"), self.day)
        member = self.home_view.member_of(number)
        return ages if ages is not None or member is None else self.home_view.age(member)

    def incident(self) -> dict[str, Value]:
        incident, reporter = (
            _mapping(self.report.get("incident")),
            _mapping(self.report.get("reporter")),
        )
        return {
            "concerns": self._concerns(),
            "cues": frozenset(found.cue for found in cues_in(_told(self.report), self.reading)),
            "immediate_danger": _yes_no(self.report.get("immediate_danger")),
            "injury": _among(incident.get("injury"), _INJURIES),
            "weapon": _yes_no(incident.get("weapon")),
            "channel": _among(self.report.get("channel"), self.reading.specs["channel"].values),
            "mandated": _yes_no(self.report.get("mandated", reporter.get("mandated"))),
            "danger_assessment_score": self._danger_score(),
            "error_signs": self._error_signs(),
            # Said after the comparison with earlier reports, by who screens.
            **dict.fromkeys(COMPARED, UNKNOWN),
        }

    def _concerns(self) -> frozenset[str] | Unknown:
        named = [code for code in _list(self.report.get("concerns")) if isinstance(code, str)]
        known = {code for code in named if code in self.reading.specs["concerns"].values}
        if self.of(frozenset({"witness-child"})):
            known.add("child-witness")
        if named and not known:
            known.add("other")
        return frozenset(known) if known else UNKNOWN

    def _danger_score(self) -> int | Unknown:
        """Points of the danger assessment: if all was answered, or the cut-off is reached anyhow.

        Without one about this report, the highest earlier one about the same victim that reached it.
        """
        answers = _mapping(self.report.get("answers"))
        for name in self.facts["danger_assessment"]["instruments"]:
            score = danger_points(_mapping(answers.get(name)), self.reading.danger)
            if score is not None:
                return score
        before = [danger_points(told, self.reading.danger) or 0 for told in self.assessed_before]
        highest = max(before, default=0)
        return highest if highest >= cut_off(self.reading.danger) else UNKNOWN

    def _error_signs(self) -> frozenset[str]:
        """What speaks for a report that nobody can act on; a person looks, none is dropped for it."""
        incident, signs = _mapping(self.report.get("incident")), set()
        told = [subject for _, subject in self.subjects]
        places = [incident.get("address"), incident.get("place"), self.report.get("county")]
        if not any(subject.get(name) for subject in told for name in _TRACES):
            signs.add("nobody-named")
            if not any(places):
                signs.add("nowhere-to-go")
        if (happened := _day_said(incident.get("occurred_at"))) and happened > self.day:
            signs.add("in-the-future")
        if any(_impossible_birth(subject.get("birth"), self.day) for subject in told):
            signs.add("impossible-birth")
        addresses = [subject.get("address") for subject in told]
        if self._abroad([incident.get("address"), incident.get("place"), *addresses]):
            signs.add("abroad")
        return frozenset(signs)

    def _abroad(self, places: list[object]) -> bool:
        """Whether every place that is told lies abroad; a county named anywhere says no."""
        written = [place for place in map(_text, places) if place]
        return (
            bool(written)
            and not self.report.get("county")
            and not any(parse_address(place).county for place in written)
            and all(any(word in place for word in self.facts["abroad"]["words"]) for place in written)
        )  # fmt: skip

    def victims(self) -> dict[str, Value]:
        ages = [self.age(number, subject) for number, subject in self.of(_IN_NEED)]
        youngest = min((pair for pair in ages if pair), default=None)
        exact = youngest is not None and youngest[0] == youngest[1] and None not in ages
        over_64 = [
            under if under is UNKNOWN else not under for under in (is_under(65, a) for a in ages)
        ]
        persons = [self.home_view.person_of(number) for number, _ in self.of(_IN_NEED)]
        return {
            "victim_age": youngest[0] if exact and youngest else UNKNOWN,
            "victim_is_child": any_of(is_under(18, pair) for pair in ages),
            "victim_under_16": any_of(is_under(16, pair) for pair in ages),
            "victim_under_6": any_of(is_under(6, pair) for pair in ages),
            "victim_is_elder": any_of(over_64),
            "prior_reports_12m": self.home_view.prior_reports(
                persons, self.facts["earlier_reports"]["kinds"]
            ),
        }

    def respondents(self) -> dict[str, Value]:
        groups = [
            self._group(number, subject) for number, subject in self.of(frozenset({"respondent"}))
        ]
        asked, watched = self.facts["psychiatric_care"], self.of(_WATCHED)
        return {
            "respondent_relation_group": _weightiest(groups),
            "respondent_lives_with_victim": self._lives_with(),
            "psychiatric_care": self.home_view.asked(
                [self.home_view.person_of(number) for number, _ in watched],
                asked["kinds"],
                asked["source"],
            ),
        }

    def _group(self, number: int, subject: Mapping[str, Any]) -> str | Unknown:
        group = relation_group(_text(subject.get("relation_to_victim")), self.reading)
        for victim, _ in self.of(_IN_NEED) if group is None else ():
            group = group or self.home_view.relation(
                self.home_view.person_of(number), self.home_view.person_of(victim)
            )
        return group or UNKNOWN

    def _lives_with(self) -> Answer:
        source = self.facts["residence"]["source"]
        answers: list[Answer] = []
        for number, subject in self.of(frozenset({"respondent"})):
            if _cohabits(_text(subject.get("relation_to_victim"))):
                return True
            for other, victim in self.of(_IN_NEED):
                here = _text(subject.get("address"))
                same = bool(here) and here == _text(victim.get("address"))
                view = self.home_view
                pair = (view.person_of(number), view.person_of(other))
                answers.append(same or view.live_together(*pair, source))
        return any_of(answers)

    def home(self) -> dict[str, Value]:
        view, facts = self.home_view, self.facts
        source = facts["residence"]["source"]
        told = [
            self.age(n, s) for n, s in self.subjects if s.get("role") not in ("respondent", "other")
        ]
        child = _either(any_of(is_under(18, a) for a in told), view.young_at_home(18, source))
        small = _either(any_of(is_under(6, a) for a in told), view.young_at_home(6, source))
        if self.of(frozenset({"witness-child"})):
            child = True
        under_6 = view.younger_than(6)
        answers: dict[str, Value] = {"child_in_home": child, "child_under_6_in_home": small}
        for name, asked in facts["under_6"].items():
            answers[name] = _unless_no(small, view.asked(under_6, asked["kinds"], asked["source"]))
        school = facts["not_enrolled_primary_1"]
        answers["not_enrolled_primary_1"] = _unless_no(
            child, view.asked(view.younger_than(8, 6), school["kinds"], school["source"])
        )
        answers["parent_under_20"] = _unless_no(small, view.parent_under(20, under_6))
        carers: list[str | None] = [*view.parents_of(view.younger_than(12))]
        if view.younger_than(12):
            carers += [view.person_of(number) for number, _ in self.of(frozenset({"carer"}))]
        custody = facts["in_custody"]
        in_prison = view.asked(carers, custody["kinds"], custody["source"])
        return {**answers, "in_prison_carer": _unless_no(child, in_prison)}


def relation_group(text: str, reading: Reading) -> str | None:
    """Group of a relation as written (父親, mother's boyfriend.

    前夫); None for a word not listed.
    """
    if not text or text in reading.relations:
        return reading.relations.get(text)
    words = set(text.replace("-", " ").split())
    found = {
        word: group
        for word, group in reading.relations.items()
        if (word in words if word.isascii() else len(word) > 1 and word in text)
    }
    if {"parent", "partner"} <= set(found.values()):
        return "carer"  # 母親的同居男友: a parent's partner
    return found[max(found, key=len)] if found else None


def _weightiest(groups: list[str | Unknown]) -> str | Unknown:
    """Family before unknown, unknown before outsider: of several respondents the nearest counts."""
    for group in _RELATIONS_BY_WEIGHT:
        if group in groups:
            return group
    return groups[0] if groups and UNKNOWN not in groups else UNKNOWN


def _cohabits(relation: str) -> bool:
    return "同住" in relation or ("同居" in relation and "前" not in relation)


def _add_consult(inputs: dict[str, Value], report: Report, reading: Reading) -> None:
    """Lay the consult form's answers beside the report's own words.

    The graver of the two stands.
    """
    answers = _mapping(_mapping(report.get("answers")).get(reading.consult.id))
    for name, said in fed_inputs(reading.consult, answers).items():
        for value in said:
            inputs[name] = _graver(name, inputs.get(name, UNKNOWN), value)


def _graver(name: str, own: Value, value: str | bool | tuple[str, ...]) -> Value:
    if isinstance(value, tuple):
        return (own if isinstance(own, frozenset) else frozenset()) | set(value)
    if own is UNKNOWN:
        return value
    if isinstance(own, bool):
        return own or bool(value)
    if name == "injury":
        return max(str(own), str(value), key=_INJURIES.index)
    return own


def _conclude(inputs: dict[str, Value]) -> None:
    """Inputs that follow from others."""
    concerns = inputs["concerns"]
    named = concerns if isinstance(concerns, frozenset) else frozenset()
    if inputs["victim_is_child"] is UNKNOWN and any(code.startswith("child-") for code in named):
        inputs["victim_is_child"] = "child-witness" not in named or len(named) > 1 or UNKNOWN
    if inputs["victim_is_child"] is True:
        inputs["child_in_home"] = True
    group = inputs["respondent_relation_group"]
    family: Value = UNKNOWN if group is UNKNOWN else group in _FAMILY
    if group == "partner" and inputs["victim_is_child"] is True:
        family = False  # a minor's boyfriend is no family unless they live together
    inputs["respondent_is_family_or_carer"] = family
    inputs["mental_illness"] = _mental_illness(named, inputs["psychiatric_care"])


def _mental_illness(concerns: frozenset[str], psychiatric_care: Value) -> Value:
    if "mental-illness" in concerns or psychiatric_care is True:
        return True
    return False if concerns and psychiatric_care is False else UNKNOWN


def _either(told: Answer, known: Answer) -> Answer:
    """What the report and the register say together: one yes is a yes, a no needs the register."""
    return True if told is True or known is True else (known if told is not UNKNOWN else UNKNOWN)


def _unless_no(precondition: Answer, answer: Answer) -> Answer:
    return False if precondition is False and answer is not True else answer


def _day_of(report: Report, picture: Picture) -> date:
    for moment in (report.get("received_at"), picture.get("as_of")):
        try:
            read = datetime.fromisoformat(str(moment))
        except ValueError:
            continue
        return read.astimezone(TAIPEI).date() if read.tzinfo else read.date()
    raise ValueError(
        "Neither report.received_at nor picture.as_of is a time; one is needed to tell ages."
    )


def _day_said(value: object) -> date | None:
    """The first day that a text names as ISO date; None where it names none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _impossible_birth(birth: object, day: date) -> bool:
    """Whether nobody alive, or to be born soon, can have this date of birth."""
    year = parse_birth(birth).year
    return year is not None and not day.year - _OLDEST <= year <= day.year + 1


def _told(report: Report) -> str:
    subjects = [s for s in _list(report.get("subjects")) if isinstance(s, Mapping)]
    said = [report.get("narrative"), *(subject.get("notes") for subject in subjects)]
    return "\n".join(text for text in said if isinstance(text, str))


def _yes_no(value: object) -> Answer:
    word = str(value).strip().lower()
    return True if word in _YES_WORDS else False if word in _NO_WORDS else UNKNOWN


def _among(value: object, allowed: tuple[str, ...]) -> str | Unknown:
    return value if isinstance(value, str) and value in allowed else UNKNOWN


def _text(value: object) -> str:
    return normalize("NFKC", value).strip().lower() if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
