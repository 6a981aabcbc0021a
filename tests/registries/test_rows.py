"""Rows clean and faulty. Nobody here exists."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.registries.rules.facts import facts_of
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.manifests import load_manifests
from anwang.registries.rules.rows import RowOk, check_row, open_values

MANIFESTS = load_manifests()
PEOPLE = MANIFESTS["household-registration"]
DOSES = MANIFESTS["immunisation"]
CARE = MANIFESTS["psychiatric-care"]
CUSTODY = MANIFESTS["prison"]


def token(number: str) -> bytes:
    return b"token of " + str(sum(map(ord, number))).encode()


def person(**changes: str) -> dict[str, str]:
    return {
        "record_key": "R-1",
        "national_id": "A123456789",
        "name": "陳小安",
        "sex": "M",
        "birth_date": "2018-05-01",
        "address": "桃園市中壢區範例路1段2號3樓",
        "household_key": "H-7",
        "relation_to_head": "child",
        "father_id": "A100000001",
        "registered_on": "2018-05-20",
    } | changes


def good(manifest, row, **asked) -> RowOk:
    checked = check_row(manifest, row, 2, **asked)
    assert isinstance(checked, RowOk), checked
    return checked


def facts(manifest, row):
    return {
        (draft.kind, draft.key): draft
        for draft in facts_of(manifest, good(manifest, row).values, token)
    }


@pytest.mark.parametrize(
    ("column", "written", "read"),
    [
        ("birth_date", "2018-05-01", "2018-05-01"),
        ("birth_date", " 2018-05-01 ", "2018-05-01"),
        ("birth_date", "107.05.01", "2018-05-01"),
        ("birth_date", "1070501", "2018-05-01"),
        ("birth_date", "民國107年5月1日", "2018-05-01"),
        ("birth_date", "20180501", "2018-05-01"),
        ("birth_date", "2018-05-01 00:00:00", "2018-05-01"),
        ("sex", "女", "F"),
        ("sex", "2", "F"),
        ("relation_to_head", "戶長", "head"),
        ("national_id", "a123456789", "A123456789"),
        ("deleted", "TRUE", True),
        ("birth_year", "1985", 1985),
        ("name", "𠮷田 峯", "𠮷田 峯"),
    ],
)
def test_a_good_cell_is_read_into_our_own_spelling(column, written, read):
    assert good(PEOPLE, person(**{column: written})).values[column] == read


@pytest.mark.parametrize(
    ("column", "written", "rule"),
    [
        ("record_key", "", "required-empty"),
        ("record_key", "  ", "required-empty"),
        ("household_key", "", "required-empty"),
        ("birth_date", "2018-02-30", "date-impossible"),
        ("birth_date", "1070230", "date-impossible"),
        ("birth_date", "03/04/2026", "date-unreadable|date-impossible"),
        ("birth_date", "約40歲", "date-unreadable"),
        ("birth_date", "1066-10-14", "date-impossible"),
        ("birth_date", "45413", "date-serial"),
        ("birth_date", "2018-05-01;2018-05-02", "several-values"),
        ("birth_date", "#VALUE!", "spreadsheet-error"),
        ("birth_year", "1.985E+03", "number-scientific"),
        ("sex", "男、女", "several-values"),
        ("name", "#N/A", "spreadsheet-error"),
        ("name", "？？？", "lost-characters"),
        ("birth_year", "19x5", "number-unreadable"),
        ("birth_month", "13", "number-out-of-range"),
        ("sex", "boy", "code-unknown"),
        ("relation_to_head", "boss", "code-unknown"),
        ("deleted", "perhaps", "yes-no-unreadable"),
        ("name", "陳" * 101, "too-long"),
        ("name", "陳\x00安", "control-characters"),
        ("name", "陳\ufffd安", "control-characters"),
        ("left_on", "2017-01-01", "membership-order"),
        ("valid_to", "2018-01-01", None),
    ],
)
def test_a_faulty_cell_sets_the_row_aside_under_the_rule_it_broke(column, written, rule):
    checked = check_row(PEOPLE, person(**{column: written}), 41)
    if rule is None:
        assert isinstance(checked, RowOk)
        return
    assert isinstance(checked, RowFault)
    assert checked.rule in rule.split("|")
    assert (checked.line, checked.column) == (41, column)
    assert checked.text.zh and checked.text.en and checked.fix.zh and checked.fix.en


@given(st.text(min_size=3, max_size=30))
def test_a_fault_never_echoes_what_stood_in_the_cell(written):
    for column in ("birth_date", "sex", "relation_to_head", "birth_year", "deleted"):
        checked = check_row(PEOPLE, person(**{column: "㋿" + written}), 2)
        assert isinstance(checked, RowFault)
        assert "㋿" not in repr(checked)


def test_a_wrong_national_id_keeps_the_person_and_is_counted():
    checked = good(PEOPLE, person(national_id="A123456788"))
    assert checked.values["national_id"] == "A123456788"
    assert [(note.column, note.rule) for note in checked.notes] == [("national_id", "id-invalid")]


def test_a_wrong_number_of_a_relative_is_left_out_and_counted():
    checked = good(PEOPLE, person(father_id="A100000002"))
    assert "father_id" not in checked.values
    assert [note.column for note in checked.notes] == ["father_id"]


def test_a_birth_after_the_delivery_is_set_aside():
    born = person(birth_date="2026-03-03")
    assert isinstance(check_row(PEOPLE, born, 2, delivered_on=date(2026, 3, 2)), RowFault)
    assert isinstance(check_row(PEOPLE, born, 2, delivered_on=date(2026, 3, 3)), RowOk)


def test_relatives_become_tokens_and_no_fact_holds_a_number():
    row = person(mother_id="A200000003", spouse_id="")
    drafts = facts_of(PEOPLE, good(PEOPLE, row).values, token)
    kinds = [draft.kind for draft in drafts]
    assert kinds == ["registered-household", "registered-address", "birth", "kin-father"] + (
        ["kin-mother"] if "kin-mother" in kinds else []
    )
    assert "A1" not in repr(drafts) and "A2" not in repr(drafts)
    father = next(draft for draft in drafts if draft.kind == "kin-father")
    assert father.key == token("A100000001").hex()


def test_what_may_be_stored_has_no_number_of_a_person():
    values = good(PEOPLE, person()).values
    assert "A1" not in repr(open_values(PEOPLE, values))


def test_a_membership_lasts_from_moving_in_to_moving_out():
    found = facts(PEOPLE, person(left_on="2020-01-01"))[("registered-household", "H-7")]
    assert (found.valid_from, found.valid_to) == (date(2018, 5, 20), date(2020, 1, 1))
    assert found.value == {"relation_to_head": "child"}


DOSE = {"record_key": "V-1", "vaccine": "五合一", "dose": "2", "due_on": "2025-11-01"}


@pytest.mark.parametrize(
    ("given_on", "kinds", "overdue"),
    [
        ("", {"immunisation-due", "immunisation-overdue"}, (date(2025, 11, 2), None)),
        ("2025-11-01", {"immunisation-due", "immunisation-given"}, None),
        (
            "2026-01-05",
            {"immunisation-due", "immunisation-given", "immunisation-overdue"},
            (date(2025, 11, 2), date(2026, 1, 5)),
        ),
    ],
)
def test_a_dose_is_overdue_from_the_day_after_its_due_day_until_given(given_on, kinds, overdue):
    found = facts(DOSES, DOSE | {"given_on": given_on})
    assert {kind for kind, _ in found} == kinds
    late = found.get(("immunisation-overdue", "五合一/2"))
    assert (late and (late.valid_from, late.valid_to)) == overdue


def test_a_dose_neither_due_nor_given_is_set_aside():
    checked = check_row(DOSES, DOSE | {"due_on": ""}, 2)
    assert isinstance(checked, RowFault) and checked.rule == "due-or-given"


def test_care_and_custody_last_until_closed_or_released():
    care = facts(CARE, {"record_key": "C", "care_level": "2", "registered_on": "2025-01-01"})
    assert care[("psychiatric-care", None)].value == {"level": "2"}
    assert care[("psychiatric-care", None)].valid_to is None
    stay = facts(
        CUSTODY,
        {"record_key": "P", "entered_on": "2025-01-01", "expected_release_on": "2026-06-01"},
    )[("in-custody", None)]
    assert (stay.valid_from, stay.valid_to) == (date(2025, 1, 1), None)


def test_a_row_is_checked_and_turned_into_facts_within_its_time():
    """The brief is 40 us a row; ten times that here, as test machines are shared."""
    rows = [person(record_key=f"R-{number}") for number in range(2000)]
    started = time.perf_counter()
    for row in rows:
        facts_of(PEOPLE, good(PEOPLE, row).values, token)
    assert (time.perf_counter() - started) / len(rows) < 400e-6
