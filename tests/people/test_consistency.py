"""What two records of one person cannot both say: found beside both, withdrawn when they agree."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.db import connection

from anwang.access.context import LOADING, acting
from anwang.access.vocabulary import Role
from anwang.people.actions import consistency, identify
from anwang.people.actions.alike import TELLING
from anwang.people.actions.consistency import compare_waiting
from anwang.people.models import Comparison, Finding, Identity
from anwang.people.permissions import FINDING_ROLES
from anwang.people.queries.findings import finding_counts
from anwang.people.rules.consistency import CHECKS, cross_rules, looked_at
from anwang.registries.actions.deliveries import load_file
from anwang.registries.models import Record
from anwang.registries.rules.manifests import load_manifests
from tests.access.people import somebody
from tests.conftest import as_role
from tests.factories import TEAM

CHILD = "A142536471"
PERSONS = ("A142510011", "A142510020", "A142510039", "A142510048", "A142510057")
WHO = {"national_id": CHILD, "name": "陳小安", "sex": "M", "birth_date": "2012-05-01"}


@pytest.fixture
def told(tmp_path, db):
    """Deliver one row of a source as a file, identify it, and look whether sources agree."""
    count = 0

    def _told(source: str, key: str, **cells: str) -> None:
        nonlocal count
        count += 1
        row = WHO | {"record_key": key} | cells
        path: Path = tmp_path / f"{count}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(row))
            writer.writeheader()
            writer.writerow(row)
        with as_role("worker"):
            outcome = load_file(source, path, actor=LOADING)
            assert (outcome.accepted, outcome.held) == (1, False), outcome
            assert outcome.delivery_id
            identify(outcome.delivery_id, actor=LOADING)
            compare_waiting(actor=LOADING)

    return _told


REGISTERED = {
    "household_key": "H-7", "registered_on": "2012-06-01", "address": "桃園市中壢區範例路1號",
}  # fmt: skip


def registered(told, key: str = "H-1", **cells: str) -> None:
    told("household-registration", key, **(REGISTERED | cells))


def broken(*, withdrawn: bool = False) -> list[str]:
    with as_role("worker"):
        found = Finding.objects.filter(until__isnull=not withdrawn)
        return sorted(found.values_list("rule", flat=True))


def test_a_birth_date_that_differs_is_found_beside_both_and_withdrawn_when_they_agree(told):
    registered(told)
    told("immunisation", "V-1", vaccine="五合一", dose="1", due_on="2012-08-01", given_on="2012-08-02",
         birth_date="2012-05-10")  # fmt: skip
    assert broken() == ["birth-dates-disagree"]
    with as_role("worker"):
        finding = Finding.objects.get()
        kept = {one.record_key: one.values["birth_date"] for one in Record.objects.all()}
    assert kept == {"H-1": "2012-05-01", "V-1": "2012-05-10"}  # neither was overwritten
    assert (finding.left_key, finding.right_key) == ("H-1", "V-1")
    told(
        "immunisation",
        "V-1",
        vaccine="五合一",
        dose="1",
        due_on="2012-08-01",
        given_on="2012-08-02",
    )
    assert (broken(), broken(withdrawn=True)) == ([], ["birth-dates-disagree"])


def test_records_in_the_same_words_differ_each_for_its_source(told):
    registered(told)
    told("immunisation", "V-1", vaccine="流感", dose="1", given_on="2024-06-01",
         birth_date="2012-05-10")  # fmt: skip
    told(
        "entry-exit", "E-1", left_on="2025-01-01", returned_on="2025-02-01", birth_date="2012-05-10"
    )
    with as_role("worker"):
        first, other = (Identity.objects.get(record_key=key) for key in ("V-1", "E-1"))
        found = sorted(
            Finding.objects.filter(until=None).values_list("rule", "left_key", "right_key")
        )
    assert other.like_no == first.no
    assert found == [
        ("birth-dates-disagree", "H-1", "E-1"),
        ("birth-dates-disagree", "H-1", "V-1"),
    ]


def test_a_compared_column_is_among_the_words_that_make_records_alike():
    assert set(looked_at(list(cross_rules().values()))["columns"]) <= set(TELLING)


def test_the_same_contradiction_delivered_again_is_one_finding(told):
    registered(told)
    for phone in ("0912345678", "0987654321"):
        told("immunisation", "V-1", vaccine="五合一", dose="1", given_on="2012-08-02",
             birth_date="2012-05-10", phone=phone)  # fmt: skip
    assert (broken(), broken(withdrawn=True)) == (["birth-dates-disagree"], [])


def test_a_person_of_two_households_at_once_is_found_and_one_who_moved_is_not(told):
    registered(told)
    registered(told, "H-2", household_key="H-9")
    assert broken() == ["two-registered-households"]
    registered(told, left_on="2015-01-01")
    registered(told, "H-2", household_key="H-9", registered_on="2015-01-01")
    assert broken() == []


def test_another_county_is_a_note_and_another_spelling_of_one_is_none(told):
    registered(told)
    told("psychiatric-care", "P-1", care_level="2", registered_on="2026-01-01",
         last_visit_on="2026-02-01", address="33041桃園市桃園區例子街2號")  # fmt: skip
    assert broken() == []
    told("psychiatric-care", "P-1", care_level="2", registered_on="2026-01-01",
         last_visit_on="2026-02-01", address="臺北市中正區例子街2號")  # fmt: skip
    assert broken() == ["residence-against-household"]
    assert cross_rules()["residence-against-household"].severity == "note"


def test_a_dose_given_while_abroad_is_found(told):
    registered(told)
    told("entry-exit", "E-1", left_on="2025-01-01", returned_on="2025-12-01")
    told("immunisation", "V-1", vaccine="流感", dose="1", given_on="2025-06-01")
    assert "abroad-and-present" in broken()


def test_a_visit_after_the_death_is_found_and_one_before_it_is_not(told):
    registered(told, died_on="2024-01-01")
    insured = {"insured_from": "2012-06-01", "visit_kind": "outpatient", "institution": "範例診所"}
    told("health-insurance", "N-1", last_visit_on="2023-12-31", **insured)
    assert broken() == []
    told("health-insurance", "N-1", last_visit_on="2024-01-02", **insured)
    assert broken() == ["alive-after-death"]


def test_insured_and_not_on_one_day_is_found_and_one_after_the_other_is_not(told):
    told("health-insurance", "N-1", not_insured_since="2020-01-01")
    told("health-insurance", "N-2", insured_from="2012-06-01", insured_to="2020-01-01")
    assert broken() == []
    told("health-insurance", "N-2", insured_from="2012-06-01", insured_to="2020-01-02")
    assert broken() == ["insured-and-not"]


def test_what_was_compared_is_counted(told):
    registered(told)
    with as_role("worker"):
        (one,) = Comparison.objects.all()
    assert one.done_at is not None
    assert (one.persons, one.found, one.withdrawn) == (1, 0, 0)


@pytest.mark.usefixtures("service_teams")
@pytest.mark.parametrize("role", list(Role))
def test_numbers_by_rule_are_told_to_the_roles_of_the_page_alone(told, role):
    registered(told)
    told("entry-exit", "E-1", left_on="2025-01-01", returned_on="2025-12-01")
    told("immunisation", "V-1", vaccine="流感", dose="1", given_on="2025-06-01")
    assert finding_counts() == []  # nobody acts
    sits_in = "" if role is Role.ADMINISTRATOR else TEAM
    with acting(somebody(role.value, sits_in)):
        counted = {one.rule.id: (one.open, one.withdrawn) for one in finding_counts()}
    assert counted == ({"abroad-and-present": (1, 0)} if role in FINDING_ROLES else {})


@pytest.mark.parametrize("rule", list(cross_rules().values()), ids=list(cross_rules()))
def test_every_rule_has_words_a_citation_and_kinds_that_some_source_yields(rule):
    assert rule.text["zh"] and rule.text["en"] and rule.fix["zh"] and rule.fix["en"]
    assert rule.citation and rule.check in CHECKS
    yielded = {fact.kind for one in load_manifests().values() for fact in one.facts}
    for side in (rule.left, rule.right):
        for kind in side.kinds:
            assert kind.startswith("column:") or kind in yielded


def test_what_a_full_load_says_is_looked_at_in_portions_of_persons(tmp_path, db, monkeypatch):
    monkeypatch.setattr(consistency, "PORTION", 2)
    persons = [WHO | REGISTERED | {"record_key": f"H-{n}", "national_id": number, "name": f"陳{name}"}
               for n, (number, name) in enumerate(zip(PERSONS, "甲乙丙丁戊", strict=True))]  # fmt: skip
    given = {"vaccine": "五合一", "dose": "1", "due_on": "2012-08-01", "given_on": "2012-08-02"}
    vaccinated = [
        {name: one[name] for name in (*WHO, "record_key")} | given | {"birth_date": "2012-05-10"}
        for one in persons
    ]
    for source, rows in (("household-registration", persons), ("immunisation", vaccinated)):
        path = tmp_path / f"{source}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        with as_role("worker"):
            delivery = load_file(source, path, actor=LOADING).delivery_id
            assert delivery
            identify(delivery, actor=LOADING)
    looked_at = []
    settle = consistency._compare

    def settle_and_count(persons: int) -> consistency.Compared:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from comparing_person")
            looked_at.append(cursor.fetchone()[0])
        return settle(persons)

    monkeypatch.setattr(consistency, "_compare", settle_and_count)
    with as_role("worker"):
        compared = compare_waiting(actor=LOADING)
        again = compare_waiting(actor=LOADING)
    assert looked_at == [2, 2, 1]  # each portion begins with empty tables
    assert (compared.persons, compared.found) == (5, 5)
    assert again == consistency.Compared(0, 0, 0)
    assert broken() == ["birth-dates-disagree"] * 5
