"""Repetitions joined by policy: where the county says so, no word lost, taken back with one button."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from anwang.access.context import DISPATCHING, LOADING, acting
from anwang.access.models import AuditEntry
from anwang.intake.models import Report
from anwang.triage.actions.screening import screen
from anwang.triage.models import Clock, Matter, SameEventJudgement, Screening
from anwang.triage.rules.automatic import Earlier, Hold, Standing, holds_join
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.propose import propose
from anwang.triage.rules.same_event import names_the_same
from anwang.triage.trials.queries.steps import JOIN_REPEATS
from tests.conftest import as_role
from tests.factories import PASSWORD, TAOYUAN
from tests.triage.test_automatic import stored
from tests.triage.test_overlays import in_county, vignette
from tests.triage.test_same_event import CHILD, digest
from tests.triage.test_views import version_in
from tests.triage.test_vignettes import inputs_of
from tests.trust.automatic_world import TWICE, became, dispatched, people, repeated, switched, told

HERE = shipped_policies(dt.date(2026, 3, 2), TAOYUAN)
NUMBER, OTHER = CHILD | {"national_id": "A123456789"}, CHILD | {"national_id": "B123456780"}


def test_the_nation_leaves_it_to_the_desk_and_one_county_lets_policy_join():
    assert in_county("V77", None).screening == "ask-same-event"
    assert in_county("V77", "10013").screening == "ask-same-event"
    assert in_county("V77", TAOYUAN).screening == "join-same-event"
    assert in_county("V69", TAOYUAN).screening == "ask-same-event", "not everybody by number"


@pytest.mark.parametrize(
    ("later", "earlier", "same"),
    [
        ([NUMBER], [NUMBER], True),
        ([NUMBER], [NUMBER, OTHER], True),
        ([NUMBER, OTHER], [NUMBER], False),
        ([NUMBER, CHILD], [NUMBER], False),
        ([CHILD], [CHILD], False),
        ([], [NUMBER], False),
        ([CHILD | {"national_id": "A123456780"}], [CHILD | {"national_id": "A123456780"}], False),
    ],
)
def test_everybody_named_is_named_by_the_same_valid_number(later, earlier, same):
    assert names_the_same(digest(*later), digest(*earlier)) is same


def standing(**more: Any) -> Standing:
    inputs = dict(inputs_of(vignette("V77")))
    made = propose(inputs, HERE)
    return replace(
        Standing(
            runs=True, historic=False, waited=dt.timedelta(seconds=2), failed_steps=[], added=False,
            protected=False, grade=made.grade, stream=made.stream, proposal=made.as_json(),
            inputs=stored(inputs), policies=HERE,
        ),
        **more,
    )  # fmt: skip


def earlier(**more: Any) -> Earlier:
    known = standing()
    return replace(Earlier(True, known.grade, known.stream, known.inputs), **more)


def test_a_sure_repetition_that_tells_nothing_new_may_be_joined():
    assert holds_join(standing(), earlier()) == ()


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
        ({"policies": None}, Hold.POLICY_CHANGED),
        ({"policies": shipped_policies(dt.date(2026, 3, 2))}, Hold.POLICY_CHANGED),
    ],
)
def test_anything_that_asks_for_a_person_is_told(more, why):
    assert why in holds_join(standing(**more), earlier())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"immediate_danger": "unknown"}, Hold.URGENT),
        ({"immediate_danger": True}, Hold.URGENT),
        ({"concerns": ["child-physical", "drugs"]}, Hold.TELLS_MORE),
        ({"cues": ["weapon"]}, Hold.TELLS_MORE),
        ({"weapon": True}, Hold.TELLS_MORE),
        ({"injury": "serious"}, Hold.TELLS_MORE),
        ({"same_event_by_number": False}, Hold.POLICY_CHANGED),
        ({"same_event_percent": 90}, Hold.POLICY_CHANGED),
    ],
)
def test_what_the_earlier_report_does_not_tell_asks_for_a_person(said, why):
    known = standing()
    assert why in holds_join(replace(known, inputs={**known.inputs, **said}), earlier())


def test_a_second_look_comes_before_joining():
    known = standing()
    looked = replace(known, proposal={**known.proposal, "tasks": ["second-look"]})
    assert holds_join(looked, earlier()) == (Hold.DESK_ASKED,)


@pytest.mark.parametrize("gone", [None, {"open": False}])
def test_nothing_is_joined_to_what_nobody_works_with(gone):
    other = None if gone is None else earlier(**gone)
    assert holds_join(standing(), other) == (Hold.EARLIER_NOT_OPEN,)


# From here on with the database.
@pytest.fixture
def who(db, service_teams):
    return people()


def known(model, **where) -> list[Any]:
    with as_role("worker"), acting(LOADING, "test"):
        return list(model.objects.filter(**where))


def test_a_repetition_is_joined_and_keeps_reporter_receipt_and_text(who):
    first, second = repeated(reporter={"mandated": True, "role": "teacher"})
    before = known(Report, pk=second.report)[0].body
    assert dispatched() == 1
    assert became(second)[:2] == ("linked-same-event", "done")
    assert became(first)[0] == "awaiting-decision"
    (matter,) = known(Matter, pk=second.report)
    (judged,) = known(SameEventJudgement, matter=second.report)
    assert (matter.same_event_as, matter.due_at) == (first.report, None)
    assert (judged.by, judged.same, judged.reason) == (
        DISPATCHING.id, True, "triage.repeats R-08-68000",
    )  # fmt: skip
    (kept,) = known(Report, pk=second.report)
    assert (kept.body, kept.receipt) == (before, second.receipt)
    assert kept.body["reporter"]["role"] == "teacher"
    (entry,) = known(AuditEntry, act="same-event-judged")
    assert (entry.actor, entry.purpose) == (DISPATCHING.id, JOIN_REPEATS)


def test_a_step_that_is_stopped_joins_nothing(who):
    _, second = repeated()
    switched(who["desk"], TAOYUAN, runs=False, step=JOIN_REPEATS)
    assert dispatched() == 0
    assert became(second) == ("awaiting-decision", "held", ["switched-off"], 0)
    switched(who["one"], TAOYUAN, runs=True, step=JOIN_REPEATS)
    assert dispatched() == 0, "what a person was asked for stays a person's"
    assert known(SameEventJudgement) == []


def test_a_stop_of_dispatch_does_not_stop_joining(who):
    _, second = repeated()
    switched(who["desk"], TAOYUAN, runs=False)
    assert dispatched() == 1
    assert became(second)[0] == "linked-same-event"


def test_what_differs_by_number_stays_with_the_desk(who):
    other = [TWICE["subjects"][0] | {"national_id": "A123456789"}]
    _, second = repeated(subjects=other)
    assert dispatched() == 0
    assert became(second)[:2] == ("awaiting-decision", "")


def test_the_desk_sees_the_row_and_takes_it_back_with_one_button(who, client):
    first, second = repeated()
    dispatched()
    assert client.login(username="auto-desk", password=PASSWORD)
    page = client.get(f"/desk/{second.receipt}/").content.decode()
    assert "依規則合看，沒有人先判斷" in page
    assert "R-08-68000" in page
    assert second.receipt in client.get(f"/desk/{first.receipt}/").content.decode()
    undo = f"/desk/{second.receipt}/same/{first.receipt}/undo/"
    assert undo in page
    client.post(undo, {"version": version_in(page)})
    assert became(second)[0] == "awaiting-decision"
    assert {one.state for one in known(Clock, matter=second.report)} == {"running"}
    shown = client.get(f"/desk/{first.receipt}/").content.decode()
    assert second.receipt not in shown[shown.index('id="detail"') :]
    again = client.get(f"/desk/{second.receipt}/").content.decode()
    assert "曾依規則合看，已收回" in again
    assert "先判斷是否為同一事件" in again


def test_what_a_person_took_apart_is_never_joined_again(who, client):
    first, second = repeated()
    dispatched()
    assert client.login(username="auto-desk", password=PASSWORD)
    page = client.get(f"/desk/{second.receipt}/").content.decode()
    client.post(f"/desk/{second.receipt}/same/{first.receipt}/undo/", {"version": version_in(page)})
    with as_role("worker"):
        screen(second.report)
    assert dispatched() == 0
    assert became(second) == ("awaiting-decision", "held", ["decided"], 0)


def test_the_desk_sees_why_it_judges_itself(who, client):
    _, second = repeated(concerns=["poverty", "housing"])
    assert dispatched() == 0
    assert client.login(username="auto-desk", password=PASSWORD)
    page = client.get(f"/desk/{second.receipt}/").content.decode()
    assert "說了先前那一件沒有說的事" in page
    assert "先判斷是否為同一事件" in page
    assert page.count("R-08-68000") == 1


def test_both_steps_stand_on_the_page_of_switches(who, client):
    assert client.login(username="auto-desk", password=PASSWORD)
    page = client.get("/trials/steps/").content.decode()
    assert "自動派案（依縣市規則" in page
    assert "重複通報依規則合看" in page


def test_a_report_alone_is_dispatched_as_ever(who):
    receipt = told()
    assert dispatched() == 1
    assert became(receipt)[0] == "offered"
    assert known(Screening, matter=receipt.report)[0].proposal["screening"] == "take-up"
