"""Where the facts behind a decision came from, and how old they are."""

from datetime import date

from anwang.rulebook.rules.cells import UNKNOWN
from anwang.triage.presenters.used import with_facts
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.origins import origins
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.propose import propose

POLICIES = shipped_policies(date(2026, 3, 2))
REPORT = {
    "received_at": "2026-03-02T09:00:00+08:00",
    "channel": "hotline-113",
    "concerns": ["poverty"],
    "immediate_danger": "no",
    "subjects": [{"role": "person-in-need", "name": "陳小安", "birth": "2019-01-01"}],
}
PICTURE = {
    "as_of": "2026-03-02",
    "known_at": "2026-03-02T09:00:01+08:00",
    "members": [
        {"person_id": "p1", "subject": None, "born_on": "1990-01-01", "dead": False},
        {"person_id": "p2", "subject": 0, "born_on": "2019-01-01", "dead": False},
    ],
    "edges": [{"kind": "parent", "from": "p1", "to": "p2"}],
    "facts": [
        {"person_id": "p1", "kind": "in-custody", "source": "prison", "valid_from": "2025-01-01",
         "valid_to": None, "known_at": "2025-01-03T08:00:00+08:00"},
    ],
    "lookups": [{"person_id": "p2", "source": "school", "state": "late"}],
    "living_together": ["p1", "p2"],
}  # fmt: skip


def told():
    return origins(REPORT, PICTURE, inputs_from(REPORT, PICTURE))


def test_what_the_report_says_is_the_report_s():
    assert told()["concerns"].kind == "report"
    assert told()["victim_is_child"].kind == "report"


def test_a_fact_of_a_registry_has_its_source_its_beginning_and_the_day_it_was_learnt():
    custody = told()["in_prison_carer"]
    assert (custody.kind, custody.source) == ("registry", "prison")
    assert custody.since == "2025-01-01"
    assert custody.known_at.startswith("2025-01-03")


def test_what_is_unknown_says_which_source_was_silent_and_how():
    inputs = inputs_from(REPORT, PICTURE)
    assert inputs["not_enrolled_primary_1"] is UNKNOWN
    school = told()["not_enrolled_primary_1"]
    assert (school.kind, school.source, school.state) == ("unknown", "school", "late")
    assert told()["psychiatric_care"].state == "not-asked"


def test_each_reason_shows_the_facts_its_row_looked_at():
    report = {**REPORT, "concerns": ["other"]}
    inputs = inputs_from(report, PICTURE)
    reasons = propose(inputs, POLICIES).reasons
    stored = {k: "unknown" if v is UNKNOWN else sorted(v) if isinstance(v, frozenset) else v
              for k, v in inputs.items()}  # fmt: skip
    shown = with_facts(
        reasons, POLICIES, report=report, picture=PICTURE, inputs=stored, answerers={}
    )
    (custody,) = next(one["used"] for one in shown if one["row"] == "S-19")
    assert custody["value"]["zh"] == "是"
    assert custody["from"]["zh"] == "獄政"
    assert custody["since"] == "2025-01-01"
    assert (
        with_facts(reasons, None, report=report, picture=PICTURE, inputs=stored, answerers={})
        == reasons
    )
