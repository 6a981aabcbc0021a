"""A dispatch without a person: made like any other, told to everybody whom it concerns, taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from anwang.access.context import DISPATCHING, LOADING, acting
from anwang.access.models import AuditEntry
from anwang.triage.actions import automatic
from anwang.triage.actions.screening_writes import plain
from anwang.triage.instruments.actions import keep_answers
from anwang.triage.instruments.queries import instruments_in_force
from anwang.triage.models import Decision, Duty, Matter, Offer, Screening
from anwang.triage.permissions import check_can_answer_instrument
from anwang.triage.rules.automatic import Hold, Standing, deciding_unknowns, holds
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.propose import propose
from anwang.triage.trials.permissions import check_step_runs
from anwang.triage.trials.queries.steps import AUTO_DISPATCH
from tests.conftest import as_role
from tests.factories import DESK, PASSWORD, TAOYUAN
from tests.triage.test_overlays import vignette
from tests.triage.test_views import version_in
from tests.triage.test_vignettes import VIGNETTES, inputs_of
from tests.trust.automatic_world import WELFARE, became, dispatched, people, switched, told

DAY = dt.date(2026, 3, 2)
HERE = shipped_policies(DAY, TAOYUAN)


def stored(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs as a screening keeps them."""
    return {name: plain(value) for name, value in inputs.items()}


def standing(name: str = "V74", **more: Any) -> Standing:
    """A vignette before its dispatch: V74 goes out by itself in one county."""
    inputs = dict(inputs_of(vignette(name)))
    made = propose(inputs, HERE)
    return replace(
        Standing(
            runs=True, historic=False, waited=dt.timedelta(seconds=2), failed_steps=[], added=False,
            protected=False, grade=made.grade, stream=made.stream, proposal=made.as_json(),
            inputs=stored(inputs), policies=HERE,
        ),
        **more,
    )  # fmt: skip


def test_what_policy_lets_go_and_nothing_speaks_against_may_go():
    assert holds(standing()) == ()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"runs": False}, Hold.SWITCHED_OFF),
        ({"historic": True}, Hold.OLD_REPORT),
        ({"waited": dt.timedelta(hours=1)}, Hold.TOO_LATE),
        ({"failed_steps": ["picture"]}, Hold.NOT_CHECKED),
        ({"added": True}, Hold.SAID_MORE),
        ({"protected": True}, Hold.PERSON_CHOOSES),
        ({"grade": "1"}, Hold.URGENT),
        ({"grade": None}, Hold.URGENT),
        ({"stream": "child-protection"}, Hold.URGENT),
        ({"policies": None}, Hold.POLICY_CHANGED),
        ({"policies": shipped_policies(DAY)}, Hold.POLICY_CHANGED),
    ],
)
def test_anything_that_asks_for_a_person_is_told(more, why):
    assert why in holds(standing(**more))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"immediate_danger": "unknown"}, Hold.UNKNOWN_FACTS),
        ({"immediate_danger": True}, Hold.URGENT),
        ({"mandated": "unknown"}, Hold.UNKNOWN_FACTS),
        ({"concerns": "unknown"}, Hold.UNKNOWN_FACTS),
        ({"cues": ["weapon"]}, Hold.URGENT),
        ({"injury": "death"}, Hold.URGENT),
        ({"weapon": True}, Hold.URGENT),
        ({"concerns": ["child-neglect"]}, Hold.POLICY_CHANGED),
    ],
)
def test_a_fact_that_is_unknown_or_grave_asks_for_a_person(said, why):
    known = standing()
    assert why in holds(replace(known, inputs={**known.inputs, **said}))


@pytest.mark.parametrize(
    "said",
    [{"screening": "ask-same-event"}, {"screening": "ask-error"}, {"tasks": ["second-look"]},
     {"tasks": ["second-look-to-close"]}, {"tasks": ["second-look-first"]},
     {"tasks": ["police-escort"]}],
)  # fmt: skip
def test_what_the_desk_is_asked_first_is_not_answered_for_it(said):
    known = standing()
    assert holds(replace(known, proposal={**known.proposal, **said})) == (Hold.DESK_ASKED,)


def test_no_vignette_of_protection_or_danger_may_go_whatever_a_table_lets_go():
    """V8: tables drawn too wide do not open the door alone."""
    for one in VIGNETTES:
        report = standing(one["id"])
        if report.grade == "1" or one.get("danger") != "no":
            assert holds(report), one["id"]
        if report.stream not in ("vulnerable-family", "suicide"):
            assert holds(report), one["id"]


def test_unknown_facts_that_decide_nothing_hold_nothing_up():
    facts = dict(inputs_of(vignette("V74")))
    assert "unknown" in stored(facts).values()
    assert deciding_unknowns(facts, HERE) == ()


@pytest.fixture
def who(db, service_teams):
    return people()


def entries(receipt) -> list[tuple[str, str]]:
    with as_role("worker"), acting(LOADING, "test"):
        found = AuditEntry.objects.order_by("at").values_list("act", "actor", "object_ids")
        return [(act, str(actor)) for act, actor, ids in found if str(receipt.report) in ids]


def test_a_report_goes_to_the_best_team_and_the_desk_stays_accountable(who):
    """V2"""
    receipt = told()
    assert became(receipt)[:2] == ("awaiting-decision", "waiting")
    assert dispatched() == 1
    assert became(receipt) == ("offered", "done", [], 1)
    with as_role("worker"), acting(LOADING, "test"):
        matter = Matter.objects.get(pk=receipt.report)
        decision = Decision.objects.get(matter=matter)
        duty = Duty.objects.get(matter=matter, during__endswith=None)
    assert (matter.offered_team, matter.accountable_team) == (WELFARE, DESK)
    assert duty.accountable_team == DESK
    assert (decision.by, decision.changed, decision.outcome["team"]) == (
        DISPATCHING.id,
        [],
        WELFARE,
    )
    ours = str(DISPATCHING.id)
    assert entries(receipt)[-2:] == [("decision-confirmed", ours), ("offer-made", ours)]
    assert dispatched() == 0, "once"


def test_what_is_held_is_on_record_and_stays_where_it_was(who):
    receipt = told()
    switched(who["desk"], TAOYUAN, runs=False)
    with as_role("worker"), acting(LOADING, "test"):
        before = Matter.objects.get(pk=receipt.report)
    assert dispatched() == 0
    assert entries(receipt)[-1] == ("dispatch-held", str(DISPATCHING.id))
    with as_role("worker"), acting(LOADING, "test"):
        after = Matter.objects.get(pk=receipt.report)
        assert not Decision.objects.filter(matter=after).exists()
    assert after.changed_at == before.changed_at, "who has it open may decide it"
    switched(who["one"], TAOYUAN, runs=True)
    assert dispatched() == 0, "what a person was asked for stays a person's"


def test_who_began_to_ask_about_danger_decides_where_it_goes(who):
    receipt = told()
    with acting(who["desk"], "assessment"):
        asked = instruments_in_force()["tipvda"]
        permit = check_can_answer_instrument(who["desk"], receipt.report)
        assert keep_answers(receipt.report, asked, {"q1": "yes"}, permit=permit) == 1
    assert dispatched() == 0
    assert became(receipt) == ("awaiting-decision", "held", ["said-more"], 0)


def test_a_report_that_policy_leaves_to_the_desk_is_never_looked_at(who):
    receipt = told(reporter={"mandated": False, "role": "neighbour"})
    assert dispatched() == 0
    assert became(receipt) == ("awaiting-decision", "", [], 0)


def test_a_failure_stays_with_its_report(who, monkeypatch, caplog):
    other = {"role": "person-in-need", "name": "範例阿雄", "birth": "民國50年8月8日", "sex": "M",
             "address": "桃園市楊梅區範例路9號"}  # fmt: skip
    first, second = (
        told(),
        told(subjects=[other], narrative="獨居，屋頂漏水。", concerns=["housing"]),
    )
    real = automatic.confirm

    def fails(report, **more):
        if report == first.report:
            raise ValueError("綠色")
        return real(report, **more)

    monkeypatch.setattr(automatic, "confirm", fails)
    assert dispatched() == 1
    assert became(first) == ("awaiting-decision", "held", ["failed"], 0)
    assert became(second)[0] == "offered"
    assert "綠色" not in caplog.text


def test_nobody_but_our_programs_asks_where_something_may_go(who):
    """R5, R8: the answer would tell of a seal or a conflict."""
    receipt = told()
    asked = "select triage.may_go_by_itself(%s, %s)"
    refused = pytest.raises(ProgrammingError)
    with (
        refused,
        transaction.atomic(),
        acting(who["desk"], "decide"),
        connection.cursor() as cursor,
    ):
        cursor.execute(asked, [receipt.report, WELFARE])


def test_a_stop_waits_for_what_is_under_way(who):
    """The switch takes a lock that every automatic step shares, and takes it alone."""
    with as_role("worker"), acting(DISPATCHING, AUTO_DISPATCH), connection.cursor() as cursor:
        check_step_runs(AUTO_DISPATCH, TAOYUAN)
        cursor.execute(
            "select mode from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
        )
        assert ("ShareLock",) in cursor.fetchall()


def desk_page(client, receipt) -> str:
    return client.get(f"/desk/{receipt.receipt}/").content.decode()


@pytest.fixture
def desk(who, client):
    assert client.login(username="auto-desk", password=PASSWORD)
    return client


def test_the_desk_sees_what_went_by_itself_and_takes_it_back(who, desk):
    receipt = told()
    dispatched()
    assert "自動派案" in desk.get("/desk/").content.decode()
    page = desk_page(desk, receipt)
    assert "依規則派出，沒有人先看過" in page
    assert "D-04-68000" in page
    assert "收回派案" in page
    desk.post(f"/desk/{receipt.receipt}/withdraw/", {"version": version_in(page)})
    assert became(receipt)[0] == "awaiting-decision"
    assert dispatched() == 0
    assert "曾自動派出，已收回或退回" in desk_page(desk, receipt)
    assert "自動派案" not in desk.get("/desk/queue/").content.decode()


def test_the_desk_sees_why_a_person_decides(who, desk):
    receipt = told()
    switched(who["desk"], TAOYUAN, runs=False)
    dispatched()
    page = desk_page(desk, receipt)
    assert "改由人決定" in page
    assert "這個自動步驟已停止" in page


def test_the_team_is_told_that_nobody_looked_at_it(who, client):
    told()
    dispatched()
    assert client.login(username="auto-team", password=PASSWORD)
    assert "值班台還沒有看過內容" in client.get("/inbox/").content.decode()


def test_an_offer_of_a_person_is_not_called_automatic(who, desk):
    receipt = told(reporter={"mandated": False, "role": "neighbour"})
    page = desk_page(desk, receipt)
    desk.post(f"/desk/{receipt.receipt}/confirm/", {"version": version_in(page)})
    with as_role("worker"), acting(LOADING, "test"):
        assert Offer.objects.filter(matter=receipt.report).count() == 1
        assert Screening.objects.get(matter=receipt.report).automatic == ""
    assert "自動派案" not in desk.get("/desk/").content.decode()
