"""Who looked at me (D4): what is shown, what every rule withholds, and that nobody else is answered."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.actions.look_rules import LookRuleFault, read_look_rules
from anwang.access.context import Actor, acting
from anwang.access.models import LookRule, Seal
from anwang.access.vocabulary import Act
from tests.conftest import as_role
from tests.factories import account, desk_worker
from tests.looking import citizen, is_safe, look, number, page, pair, report_on

pytestmark = pytest.mark.django_db
OFFICE = "桃園市"
NOTHING = "沒有可以列出的查看"


@pytest.fixture
def told():
    """A victim and a respondent with numbers, and a report that no inquiry follows."""
    victim, respondent = pair(1)
    return victim, respondent, report_on(victim, respondent)


def shown(text: str) -> int:
    """How many looks the page lists."""
    return text.count("<tr><td>")


def test_a_look_is_shown_with_office_role_and_purpose_and_without_a_name(told):
    victim, _, report = told
    look(desk_worker(), report)
    text = page(citizen("victim", victim[0]))
    assert shown(text) == 1
    assert OFFICE in text and "值班" in text and "處理通報" in text
    assert "王範例" not in text and str(report) not in text and victim[1] not in text


def test_nobody_looked_is_an_empty_page_with_the_same_rules(told):
    text = page(citizen("victim", told[0][0]))
    assert NOTHING in text
    assert all(row["text"]["zh"] in text for row in read_look_rules() if "text" in row)


def test_another_persons_matter_is_withheld_from_who_is_only_mentioned(told):
    _, respondent, report = told
    look(desk_worker(), report)
    assert NOTHING in page(citizen("respondent", respondent[0]))


@pytest.mark.parametrize("stream", ["child-protection", "adult-protection", "sexual-assault", None])
def test_an_open_inquiry_delays_and_a_closed_one_shows(stream):
    victim, respondent = pair(2)
    report = report_on(victim, respondent, stream=stream)
    look(desk_worker(), report)
    asker = citizen("victim", victim[0])
    assert NOTHING in page(asker)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("update triage_matter set state = 'closed' where report_id = %s", [report])
    assert shown(page(asker)) == 1


def test_a_delay_ends_by_itself():
    victim, respondent = pair(3)
    report = report_on(victim, respondent, stream="child-protection")
    asker = citizen("victim", victim[0])
    look(desk_worker(), report)
    with connection.cursor() as cursor:
        for days, expected in ((179, 0), (181, 1)):
            cursor.execute("select set_config('clock.ahead', %s, true)", [f"{days} days"])
            assert shown(page(asker)) == expected
            cursor.execute("select set_config('clock.ahead', '', true)")


@pytest.mark.parametrize("role", ["mandated-reporter", "hotline", "reporter-protection-officer"])
def test_offices_that_may_have_reported_are_withheld(told, role):
    victim, _, report = told
    worker = account("someone", ("68000-desk", "68000", role))
    with acting(worker):
        record_event(
            Act.READ, actor=worker, object_kind="report", object_ids=[report], purpose="own-report"
        )
    assert NOTHING in page(citizen("victim", victim[0]))


@pytest.mark.parametrize("purpose", ["reveal-reporter", "reveal-address", "relay", "dispatch"])
def test_looks_into_the_vault_are_withheld(told, purpose):
    victim, _, report = told
    worker = desk_worker()
    with acting(worker):
        record_event(
            Act.READ, actor=worker, object_kind="report", object_ids=[report], purpose=purpose
        )
    assert NOTHING in page(citizen("victim", victim[0]))


@pytest.mark.parametrize("sealed", ["report", "person"])
def test_what_was_ever_sealed_is_withheld(told, sealed):
    victim, _, report = told
    look(desk_worker(), report)
    with as_role("worker"):
        Seal.objects.create(
            object_kind=sealed,
            object_id=report if sealed == "report" else victim[0].person,
            ground="x",
        )
    assert NOTHING in page(citizen("victim", victim[0]))


def test_programs_refusals_and_writes_are_no_looks(told):
    victim, _, report = told
    worker = desk_worker()
    program = Actor(uuid.uuid4(), "program")
    for actor, act, result in ((program, Act.READ, "done"), (worker, Act.READ, "refused"),
                               (worker, Act.DECISION_CONFIRMED, "done")):  # fmt: skip
        with acting(actor):
            record_event(act, actor=actor, object_kind="report", object_ids=[report],
                         purpose="duty-desk", result=result)  # fmt: skip
    assert NOTHING in page(citizen("victim", victim[0]))


def test_a_safe_adult_sees_who_looked_at_the_child(told):
    child, _, report = told
    look(desk_worker(), report)
    mother, _ = pair(4)
    asker = citizen("mother", mother[0])
    assert NOTHING in page(asker, child[1])
    is_safe(mother[0], child[0])
    assert shown(page(asker, child[1])) == 1
    assert NOTHING in page(asker)


def test_only_a_citizen_with_a_number_of_his_own_may_ask(told, client):
    victim, _, report = told
    look(desk_worker("looker"), report)
    for asker in (desk_worker("another"), account("numberless", ("citizen-x", "68000", "citizen"))):
        with acting(asker), connection.cursor() as cursor:
            for about in (None, victim[0].token):
                cursor.execute("select * from cases.who_looked(%s)", [about])
                assert cursor.fetchall() == []


def test_the_application_cannot_ask_who_is_a_safe_adult(told):
    with (
        acting(citizen("someone", told[0][0])),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("select cases.is_safe_adult(%s, %s)", [b"a", b"b"])


def test_asking_is_on_record_the_same_way_for_every_child(told):
    asker = citizen("victim", told[0][0])
    page(asker, told[1][1])
    page(asker, number(999))
    with as_role("auditor"), connection.cursor() as cursor:
        cursor.execute(
            "select act, object_kind, purpose, result, cardinality(object_ids)"
            " from access_auditentry where actor = %s and object_kind = 'looks'", [asker.id]
        )  # fmt: skip
        entries = cursor.fetchall()
    assert entries == [("read", "looks", "looked-at-me", "done", 1)] * 2


def test_the_database_holds_the_rules_of_the_file():
    kept = set(LookRule.objects.values_list("kind", "value", "treatment", "days"))
    said = {(row["kind"], value, row["class"], row.get("days"))
            for row in read_look_rules() for value in row["values"]}  # fmt: skip
    assert kept == said


def test_a_rule_without_its_law_is_not_loaded(monkeypatch):
    rows = [dict(row) for row in read_look_rules()]
    rows[0]["citation"] = ""
    monkeypatch.setattr("anwang.access.actions.look_rules.read_yaml", lambda _: {"rows": rows})
    with pytest.raises(LookRuleFault):
        read_look_rules()
