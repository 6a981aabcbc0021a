"""Every shipped manifest is usable, and a wrong one is told in plain words before the first
delivery.
"""

import copy
import re
from pathlib import Path

import pytest
import yaml

from anwang.registries.rules.fact_kinds import load_fact_kinds
from anwang.registries.rules.manifests import (
    SOURCES,
    Coverage,
    ManifestFault,
    load_manifests,
    manifest_as_taken,
    manifest_of,
)

MANIFESTS = load_manifests()
NAMED = {
    "household-registration", "entry-exit", "school", "prison", "criminal-record",
    "psychiatric-care", "e-care", "under-6-care", "immunisation", "health-insurance",
    "drug-register", "suicide-notification",
}  # fmt: skip
# Ties by number: they last until the register names somebody else.
STILL_OPEN_ENDED = {"kin-spouse", "guardianship", "custody"}
APP = Path(__file__).resolve().parents[2] / "anwang"


def body_of(source: str) -> dict:
    return yaml.safe_load((SOURCES / f"{source}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_manifest_says_on_what_ground_and_for_what_the_contents_are_used(manifest):
    assert manifest.purposes
    assert all(basis.citation.zh and basis.citation.en for basis in manifest.legal_basis)
    assert manifest.retention_ground.zh


def test_every_fact_kind_is_yielded_by_some_source():
    yielded = {fact.kind for manifest in MANIFESTS.values() for fact in manifest.facts}
    assert yielded == set(load_fact_kinds())


def test_the_documents_29_sources_stand_here_those_they_only_count_marked_as_assumed():
    """Twelve are named, 16 are external and 13 internal (docs/domain.md section 7)."""
    delivering = [one for one in MANIFESTS.values() if one.transport != "own"]
    assert sum(one.external for one in delivering) == 16
    assert sum(not one.external for one in delivering) == 13
    assert {one.id for one in delivering if not one.assumed} == NAMED


@pytest.mark.parametrize("transport", ["file", "sftp", "rest"])
def test_each_way_of_delivering_serves_at_least_three_sources(transport):
    assert sum(one.transport == transport for one in MANIFESTS.values()) >= 3


def test_no_mark_stays_forever():
    """A kind fades, lasts by its nature, or every source that yields it says when it ends."""
    lasting = {"birth", "death", "kin-father", "kin-mother", "immunisation-given"}
    open_ended = {
        fact.kind
        for manifest in MANIFESTS.values()
        for fact in manifest.facts
        if fact.valid_to is None and load_fact_kinds()[fact.kind].fades_after_days is None
    }
    assert open_ended - lasting == STILL_OPEN_ENDED


def test_no_code_of_the_registries_or_households_knows_a_source_by_name():
    names = re.compile("|".join(f"[\"']{re.escape(source)}[\"']" for source in MANIFESTS))
    for room in ("registries/rules", "households"):
        for path in (APP / room).rglob("*.py"):
            assert not names.search(path.read_text(encoding="utf-8")), path


FAULTS = {
    "an unknown kind": (lambda body: body["facts"][0].update(kind="shoe-size"), "fact_kinds.yaml"),
    "an unknown column": (lambda body: body["facts"][0].update(valid_from="born"), "no column"),
    "a day from a text column": (
        lambda body: body["facts"][0].update(valid_from="household_key"),
        "not a date",
    ),
    "a number in a value": (
        lambda body: body["facts"][0]["value"].update(father="{father_id}"),
        "Use it as key",
    ),
    "a number within a key": (
        lambda body: body["facts"][0].update(key="{household_key}/{father_id}"),
        "becomes a token",
    ),
    "a column twice": (
        lambda body: body["columns"].append(dict(body["columns"][0])),
        "same name",
    ),
    "no legal basis": (lambda body: body.pop("legal_basis"), "legal_basis"),
    "a code column without codes": (lambda body: body["columns"][1].pop("codes"), "codes"),
    "a word of its own": (lambda body: body.update(colour="red"), "colour"),
    "a coverage nobody can read": (
        lambda body: body["coverage"].update(covers="the tall"),
        "coverage",
    ),
}


@pytest.mark.parametrize(("spoil", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_manifest_is_refused_with_the_place_and_what_to_do(spoil, words):
    body = copy.deepcopy(body_of("household-registration"))
    spoil(body)
    with pytest.raises(ManifestFault) as refused:
        manifest_of(body, where="spoilt.yaml")
    assert words in str(refused.value)
    assert str(refused.value).startswith("spoilt.yaml")


@pytest.mark.parametrize(
    ("covers", "age", "covered"),
    [
        ("everyone", None, True),
        ("everyone", 40, True),
        ("nobody", 3, False),
        ("age < 6", 5, True),
        ("age < 6", 6, False),
        ("age < 6", None, False),
        ("age >= 65", 65, True),
        ("age 6 to 17", 6, True),
        ("age 6 to 17", 17, True),
        ("age 6 to 17", 18, False),
        ("age 6 to 17", None, False),
    ],
)
def test_coverage_asks_the_age_and_an_unknown_age_is_not_covered(covers, age, covered):
    assert Coverage(covers, "certain").covers_age(age) is covered


def test_what_the_database_holds_is_read_though_its_kind_of_fact_came_after_this_process_began():
    """The web reads the kinds once; a new kind must not take every household from everybody."""
    body = body_of("prison")
    body["facts"][0]["kind"] = "not-known-yet"
    with pytest.raises(ManifestFault):
        manifest_of(body, where="prison")
    assert manifest_as_taken(body).facts[0].kind == "not-known-yet"
    assert manifest_as_taken(body_of("prison")).facts == MANIFESTS["prison"].facts
