"""A county's people and rights: what an administrator may change, and what nobody lets him (R2, R4, S12)."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from anwang.access.actions.people import (
    RightsNotChanged,
    end_account_of,
    end_sessions_of,
    give_place,
    note_training,
    reopen_account,
    take_place,
    withdraw_training,
)
from anwang.access.context import Actor, acting
from anwang.access.models import Account, AuditEntry, Notice
from anwang.access.queries.people import PeopleSearch, one_account, people, sessions_seen
from anwang.access.queries.seats import seats_of
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from tests.access.people import administrator, browser_of, days, permit_of, place_of, somebody
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TAIPEI_CITY, TAOYUAN, TEAM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def refused(by: Actor, act) -> str:
    """The reason why it is refused; `not-yours` looks like nothing at all."""
    with acting(by), pytest.raises((RightsNotChanged, Refused)) as told:
        act()
    return getattr(told.value, "reason", "not-yours")


def notices_of(actor: Actor) -> set[str]:
    with acting(actor):
        return set(Notice.objects.filter(to_account=actor.id).values_list("kind", flat=True))


def test_a_role_given_works_with_the_next_statement_is_on_record_and_told():
    """R4."""
    mine, theirs, colleague = administrator(), somebody(), somebody("lead", SECOND_TEAM)
    with acting(mine):
        made = give_place(theirs.id, SECOND_TEAM, "lead", "moved", permit=permit_of(mine))
    with acting(theirs):
        assert {(seat.team_id, seat.role) for seat in seats_of(theirs.id)} == {
            (TEAM, "team-worker"), (SECOND_TEAM, "lead")}  # fmt: skip
    assert "rights-given" in notices_of(theirs)
    with acting(colleague):
        assert Notice.objects.filter(kind="colleague-joined", to_team=SECOND_TEAM).exists()
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="rights-changed", actor=mine.id)
        place = theirs_place(made)
    assert entry.object_ids == [str(theirs.id)]
    assert entry.detail["before"] is None and entry.detail["ground"] == "moved"
    assert entry.detail["after"] == {"team": SECOND_TEAM, "role": "lead"}
    assert (place.given_by, place.ground) == (mine.id, "moved")


def theirs_place(made: uuid.UUID):
    from anwang.access.models import Membership

    return Membership.objects.get(pk=made)


def test_nobody_gives_himself_a_right_by_no_account_of_his():
    human = b"h" * 32
    mine, my_other = administrator(human=human), somebody(human=human)
    for who in (mine, my_other):
        reason = refused(
            mine, lambda who=who: give_place(who.id, TEAM, "lead", "joined", permit=permit_of(mine))
        )
        assert reason == "oneself"


@pytest.mark.parametrize(
    "role", ["county-manager", "privacy-officer", "auditor", "operator", "ministry", "citizen", "x"]
)
def test_nobody_gives_a_higher_rank_or_a_role_of_oversight(role):
    mine, theirs = administrator(), somebody()
    for team in ("", TEAM):
        act = lambda team=team: give_place(theirs.id, team, role, "joined", permit=permit_of(mine))  # noqa: E731
        assert refused(mine, act) == "role-not-yours"


@pytest.mark.parametrize("role", ["county-manager", "privacy-officer", "ministry"])
def test_who_stands_higher_is_in_no_administrators_hand(role):
    mine, boss = administrator(), somebody(role, "68000-office")
    assert refused(mine, lambda: end_account_of(boss.id, "left", None, permit=permit_of(mine))) == (
        "higher-rank"
    )


def test_another_countys_people_citizens_and_nobody_are_refused_alike():
    """R8: nothing tells a foreign account from one that does not exist."""
    mine = administrator()
    far = somebody(county=TAIPEI_CITY, team=f"{TAIPEI_CITY}-desk", role="desk")
    citizen = somebody("citizen", "citizen-68000")
    for who in (far.id, citizen.id, uuid.uuid4()):
        act = lambda who=who: give_place(who, TEAM, "lead", "joined", permit=permit_of(mine))  # noqa: E731
        assert refused(mine, act) == "not-yours"
    assert refused(
        mine, lambda: take_place(place_of(far).pk, "moved", None, permit=permit_of(mine))
    ) == ("not-yours")


def test_a_role_goes_to_a_team_of_the_county_that_it_fits():
    mine, theirs = administrator(), somebody()
    for team, role, reason in (
        (f"{TAIPEI_CITY}-desk", "desk", "no-such-team"), ("", "lead", "no-such-team"),
        (TEAM, "desk", "no-such-team"), (DESK, "lead", "no-such-team"),
        (TEAM, "administrator", "without-team"), (TEAM, "team-worker", "has-it"),
    ):  # fmt: skip
        act = lambda t=team, r=role: give_place(theirs.id, t, r, "joined", permit=permit_of(mine))  # noqa: E731
        assert refused(mine, act) == reason, (team, role)


def test_nobody_else_changes_rights_not_by_the_function_itself():
    theirs = somebody()
    for role in ("supervisor", "county-manager", "operator", "auditor"):
        other = somebody(role)
        act = lambda who=other: give_place(theirs.id, TEAM, "lead", "joined", permit=permit_of(who))  # noqa: E731
        assert refused(other, act) == "not-yours"


def test_an_administrator_sits_in_no_team_so_no_row_of_work_opens_to_him():
    from django.db import IntegrityError, transaction

    theirs = somebody()
    with (
        as_role("worker"),
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as c,
    ):
        c.execute(
            "insert into access_membership (id, account_id, team_id, county, role)"
            " values (gen_random_uuid(), %s, %s, %s, 'administrator')",
            [theirs.id, TEAM, TAOYUAN],
        )


def test_a_role_taken_is_gone_at_once_and_can_be_given_back():
    """R4."""
    mine, theirs = administrator(), somebody()
    with acting(mine):
        take_place(place_of(theirs).pk, "mistake", None, permit=permit_of(mine))
    with acting(theirs):
        assert seats_of(theirs.id) == ()
    assert "rights-taken" in notices_of(theirs)
    with acting(mine):
        give_place(theirs.id, TEAM, "team-worker", "given-back", permit=permit_of(mine))
    with acting(theirs):
        assert [seat.team_id for seat in seats_of(theirs.id)] == [TEAM]


def test_s12_a_leaver_loses_everything_at_once():
    """S12: pages, sessions, places; and the account can be opened again without any place."""
    mine, theirs = administrator(), somebody()
    at_home = browser_of(theirs)
    assert at_home.get("/inbox/").status_code == 200
    with acting(mine):
        assert len(sessions_seen(theirs.id)) == 1
        end_account_of(theirs.id, "left", None, permit=permit_of(mine))
        assert sessions_seen(theirs.id) == []
    assert at_home.get("/inbox/")["Location"].startswith("/sign-in/")
    with acting(theirs):
        assert seats_of(theirs.id) == ()
    with acting(mine):
        reopen_account(theirs.id, "came-back", permit=permit_of(mine))
    with as_role("worker"):
        assert Account.objects.get(pk=theirs.id).is_active
    with acting(theirs):
        assert seats_of(theirs.id) == ()


def test_signed_out_everywhere_by_an_administrator():
    mine, theirs = administrator(), somebody()
    browser = browser_of(theirs)
    browser.get("/inbox/")
    with acting(mine):
        assert end_sessions_of(theirs.id, "device-lost", permit=permit_of(mine)) == 1
    assert browser.get("/inbox/")["Location"].startswith("/sign-in/")


def test_each_act_asks_a_ground_that_fits_it():
    mine, theirs = administrator(), somebody()
    permit = permit_of(mine)
    for act in (
        lambda: give_place(theirs.id, SECOND_TEAM, "lead", "left", permit=permit),
        lambda: take_place(place_of(theirs).pk, "", None, permit=permit),
        lambda: end_account_of(theirs.id, "joined", None, permit=permit),
        lambda: reopen_account(theirs.id, "x", permit=permit),
        lambda: end_sessions_of(theirs.id, "", permit=permit),
    ):
        assert refused(mine, act) == "no-ground"


def test_training_is_noted_by_another_with_a_day_and_a_proof():
    mine, theirs = administrator(), somebody(trained=None)
    permit, today = permit_of(mine), clock_now().date()
    note = lambda on, proof="A-1234", who=theirs: note_training(  # noqa: E731
        who.id, "protection-of-data", on, proof, permit=permit
    )
    assert refused(mine, lambda: note(today + days(2))) == "no-such-day"
    assert refused(mine, lambda: note(today - days(400))) == "no-such-day"
    assert refused(mine, lambda: note(None)) == "no-such-day"
    assert refused(mine, lambda: note(today, " a ")) == "no-proof"
    assert refused(mine, lambda: note(today, who=mine)) == "oneself"
    assert refused(
        mine, lambda: note_training(theirs.id, "rules-of-use", today, "A-1234", permit=permit)
    ) == "no-such-training"  # fmt: skip
    with acting(mine):
        noted = note(today - days(1))
        assert withdraw_training(noted, permit=permit) == theirs.id
    assert {"training-noted", "training-withdrawn"} <= notices_of(theirs)


def test_the_list_finds_the_countys_staff_and_no_citizens():
    mine = administrator()
    worker, lapsed = somebody(name="Lalegean Kalesekes Lingav"), somebody(trained=None)
    somebody("citizen", "citizen-68000")
    far = somebody(county=TAIPEI_CITY, team=f"{TAIPEI_CITY}-desk", role="desk")
    now, permit = clock_now(), permit_of(mine)
    with acting(mine):
        found = lambda **asked: {  # noqa: E731
            one.account.pk for one in people(PeopleSearch(**asked), permit, now)
        }
        assert {mine.id, worker.id, lapsed.id} <= found()
        assert far.id not in found() and one_account(far.id, permit) is None
        assert all(one.places for one in people(PeopleSearch(), permit, now))
        assert found(text="kalesekes") == {worker.id}
        assert worker.id in found(team=TEAM, role="team-worker")
        assert found(role="administrator") == {mine.id}
        assert found(state="lapsed") == {lapsed.id}
        assert worker.id not in found(state="ended")
