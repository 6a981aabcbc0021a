"""The shipped directory data: governments, districts and code lists.

A missing or doubled code sends a report to nobody, so the lists are compared with the formats
code by code.
"""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from anwang.access.vocabulary import Act

ROOT = Path(__file__).parents[2] / "anwang"
DIRECTORY = ROOT / "directory" / "data"
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

# As written in docs/formats/README.md ("Outcomes") and docs/formats/report.schema.json.
CODES = {
    "agency_kinds": "prevention-centre welfare-centre health-bureau school-guidance police"
    " labour ngo other",
    "answers": "yes no unknown",
    "channels": "online-help mandated-web hotline-113 hotline-1957 hotline-1925 mens-line"
    " walk-in paper police hospital school-safety lawyer system active-finding",
    "competent_counties": "where-child-is first-receiver residence receiving",
    "concerns": "child-physical child-sexual child-neglect child-emotional child-witness"
    " child-exploitation partner-violence elder-abuse disability-abuse other-family-violence"
    " sexual-assault vulnerable-family poverty parenting drugs mental-illness suicide-attempt"
    " suicide-ideation school-dropout teen-pregnancy exposed-youth housing long-term-care other",
    "confidences": "V S D U",
    "cues": "strangling weapon death-threat die-together grave-injury suicide child-harm child-sexual"
    " left-alone partner-violence elder-harm disability-harm family-violence sexual-assault"
    " mental-illness hardship job-loss",
    "dispute_grounds": "not-our-law not-our-area other-team-knows wrong-stream other-county",
    "dispatch_holds": "switched-off not-checked policy-changed urgent unknown-facts desk-asked"
    " said-more too-late old-report outside person-chooses decided failed"
    " earlier-not-open tells-more",
    "error_kinds": "unreachable impossible out-of-scope entered-twice untrue",
    "error_signs": "nobody-named nowhere-to-go in-the-future impossible-birth abroad",
    "grades": "1 2",
    "hand_overs": "same-day",
    "injuries": "none minor serious death unknown",
    "languages": "cmn nan hak ami tay pwn bnn vie ind tgl tha eng tss",
    "lookup_states": "value none not-asked late failed withheld",
    "object_kinds": "report case family person record account office safe-adult receipt draft"
    " attachment desk escalation dispute help glass alarm conflict request notice"
    " looks audit policy trial step source delivery quarantined-row linking sender"
    " vault-key",
    "outside_bodies": "juvenile-guidance-committee community-mental-health-centre drug-prevention-centre",
    "purposes": "report consult add-to-report receipt reporter-for-taker relay deliver duty-desk"
    " find-report task decide answer-offer assessment ask-sources asking-sources"
    " overdue dispute team-inbox case-work family-list family-work family-addresses"
    " household-correction joint-work transfer load-board who-is-who matching linking"
    " consistency open-attachment safe-address send-help help seal sealed-cases"
    " break-glass glass-reviews review alarms attempts declare-conflict notices"
    " risk-warning two-persons looked-at-me own-reach people-and-rights accounts"
    " quick-exit audit bury-entry rotate-keys shred-report feeds loading"
    " connect-source quarantine open-quarantined-row policy trying-policies"
    " walking-history automatic-steps auto-dispatch join-repeats screening sweeping demonstration"
    " reveal-reporter reveal-safe-address unseal name-in-seal merge-persons export-key"
    " audit-settings bulk-export",
    "outcomes": "stream agency_kind passed_to grade grade_class clock window transfer dispatch screening"
    " task county start stop hours days working_days months years",
    "refusals": "not-our-law not-our-area already-open duplicate cannot-reach"
    " conflict-of-interest other",
    "relation_groups": "parent carer partner child other-family outsider self nobody",
    "relations_to_head": "head spouse child parent grandchild grandparent sibling child-in-law"
    " relative lodger other",
    "report_states": "received screened awaiting-decision offered accepted disputed answered"
    " linked-same-event error",
    "reporter_roles": "teacher physician nurse police social-worker counsellor village-officer"
    " system village-head childcare lawyer neighbour relative friend self official other",
    "roles": "citizen mandated-reporter hotline desk team-worker lead supervisor partner"
    " county-manager administrator ministry statistician auditor privacy-officer reporter-protection-officer"
    " security-officer operator",
    "screening_asks": "take-up ask-same-event join-same-event ask-error",
    "skills": "small-children child-interview sexual-trauma partner-violence elder-care disability"
    " mental-health suicide-care addiction youth",
    "streams": "child-protection sexual-assault adult-protection vulnerable-family"
    " mental-health-violence suicide consult not-for-us",
    "subject_roles": "victim respondent carer household-member person-in-need witness-child other",
    "tasks": "police-escort second-look second-look-to-close second-look-first danger-assessment"
    " high-danger-meeting routing-guidance child-witness-needs tell-prosecutor"
    " public-office-first consult-form joint-visit same-day-transfer",
    "visit_outcomes": "case-managed referred-protection referred-other-network welfare-advice"
    " duplicate-or-error under-assessment",
    "ways_of_dispatch": "by-desk automatic",
    "whereabouts": "settled moving missing",
    "windows": "dispatch-centre health-bureau-window welfare-centre-window",
}
EXPECTED: dict[str, list[Any]] = {name: codes.split() for name, codes in CODES.items()}
EXPECTED["sexes"] = ["F", "M", "X", ""]
EXPECTED["grade_classes"] = [1, 2, 3]
EXPECTED["acts"] = [str(act) for act in Act]


def rows(name: str) -> list[dict[str, str]]:
    with (DIRECTORY / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def code_list(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((DIRECTORY / f"{name}.yaml").read_text(encoding="utf-8"))


def test_every_kind_of_thing_and_every_purpose_on_record_has_a_word() -> None:
    """What the audit's search screen shows to people; a code there tells nobody anything."""
    sources = [path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")]
    kinds = {kind for text in sources for kind in re.findall(r'object_kind="([a-z-]+)"', text)}
    assert kinds - set(EXPECTED["object_kinds"]) == set()
    purposes = {one for text in sources for one in re.findall(r'[ (]purpose="([a-z-]+)"', text)}
    for path in ROOT.rglob("access.yaml"):
        purposes |= set(re.findall(r"^ +purpose: ([a-z-]+)$", path.read_text("utf-8"), re.M))
    acts = yaml.safe_load((ROOT / "access/policies/two_person_acts.yaml").read_text("utf-8"))
    purposes |= {row["act"] for row in acts["rows"]}
    assert purposes - set(EXPECTED["purposes"]) == set()


def test_there_are_22_governments_of_three_kinds() -> None:
    assert Counter(row["kind"] for row in rows("counties.csv")) == {
        "special-municipality": 6,
        "county": 13,
        "city": 3,
    }


def test_there_are_368_districts_each_under_its_own_government() -> None:
    governments = {row["code"] for row in rows("counties.csv")}
    districts = rows("districts.csv")
    assert len(districts) == 368
    assert {row["county_code"] for row in districts} == governments
    assert all(row["code"].startswith(row["county_code"]) for row in districts)


def test_there_are_thirty_mountain_indigenous_townships_and_districts() -> None:
    kinds = Counter(row["kind"] for row in rows("districts.csv"))
    assert (kinds["indigenous-township"], kinds["indigenous-district"]) == (24, 6)


@pytest.mark.parametrize(("name", "digits"), [("counties.csv", 5), ("districts.csv", 8)])
def test_codes_are_unique_text_of_fixed_length(name: str, digits: int) -> None:
    codes = [row["code"] for row in rows(name)]
    assert all(re.fullmatch(rf"\d{{{digits}}}", code) for code in codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", ["counties.csv", "districts.csv"])
def test_names_are_in_official_spelling_and_have_an_english_form(name: str) -> None:
    for row in rows(name):
        assert "台" not in row["name_zh"], row
        assert row["name_en"] and not HAN.search(row["name_en"]), row


def test_a_district_name_is_unique_within_its_government() -> None:
    names = Counter((row["county_code"], row["name_zh"]) for row in rows("districts.csv"))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_short_or_old_name_means_one_government_only() -> None:
    current = {row["name_zh"] for row in rows("counties.csv")}
    old = Counter(
        name for row in rows("counties.csv") for name in row["old_names"].split(";") if name
    )
    assert [name for name, count in old.items() if count > 1 or name in current] == []


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_code_list_has_exactly_the_codes_of_the_formats(name: str) -> None:
    assert [entry["code"] for entry in code_list(name)] == EXPECTED[name]


def test_every_code_list_is_checked_here() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.yaml")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_code_has_a_chinese_and_an_english_label(name: str) -> None:
    for entry in code_list(name):
        for key, text in entry.items():
            if key == "zh" or key.endswith("_zh"):
                assert HAN.search(text), (name, entry["code"], key)
            elif key == "en" or key.endswith("_en"):
                assert text and not HAN.search(text), (name, entry["code"], key)
        assert {"zh", "en"} <= entry.keys(), (name, entry["code"])
