"""A worker's word on a household: a new fact, seen at once, taken back, nobody's who does not work there."""

from __future__ import annotations

import pytest
from django.test import Client

from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry
from anwang.cases.models import Correction
from anwang.registries.models import Fact, Record
from tests.cases.household_world import OTHER, known_family
from tests.conftest import as_role
from tests.factories import PASSWORD, SECOND_TEAM, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def known():
    return known_family()


@pytest.fixture
def team(known):
    client = Client()
    assert client.login(username="team-one", password=PASSWORD)
    return client


def say(client, known, **said):
    return client.post(
        f"{known.path}household/correct/",
        {"person": str(known.child), "day": "2026-02-01", "reason": "訪視時親見"} | said,
    )


def kept(known) -> Correction:
    """The one correction, as its team reads it."""
    with acting(Actor(known.case.lead), "family-work"):
        return Correction.objects.get(family=known.family)


def household(client, known, **asked):
    return client.get(f"{known.path}household/", asked).content.decode()


def test_what_a_worker_says_is_a_fact_of_our_own_and_seen_at_once(known, team):
    answer = say(team, known, what="lives-at", address=OTHER)
    assert answer.status_code == 302
    text = household(team, known)
    assert OTHER in text
    record = kept(known).record_id
    with as_role("worker"):
        fact = Fact.objects.get(record_id=record)
        assert (fact.source_id, fact.kind, str(fact.valid_from)) == (
            "anwang",
            "lives-at",
            "2026-02-01",
        )
        assert Record.objects.filter(pk=fact.record_id, withdrawn=False).exists()
        assert AuditEntry.objects.filter(act="household-corrected").count() == 1


def test_a_correction_is_taken_back_and_stays_readable_as_of_its_time(known, team):
    say(team, known, what="died", person=str(known.father))
    assert "已歿" in household(team, known)
    correction = kept(known)
    undo = f"{known.path}household/correct/{correction.pk}/undo/"
    assert team.post(undo).status_code == 302
    assert "已歿" not in household(team, known)
    text = team.get(f"{known.path}household/correct/").content.decode()
    assert "已收回" in text
    assert team.post(undo, follow=True).status_code == 200
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="correction-undone").count() == 1


def test_a_relative_is_named_by_the_number_that_a_register_holds(known, team):
    say(team, known, person=str(known.mother), what="parted-from", other=str(known.father))
    with as_role("worker"):
        assert Fact.objects.filter(source_id="anwang", kind="kin-spouse").exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"what": "lives-at"}, "請填地址"),
        ({"what": "father-is"}, "請選另一個人"),
        ({"what": "died", "day": "2099-01-01"}, "這一天還沒到"),
        ({"what": "died", "reason": ""}, "請寫明依據"),
        ({"what": "flies"}, "role=\"alert\""),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_beside_the_field(known, team, said, words):
    answer = say(team, known, **said)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_who_does_not_work_in_the_family_corrects_nothing(known):
    team_worker("team-two", SECOND_TEAM)
    stranger = Client()
    assert stranger.login(username="team-two", password=PASSWORD)
    assert say(stranger, known, what="died").status_code == 404
    with as_role("worker"):
        assert not Fact.objects.filter(source_id="anwang", kind="death").exists()
