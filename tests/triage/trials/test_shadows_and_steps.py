"""Shadows change nothing; an automatic step that was stopped is off at the next decision."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from anwang.access.context import TRYING, acting
from anwang.access.models import AuditEntry
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.triage.models import Matter, Screening, ShadowOutcome, StepSwitch
from anwang.triage.trials.actions import shadows
from anwang.triage.trials.actions.steps import NeedsReason, switch_step
from anwang.triage.trials.permissions import check_can_switch
from anwang.triage.trials.queries.steps import AUTO_DISPATCH, step_runs
from tests.conftest import as_role
from tests.factories import TAOYUAN, account, desk_worker
from tests.triage.trials.conftest import draft_of

pytestmark = pytest.mark.django_db
PINGTUNG = "10013"


@pytest.fixture
def in_shadow(monkeypatch):
    """A version that grades every other child report 1."""
    draft = draft_of("triage.grade", "G-13", {"grade": "1"})
    monkeypatch.setattr(shadows, "versions_in_shadow", lambda: [draft])
    return draft


def ran() -> int:
    with as_role("worker"):
        return shadows.run_shadows()


def test_without_a_shadow_nothing_is_compared(past):
    past()
    assert ran() == 0


def test_a_shadow_is_kept_apart_and_touches_neither_report_nor_screening(past, in_shadow):
    past(2)
    with as_role("worker"), acting(TRYING, "test"):
        before = list(Matter.objects.values()), list(Screening.objects.values())
    assert ran() == 2
    assert ran() == 0, "each screening once"
    with as_role("worker"), acting(TRYING, "test"):
        assert (list(Matter.objects.values()), list(Screening.objects.values())) == before
        outcome = ShadowOutcome.objects.first()
        assert AuditEntry.objects.filter(act="shadow-compared").count() == 1
    assert outcome.before["grade"] == "2" and outcome.after["grade"] == "1"
    assert "grade" in outcome.fields and "stream" not in outcome.fields


def test_counts_of_shadows_are_the_own_countys_and_never_one_to_four(past, in_shadow):
    past(6)
    past(1, county="屏東縣")
    ran()
    actor = desk_worker()
    with acting(actor, "test"), connection.cursor() as cursor:
        cursor.execute("select county, field, compared, differing from triage.shadow_counts(%s)",
                       ["2020-01-01"])  # fmt: skip
        told = {(county, field): (c, d) for county, field, c, d in cursor.fetchall()}
    assert {county for county, _ in told} == {TAOYUAN}
    assert told[TAOYUAN, "grade"] == (6, 6)
    assert told[TAOYUAN, "stream"] == (6, 0)


def test_a_shadow_that_cannot_decide_holds_nothing_up(past, monkeypatch):
    draft = draft_of("triage.grade", "G-13", {"grade": "1"})
    draft.body["rows"] = draft.body["rows"][:1]
    monkeypatch.setattr(shadows, "versions_in_shadow", lambda: [draft])
    past()
    assert ran() == 0


@pytest.fixture
def manager(db):
    return account("manager-one", ("68000-county-manager", TAOYUAN, "county-manager"))


def switched(actor, county, *, runs, reason=""):
    with acting(actor, "test"):
        permit = check_can_switch(actor, county, to_run=runs)
        return switch_step(AUTO_DISPATCH, county, runs=runs, permit=permit, reason=reason)


def runs_in(county) -> bool:
    with as_role("worker"), acting(TRYING, "test"):
        return step_runs(AUTO_DISPATCH, county)


def test_a_stop_holds_at_once_in_its_county_alone(manager):
    assert runs_in(TAOYUAN)
    switched(desk_worker(), TAOYUAN, runs=False)
    assert not runs_in(TAOYUAN)
    assert runs_in(PINGTUNG)
    switched(manager, TAOYUAN, runs=True, reason="名冊更新完成，恢復自動派案。")
    assert runs_in(TAOYUAN)
    with as_role("worker"), acting(TRYING, "test"):
        assert StepSwitch.objects.count() == 2, "the word before stays"
        assert AuditEntry.objects.filter(act="step-switched").count() == 2


def test_a_stop_for_everywhere_outweighs_a_countys_own_word(manager):
    switched(manager, TAOYUAN, runs=True, reason="恢復")
    national = account("ministry-one", ("ministry-oversight", None, "ministry"))
    switched(national, None, runs=False)
    assert not runs_in(TAOYUAN) and not runs_in(None)


def test_letting_it_run_again_is_not_the_desks_and_needs_a_reason(manager):
    desk = desk_worker()
    with pytest.raises(Refused):
        switched(desk, TAOYUAN, runs=True, reason="試試看")
    with pytest.raises(Refused):
        switched(desk, PINGTUNG, runs=False)
    with pytest.raises(NeedsReason):
        switched(manager, TAOYUAN, runs=True)


def test_the_database_lets_nobody_switch_another_countys_step():
    """R2: row rules, whatever the application does."""
    actor = desk_worker()
    with pytest.raises(ProgrammingError), transaction.atomic(), acting(actor, "test"):
        StepSwitch.objects.create(
            step=AUTO_DISPATCH, county=PINGTUNG, runs=False, by=actor.id, at=clock_now()
        )
