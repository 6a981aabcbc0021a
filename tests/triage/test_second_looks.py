"""A second person looks where policy says so: nothing ends behind their back, a dispatch waits for nobody."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from anwang.access.context import LOADING, acting
from anwang.access.models import Account, AuditEntry
from anwang.common.clock import clock_now
from anwang.triage.actions.decisions import (
    Change,
    NotNow,
    ReasonNeeded,
    SecondPersonNeeded,
    answer,
    confirm,
)
from anwang.triage.actions.second_looks import NotTheSecond, ask_look, look_again, take_look_back
from anwang.triage.models import Clock, Decision, Matter, Offer, Screening, SecondLook
from anwang.triage.permissions import check_can_decide
from anwang.triage.rules.policies import shipped_policies
from anwang.triage.rules.second_looks import Kind, look_reasons, wanted_look
from tests.conftest import as_role
from tests.factories import PASSWORD, desk_worker, screened_report
from tests.triage.test_automatic import DAY
from tests.triage.test_views import version_in

POLICIES = shipped_policies(DAY)
NOT_FOR_US = {"stream": "not-for-us", "grade": "2"}
UNDER_6 = {"concerns": ["child-physical"], "victim_under_6": True, "child_in_home": True}


@pytest.mark.parametrize(
    ("tasks", "closing", "kind"),
    [
        ([], True, None),
        (["consult-form"], True, None),
        (["second-look"], True, Kind.CLOSING),
        (["second-look-to-close"], True, Kind.CLOSING),
        (["second-look-first"], True, Kind.CLOSING),
        (["second-look"], False, Kind.AFTERWARDS),
        (["second-look-to-close"], False, None),
        (["second-look-first"], False, Kind.DISPATCH),
        (["second-look", "second-look-first"], False, Kind.DISPATCH),
    ],
)
def test_the_task_says_which_decisions_want_a_second_person(tasks, closing, kind):
    assert wanted_look(tasks, closing=closing) == kind


def test_deciding_otherwise_than_proposed_does_not_get_around_it():
    proposed = {"stream": "child-protection", "grade": "2", "grade_class": "1"}
    decided = {"stream": "vulnerable-family", "grade": "2"}
    assert set(look_reasons(UNDER_6, [decided], POLICIES)) == set()
    assert set(look_reasons(UNDER_6, [proposed, decided], POLICIES)) == {"T-04"}
    assert set(look_reasons({}, [NOT_FOR_US], POLICIES)) == {"T-06"}
    task, reason = look_reasons({}, [NOT_FOR_US], POLICIES)["T-06"]
    assert (task, reason["row"]) == ("second-look-to-close", "T-06")


# From here on with the database.
@pytest.fixture
def desks(db, service_teams):
    return desk_worker(), desk_worker("desk-two")


def report_wanting(*tasks: str, inputs=None, **more):
    """A report at the desk whose proposal has these tasks."""
    receipt = screened_report(**more)
    with as_role("worker"):
        made = Screening.objects.get(matter=receipt.report)
        made.proposal |= {"tasks": list(tasks)}
        made.inputs |= inputs or {}
        made.save()
    return receipt


def ended(who, receipt, **more):
    with acting(who, "decide"):
        permit = check_can_decide(who, receipt.report)
        return answer(receipt.report, permit=permit, reason="已說明", **more)


def put_before(who, receipt, error=""):
    """End it, which waits for a second person."""
    with pytest.raises(SecondPersonNeeded) as needed:
        ended(who, receipt, error=error)
    with acting(who, "decide"):
        permit = check_can_decide(who, receipt.report)
        return ask_look(
            receipt.report,
            needed.value.look,
            permit=permit,
            seen=None,
            error=error,
            reason="已說明",
        )


def looked(who, receipt, *, agrees=True, said=""):
    with acting(who, "decide"):
        permit = check_can_decide(who, receipt.report)
        return look_again(receipt.report, agrees=agrees, permit=permit, said=said)


def stands(receipt) -> Matter:
    with as_role("worker"), acting(LOADING, "test"):
        return Matter.objects.get(pk=receipt.report)


def rows(model, **where):
    with as_role("worker"), acting(LOADING, "test"):
        return list(model.objects.filter(**where))


def test_ending_a_report_waits_for_a_second_person_and_its_clocks_run(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt)
    assert stands(receipt).state == "awaiting-decision"
    assert rows(Decision) == []
    assert {one.state for one in rows(Clock, matter=receipt.report)} == {"running"}
    looked(desks[1], receipt)
    assert stands(receipt).state == "answered"
    (decision,), (look,) = rows(Decision), rows(SecondLook)
    assert (decision.by, decision.reason) == (desks[1].id, "已說明")
    assert (look.asked_by, look.looked_by, look.verdict) == (desks[0].id, desks[1].id, "agreed")
    assert look.decision_id == decision.pk
    acts = {one.act: one.actor for one in rows(AuditEntry)}
    assert acts["second-look-asked"] == desks[0].id
    assert acts["second-look-given"] == acts["report-answered"] == desks[1].id


def test_who_asked_cannot_agree_nor_can_a_second_account_of_the_same_human(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt)
    with as_role("worker"), acting(LOADING, "test"):
        Account.objects.filter(pk__in=[one.id for one in desks]).update(human=b"one")
    for who in desks:
        with pytest.raises(NotTheSecond):
            looked(who, receipt)
    assert stands(receipt).state == "awaiting-decision"


@pytest.mark.parametrize("state", ["answered", "error"])
def test_the_database_lets_nobody_end_it_alone(desks, state):
    receipt = report_wanting("second-look-to-close")
    with (
        pytest.raises(DatabaseError, match="second person"),
        transaction.atomic(),
        as_role("app"),
        acting(desks[0], "decide"),
    ):
        Matter.objects.filter(pk=receipt.report).update(state=state, due_at=None)


def test_the_database_lets_nobody_answer_in_anothers_name(desks):
    receipt = report_wanting("second-look")
    look = put_before(desks[0], receipt)
    for by, verdict in ((desks[1], "declined"), (desks[0], "declined")):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            as_role("app"),
            acting(desks[0], "decide"),
        ):
            SecondLook.objects.filter(pk=look.pk).update(
                verdict=verdict, said="x", looked_by=by.id, looked_at=clock_now()
            )


def test_an_old_agreement_does_not_end_it_a_second_time(desks):
    from anwang.triage.actions.decisions import reopen

    receipt = report_wanting("second-look")
    put_before(desks[0], receipt)
    looked(desks[1], receipt)
    with acting(desks[0], "decide"):
        reopen(receipt.report, permit=check_can_decide(desks[0], receipt.report), reason="又來電")
    with pytest.raises(SecondPersonNeeded):
        ended(desks[0], receipt)
    with (
        pytest.raises(DatabaseError, match="second person"),
        transaction.atomic(),
        as_role("app"),
        acting(desks[0], "decide"),
    ):
        Matter.objects.filter(pk=receipt.report).update(state="answered", due_at=None)


def test_who_does_not_agree_says_why_and_the_report_stays(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt, error="unreachable")
    with pytest.raises(ReasonNeeded):
        looked(desks[1], receipt, agrees=False)
    looked(desks[1], receipt, agrees=False, said="還沒打過第二支電話")
    assert stands(receipt).state == "awaiting-decision"
    (look,) = rows(SecondLook)
    assert (look.verdict, look.said) == ("declined", "還沒打過第二支電話")
    assert rows(Decision) == []


def test_what_was_asked_as_a_wrong_report_ends_as_just_that(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt, error="unreachable")
    looked(desks[1], receipt)
    assert stands(receipt).state == "error"
    assert rows(Decision)[0].outcome == {"state": "error", "error_kind": "unreachable"}


def test_what_changed_since_is_put_before_the_second_person_anew(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt)
    with as_role("worker"), acting(LOADING, "test"):
        Matter.objects.filter(pk=receipt.report).update(changed_at=clock_now())
    with pytest.raises(NotNow):
        looked(desks[1], receipt)
    put_before(desks[0], receipt)
    looked(desks[1], receipt)
    assert [one.verdict for one in rows(SecondLook)] == ["lapsed", "agreed"]


def test_who_asked_takes_it_back(desks):
    receipt = report_wanting("second-look")
    put_before(desks[0], receipt)
    for who, refused in ((desks[1], True), (desks[0], False)):
        with acting(who, "decide"):
            permit = check_can_decide(who, receipt.report)
            if refused:
                with pytest.raises(NotNow):
                    take_look_back(receipt.report, permit=permit)
            else:
                take_look_back(receipt.report, permit=permit)
    assert rows(SecondLook)[0].verdict == "lapsed"


def test_a_dispatch_goes_out_and_is_looked_at_afterwards(desks):
    receipt = report_wanting("second-look")
    with acting(desks[0], "decide"):
        offer = confirm(receipt.report, permit=check_can_decide(desks[0], receipt.report))
    assert offer is not None and stands(receipt).state == "offered"
    with pytest.raises(NotTheSecond):
        looked(desks[0], receipt)
    looked(desks[1], receipt, agrees=False, said="應為第一級")
    (look,), (decision,) = rows(SecondLook), rows(Decision)
    assert (look.kind, look.verdict) == ("afterwards", "declined")
    assert (look.decision_id, decision.by) == (decision.pk, desks[0].id)
    assert stands(receipt).state == "offered", "the child waits for nobody"


def test_a_county_may_want_it_before_a_dispatch(desks):
    receipt = report_wanting("second-look-first")
    change = Change("由另一組接", {"team": "68000-protection-b"})
    with acting(desks[0], "decide"):
        permit = check_can_decide(desks[0], receipt.report)
        with pytest.raises(SecondPersonNeeded) as needed:
            confirm(receipt.report, permit=permit, change=change)
        ask_look(
            receipt.report, needed.value.look, permit=permit, seen=None, change=change,
            reason=change.reason,
        )  # fmt: skip
    assert rows(Offer) == []
    offer = looked(desks[1], receipt)
    assert offer is not None and offer.team_id == "68000-protection-b"
    (decision,) = rows(Decision)
    assert (decision.reason, decision.by) == ("由另一組接", desks[1].id)
    assert len(rows(SecondLook)) == 1, "nobody is asked again"


def test_a_report_that_policy_wants_no_second_look_at_ends_as_ever(desks):
    receipt = report_wanting("routing-guidance")
    ended(desks[0], receipt)
    assert stands(receipt).state == "answered"
    assert rows(SecondLook) == []


@pytest.fixture
def clients(desks):
    made = Client(), Client()
    for client, name in zip(made, ("desk-one", "desk-two"), strict=True):
        assert client.login(username=name, password=PASSWORD)
    return made


def shown(client, receipt) -> str:
    return client.get(f"/desk/{receipt.receipt}/").content.decode()


def test_the_screens_lead_from_one_person_to_the_other(clients):
    one, other = clients
    receipt = report_wanting("second-look-to-close")
    page = shown(one, receipt)
    told = one.post(
        f"/desk/{receipt.receipt}/answer/",
        {"version": version_in(page), "kind": "answered", "reason": "已說明"}, follow=True,
    ).content.decode()  # fmt: skip
    assert "還沒有生效" in told
    assert "看過了，同意" not in told
    assert "要由本台另一位同事看過，您自己不能同意" in told
    assert "等另一人再看" in other.get("/desk/queue/").content.decode()
    listed = other.get("/desk/looks/").content.decode()
    assert f"/desk/{receipt.receipt}/#second-look" in listed
    page = shown(other, receipt)
    assert "看過了，同意" in page
    done = other.post(
        f"/desk/{receipt.receipt}/look/", {"version": version_in(page), "says": "yes"}, follow=True
    ).content.decode()
    assert "這個決定現在生效" in done
    assert "已看過，同意" in done
    assert stands(receipt).state == "answered"
    assert receipt.receipt not in other.get("/desk/looks/").content.decode()


def test_the_screens_show_why_the_second_person_did_not_agree(clients):
    one, other = clients
    receipt = report_wanting("second-look")
    page = shown(one, receipt)
    one.post(f"/desk/{receipt.receipt}/confirm/", {"version": version_in(page)})
    page = shown(other, receipt)
    assert "已經派出" in page
    other.post(
        f"/desk/{receipt.receipt}/look/",
        {"version": version_in(page), "says": "no", "reason": "應為第一級"},
    )
    assert "應為第一級" in shown(one, receipt)


def test_another_office_finds_nothing_to_look_at(clients):
    from tests.factories import TAIPEI_CITY

    receipt = report_wanting("second-look")
    one, _ = clients
    one.post(
        f"/desk/{receipt.receipt}/answer/",
        {"version": version_in(shown(one, receipt)), "kind": "answered", "reason": "已說明"},
    )
    desk_worker("elsewhere", TAIPEI_CITY)
    stranger = Client()
    assert stranger.login(username="elsewhere", password=PASSWORD)
    assert receipt.receipt not in stranger.get("/desk/looks/").content.decode()
    refused = stranger.post(f"/desk/{receipt.receipt}/look/", {"version": "x", "says": "yes"})
    assert refused.status_code == 404
