"""Whatever is delivered is taken, once, and the reporter's identity lies nowhere but in the vault."""

from __future__ import annotations

import json
import string
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anwang.access.context import Actor
from anwang.intake.actions import Receipt, deliver, record_receipts
from anwang.intake.rules.bodies import read_body
from anwang.intake.rules.receipts import SIGNS, check_sign, read_receipt
from tests.conftest import as_role
from tests.intake.people import rows

pytestmark = pytest.mark.django_db
SENDER = Actor(uuid.uuid4(), "sender")
EXAMPLES = Path("docs/formats/example-reports.jsonl")
WHOLE = json.loads(EXAMPLES.read_text("utf-8").splitlines()[0])
SUBJECT_TEXTS = ("name", "birth", "phone", "address", "notes", "relation_to_victim")


def taken(body: dict[str, Any], sender: str = "campus-safety") -> Receipt:
    return deliver(body, sender=sender, actor=SENDER)


def kept(receipt: Receipt) -> tuple[dict[str, Any], list[str], str | None]:
    """(open body, marks, county) of a report."""
    ((body, marks, county),) = rows(
        "select body::text, marks::text, county from intake_report where id = %s", receipt.report
    )
    return json.loads(body), json.loads(marks), county


def marks_of(**changed: Any) -> list[str]:
    return kept(taken(WHOLE | {"report_id": uuid.uuid4().hex} | changed))[1]


def with_subject(**changed: Any) -> list[str]:
    return marks_of(subjects=[{"role": "victim", "name": "陳小安"} | changed])


@pytest.mark.parametrize("line", EXAMPLES.read_text("utf-8").splitlines())
def test_every_published_example_is_taken(line):
    receipt = taken(json.loads(line))
    assert receipt.outcome == "new" and read_receipt(receipt.receipt) == receipt.receipt


def test_the_same_again_is_repeated_and_other_content_is_an_addition():
    first, again = taken(WHOLE), taken(dict(reversed(WHOLE.items())))
    other, twice = taken(WHOLE | {"narrative": "補充"}), taken(WHOLE | {"narrative": "補充"})
    assert [one.outcome for one in (first, again, other, twice)] == [
        "new", "repeated", "addition", "addition",
    ]  # fmt: skip
    assert len({one.receipt for one in (first, again, other, twice)}) == 1
    assert rows("select count(*) from intake_report") == [(1,)]
    assert rows("select count(*) from intake_reportaddition") == [(1,)]


def test_the_same_key_of_another_sender_is_another_report():
    assert taken(WHOLE).report != taken(WHOLE, sender="hotline-113").report


def test_without_a_key_the_content_is_the_key():
    body = {name: value for name, value in WHOLE.items() if name != "report_id"}
    assert taken(body).report == taken(body).report != taken(body | {"narrative": "x"}).report


def test_a_taken_report_stands_at_once_at_a_desk_with_its_clock():
    receipt = taken(WHOLE)
    ((team, state),) = rows(
        "select accountable_team, state from triage_matter where report_id = %s", receipt.report
    )
    assert (team, state) == ("68000-desk", "received")


@pytest.mark.parametrize(
    ("changed", "mark"),
    [
        ({"birth": "民國107年2月30日"}, "birth-impossible"),
        ({"birth": "2019-13-45"}, "birth-impossible"),
        ({"birth": "民國150年1月1日"}, "birth-in-future"),
        ({"birth": "很老"}, "birth-unreadable"),
        ({"name": ""}, "name-empty"),
        ({"name": "   "}, "name-empty"),
        ({"name": "小安😀"}, "name-odd-signs"),
        ({"national_id": "A123456788"}, "id-checksum-wrong"),
        ({"national_id": "Ａ１２３４５６７８９"}, "full-width-digits"),
        ({"national_id": "A1234***89"}, "id-masked"),
        ({"national_id": "忘了"}, "id-unreadable"),
        ({"phone": "０９００－０００－００２"}, "full-width-digits"),
        ({"role": "boss"}, "role-unknown"),
        ({"sex": "?"}, "sex-unknown"),
        ({"notes": "證號 A123456789"}, "id-in-text"),
        ({"name": "陳\0小安"}, "signs-removed"),
        ({"shoe_size": 43}, "field-unknown"),
    ],
)
def test_what_is_odd_in_a_subject_is_marked_and_taken(changed, mark):
    assert mark in with_subject(**changed)


@pytest.mark.parametrize(
    ("changed", "mark"),
    [
        ({"subjects": []}, "subjects-missing"),
        ({"subjects": None}, "subjects-missing"),
        ({"subjects": [{"role": "victim", "name": "陳小安"}] * 31}, "subjects-many"),
        ({"subjects": [{}] * 500}, "subjects-cut"),
        ({"subjects": "陳小安"}, "type-unexpected"),
        ({"county": "亞特蘭提斯"}, "county-unknown"),
        ({"narrative": "長" * 20_001}, "narrative-long"),
        ({"received_at": "昨天"}, "received-at-unreadable"),
        ({"received_at": 20260302}, "received-at-unreadable"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "received-at-unreadable"),
        ({"received_at": "2026-03-02T09:12:00"}, "received-at-without-offset"),
        ({"received_at": "2999-01-01T00:00:00+08:00"}, "received-at-unreadable"),
        ({"received_at": "2100-01-01T00:00:00+08:00"}, "received-in-future"),
        ({"concerns": ["aliens"]}, "concern-unknown"),
        ({"immediate_danger": "maybe"}, "danger-unreadable"),
        ({"channel": "pigeon"}, "channel-unknown"),
        ({"sender": "someone-else"}, "sender-differs"),
        ({"narrative": "請打 03-3000000 找範例老師"}, "reporter-in-text"),
        ({"caller_phone": "0900-000-009"}, "field-held-back"),
    ],
)
def test_what_is_odd_in_a_report_is_marked_and_taken(changed, mark):
    assert mark in marks_of(**changed)


@pytest.mark.parametrize(
    ("county", "code"),
    [("桃園市", "68000"), ("台中縣", "66000"), ("68000", "68000"), (9007, "09007"), ("", "68000")],
)
def test_a_county_is_known_by_code_name_old_name_or_address(county, code):
    assert kept(taken(WHOLE | {"county": county}))[2] == code


def test_words_for_codes_are_understood():
    body, _, _ = kept(
        taken(
            WHOLE
            | {
                "immediate_danger": True,
                "concerns": "親密關係暴力",
                "incident": {"weapon": "有", "injury": "重傷"},
            }
        )
    )
    assert body["immediate_danger"] == "yes" and body["concerns"] == ["partner-violence"]
    assert body["incident"] == {"weapon": True, "injury": "serious"}


def test_an_identity_number_is_kept_as_token_and_mask_only():
    body, _, _ = kept(
        taken(WHOLE | {"subjects": [{"role": "victim", "national_id": "a123456789"}]})
    )
    shown = body["subjects"][0]["id"]
    assert shown["valid"] and shown["shown"] == "A1******89" and len(shown["token"]) == 64
    assert shown["near"] and shown["token"] not in shown["near"]


def test_the_reporters_identity_lies_nowhere_but_in_the_vault():
    secret = {
        "name": "範小師",
        "organisation": "範例國民小學",
        "phone": "03-3000-123",
        "email": "teacher@example.tw",
    }
    told = (
        "我是範 小師,任教範例國小(範例國民小學),電話（０３）３０００－１２３ 或 +886 3 3000123,"
        "信箱 Teacher@Example.TW。"
    )
    body = {
        "reporter": secret | {"role": "導師範小師", "nickname": "小範", "learned_at": "2026-03-02"},
        "subjects": [{"role": "victim", "name": "陳小安", "notes": told}],
        "narrative": told,
        "incident": {"place": told, "injury": told},
        "answers": {told: {told: told, "list": [told]}},
        "concerns": [told],
        "county": told,
        "remark": told,
        "immediate_danger": told,
    }
    report = taken(body)
    everything = rows(
        "select r::text, m::text from intake_report r join triage_matter m on m.report_id = r.id"
        " where r.id = %s",
        report.report,
    )
    held = "".join(everything[0])
    for trace in ("小師", "小範", "範例國", "3000123", "３０００", "3000-123", "xample"):
        assert trace.lower() not in held.lower(), trace
    assert "〔通報人〕" in held


def test_a_reporter_who_is_the_person_in_need_stays_findable():
    body, _, _ = kept(taken(json.loads(EXAMPLES.read_text("utf-8").splitlines()[2])))
    assert body["subjects"][0]["name"] == "林美玉"


def test_what_is_nested_too_deep_is_cut_and_not_refused():
    raw = ('{"narrative": "x", "answers": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}").encode()
    receipt = deliver(read_body(raw), sender="deep", actor=SENDER)
    body, marks, _ = kept(receipt)
    assert body["narrative"] == "x" and "too-deep" in marks
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"answers": nested}
    assert taken(nested).outcome == "new"


def test_huge_numbers_and_broken_surrogates_are_taken():
    raw = b'{"report_id": %s, "narrative": "\\ud800 \\u0000", "x": 1e999, "y": NaN}' % (b"9" * 9999)
    receipt = deliver(read_body(raw), sender="odd", actor=SENDER)
    assert "\0" not in kept(receipt)[0]["narrative"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.sampled_from(
    ["report_id", "sender", "channel", "received_at", "county", "reporter", "subjects", "concerns",
     "immediate_danger", "incident", "narrative", "answers", "other"]
)  # fmt: skip
SUBJECTS = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "name", "national_id", "birth", "sex", "phone", "notes"]),
        JSON, max_size=5,
    ) | JSON, max_size=4,
)  # fmt: skip
BODIES = st.builds(
    lambda body, subjects: body | ({"subjects": subjects} if subjects else {}),
    st.dictionaries(FIELDS | st.text(max_size=8), JSON, max_size=8),
    SUBJECTS,
)


@pytest.mark.slow
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BODIES)
def test_any_json_object_is_taken_and_its_open_copy_has_the_promised_shape(body):
    receipt = taken(body, sender=uuid.uuid4().hex)
    assert receipt.outcome == "new"
    shown, marks, _ = kept(receipt)
    assert all(isinstance(mark, str) for mark in marks)
    assert isinstance(shown["narrative"], str) and shown["immediate_danger"] in (
        "yes", "no", "unknown",
    )  # fmt: skip
    assert set(shown["reporter"]) == {"role", "mandated", "anonymous"}
    for person in shown["subjects"]:
        assert isinstance(person["role"], str)
        assert all(isinstance(person.get(name, ""), str) for name in SUBJECT_TEXTS)
    assert all(isinstance(code, str) for code in shown["concerns"])
    assert isinstance(shown["incident"], dict) and isinstance(shown["answers"], dict)


@given(st.text(SIGNS, min_size=10, max_size=10), st.integers(0, 10), st.sampled_from(SIGNS))
def test_one_wrong_sign_never_reads_as_another_receipt(signs, place, other):
    receipt = signs + check_sign(signs)
    wrong = receipt[:place] + other + receipt[place + 1 :]
    assert read_receipt(receipt) == receipt
    assert read_receipt(wrong) == (receipt if wrong == receipt else None)


@given(st.text(string.printable))
def test_whatever_is_typed_as_a_receipt_gives_a_receipt_or_nothing(typed):
    read = read_receipt(typed)
    assert read is None or read_receipt(read) == read


def test_receipts_come_onto_the_audits_record_later_and_once():
    taken(WHOLE)
    with as_role("worker"):
        assert record_receipts() == 0  # its transaction may still be running
        with connection.cursor() as cursor:
            cursor.execute("set local clock.ahead = '1 minute'")
        assert record_receipts() == 1
        assert record_receipts() == 0
