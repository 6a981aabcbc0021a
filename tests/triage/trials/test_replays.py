"""A decision replays to the same answer, and what was changed in store is found (V6)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from anwang.access.context import TRYING, acting
from anwang.common.clock import clock_now
from anwang.rulebook.queries import key_of
from anwang.triage.actions.screening import screen_waiting
from anwang.triage.models import Screening
from anwang.triage.trials.queries.replays import (
    decided_again,
    differs_from_stored,
    screenings_to_replay,
)
from anwang.triage.trials.queries.versions import versions_in_force, versions_named, with_tried
from tests.conftest import as_role
from tests.triage.trials.conftest import draft_of

pytestmark = pytest.mark.django_db

TOLD = [
    {},
    {"concerns": ["poverty"], "immediate_danger": "no", "narrative": "失業三個月，繳不出房租。"},
    {"concerns": ["suicide-attempt"], "narrative": "吞藥，已送醫。"},
    {"concerns": [], "narrative": "", "subjects": []},
    {"concerns": "not a list", "incident": None},
]


@pytest.fixture
def replayed(past):
    """The stored screenings of some reports, with their reports."""
    for more in TOLD:
        past(1, **more)
    with as_role("worker"), acting(TRYING, "test"):
        yield list(screenings_to_replay())


def test_every_stored_decision_replays_to_the_same_answer(replayed):
    assert len(replayed) == len(TOLD)
    for screening, report in replayed:
        assert differs_from_stored(screening, report) == []


@pytest.mark.parametrize(
    ("column", "path", "value", "found"),
    [
        ("inputs", "{injury}", '"death"', "inputs.injury"),
        ("inputs", "{concerns}", '["drugs"]', "inputs.concerns"),
        ("proposal", "{grade}", '"9"', "proposal.grade"),
        ("proposal", "{reasons,0,row}", '"S-00"', "proposal.reasons"),
    ],
)
def test_a_planted_change_of_what_was_stored_is_found(past, column, path, value, found):
    past()
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            f"update triage_screening set {column} = jsonb_set({column}, %s, %s)", [path, value]
        )
    with as_role("worker"), acting(TRYING, "test"):
        [(screening, report)] = screenings_to_replay()
        assert found in differs_from_stored(screening, report)


def test_deciding_anew_at_the_same_moment_gives_the_stored_picture_and_inputs(past):
    """ADR 0008: where both pictures exist for one moment they agree."""
    past()
    with as_role("worker"), acting(TRYING, "test"):
        screening = Screening.objects.select_related("matter__report").get()
        known_at = dt.datetime.fromisoformat(screening.picture["known_at"])
        again = decided_again(screening.matter.report, screening, known_at, versions_in_force())
    assert {**again.picture, "known_at": None} == {**screening.picture, "known_at": None}
    assert again.proposal.as_json()["reasons"] == screening.proposal["reasons"]


def test_a_report_is_decided_again_by_another_version(past):
    past()
    with as_role("worker"), acting(TRYING, "test"):
        screening = Screening.objects.select_related("matter__report").get()
        draft = draft_of("triage.stream", "S-01", {"stream": "consult", "agency_kind": "other"})
        tried = with_tried(versions_in_force(), [draft])
        again = decided_again(screening.matter.report, screening, clock_now(), tried)
    assert screening.proposal["stream"] == "child-protection"
    assert again.proposal.stream == "consult"


def test_the_versions_that_a_decision_names_are_found_again(past):
    past()
    with as_role("worker"), acting(TRYING, "test"):
        named = Screening.objects.get().versions["policies"]
        found = versions_named(named)
    keys = {key_of(one.policy_id, one.county): one.version for one in found}
    assert keys == named


def test_a_second_screening_replays_too(past):
    (receipt,) = past()
    with as_role("worker"):
        from anwang.triage.actions.screening import screen

        screen(receipt.report)
        screen_waiting()
        with acting(TRYING, "test"):
            told = list(screenings_to_replay())
            assert len(told) == 2
            assert all(differs_from_stored(one, report) == [] for one, report in told)
