"""Who leaves hands over what he leads, to somebody who may know of it (S11, S12, R5, R8)."""

from __future__ import annotations

import uuid

import pytest

from anwang.access.actions.people import RightsNotChanged, end_account_of, take_place
from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, Conflict, Notice, Seal, SealMember
from anwang.cases.models import Case
from anwang.cases.queries.duties import open_duties
from tests.access.people import administrator, permit_of, place_of, somebody
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TEAM, screened_report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def led_by(lead: Actor) -> Case:
    """A case that the account opened and leads."""
    return accept(lead, offered(somebody("desk", DESK), screened_report()))


def lead_of(case: Case) -> uuid.UUID:
    with as_role("worker"):
        return Case.objects.get(pk=case.pk).lead


def ends(by: Actor, who: Actor, successor: Actor | None) -> None:
    with acting(by):
        end_account_of(who.id, "left", successor.id if successor else None, permit=permit_of(by))


def test_nobody_leaves_before_somebody_takes_over_and_that_is_told():
    """S11, S12."""
    mine, leaver, heir = administrator(), somebody("lead"), somebody()
    case = led_by(leaver)
    with acting(mine):
        assert open_duties(leaver.id, permit_of(mine)) == {TEAM: 1}
    with pytest.raises(RightsNotChanged) as told:
        ends(mine, leaver, None)
    assert told.value.reason == "duties" and lead_of(case) == leaver.id
    ends(mine, leaver, heir)
    assert lead_of(case) == heir.id
    with acting(heir):
        assert Notice.objects.filter(kind="duties-received", to_account=heir.id).count() == 1
        assert Notice.objects.filter(kind="colleague-left", to_team=TEAM).count() == 1
    with as_role("worker"):
        entry = AuditEntry.objects.get(act="duties-handed-over")
    assert entry.object_ids == [str(case.pk)] and entry.actor == mine.id
    assert entry.detail == {"before": str(leaver.id), "after": str(heir.id)}


def test_a_place_in_the_team_is_not_taken_before_either():
    mine, leaver, heir = administrator(), somebody("lead"), somebody()
    case = led_by(leaver)
    permit = permit_of(mine)
    with acting(mine):
        with pytest.raises(RightsNotChanged):
            take_place(place_of(leaver).pk, "moved", None, permit=permit)
        take_place(place_of(leaver).pk, "moved", heir.id, permit=permit)
    assert lead_of(case) == heir.id


def test_the_successor_works_in_the_team_and_is_trained():
    mine, leaver = administrator(), somebody("lead")
    led_by(leaver)
    for other in (somebody("lead", SECOND_TEAM), somebody(trained=None), leaver, mine):
        with pytest.raises(RightsNotChanged) as told:
            ends(mine, leaver, other)
        assert told.value.reason == "no-such-successor"


def test_a_case_that_the_successor_must_not_know_of_goes_to_another_in_silence():
    """R5: the administrator is told nothing; the one in conflict has no notice."""
    mine, leaver, kin, other = administrator(), somebody("lead"), somebody(), somebody()
    case = led_by(leaver)
    with as_role("worker"):
        Conflict.objects.create(
            account_id=kin.id, object_kind="case", object_id=case.pk, ground="kin", source="tests"
        )
    ends(mine, leaver, kin)
    assert lead_of(case) == other.id
    with acting(kin):
        assert not Notice.objects.filter(kind="duties-received").exists()


def test_a_sealed_case_is_no_duty_to_an_administrator_and_goes_to_who_is_named():
    """R8."""
    mine, leaver, named, other = administrator(), somebody("lead"), somebody(), somebody()
    case = led_by(leaver)
    with as_role("worker"):
        seal = Seal.objects.create(object_kind="case", object_id=case.pk, ground="tests")
        for one in (leaver, named):
            SealMember.objects.create(seal=seal, account_id=one.id)
    with acting(mine):
        assert open_duties(leaver.id, permit_of(mine)) == {}
    ends(mine, leaver, None)
    assert lead_of(case) == named.id != other.id


def test_nobody_else_learns_how_much_somebody_leads():
    leaver, mine = somebody("lead"), administrator()
    led_by(leaver)
    with acting(leaver):
        assert open_duties(leaver.id, permit_of(mine)) == {}
