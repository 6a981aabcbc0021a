"""The quality loop: every figure names its stage and denominator; miss and misroute are two things."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from anwang.access.context import TRYING, acting
from anwang.triage.models import Matter, QualityFigures
from anwang.triage.trials.actions.quality import count_quality
from anwang.triage.trials.rules.quality import BREAKDOWNS, FIGURES, quality_result
from tests.conftest import as_role
from tests.factories import desk_worker


@dataclass(frozen=True)
class Counted:
    by: str
    group: str
    reports: int = 100
    decided: int = 90
    dispatched: int = 60
    error: int = 10
    joined: int = 10
    replied: int = 50
    misrouted: int = 5
    duplicate: int = 6
    opened: int = 40
    opened_came_back: int = 8
    let_go: int = 20
    let_go_came_back: int = 10
    missed: int = 7


def test_each_figure_names_its_stage_and_its_denominator():
    """I-04, I-14."""
    assert len({(one.stage, one.hits, one.of) for one in FIGURES}) == len(FIGURES)
    for one in FIGURES:
        assert f"_of_{one.of}" in one.id or one.of == "replied"
        assert "分母" in one.text["zh"] and "階段" in one.text["zh"]
        assert " of " in one.text["en"] and "stage" in one.text["en"]


def test_miss_and_misroute_have_other_stages_and_other_denominators():
    figures = quality_result([Counted("all", "")])["figures"]
    missed, misrouted = figures["missed_of_let_go"], figures["misrouted_of_first_replies"]
    assert (missed["stage"], missed["all"][""]["hits"], missed["all"][""]["of"]) == (
        "dispatch",
        7,
        20,
    )
    assert (misrouted["stage"], misrouted["all"][""]["hits"], misrouted["all"][""]["of"]) == (
        "taking-over", 5, 50,
    )  # fmt: skip


def test_small_counts_are_hidden_in_every_breakdown():
    counts = [Counted("all", ""), Counted("channel", "police"),
              Counted("channel", "paper", 3, 3, 2, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1),
              Counted("channel", "hospital")]  # fmt: skip
    told = quality_result(counts)
    for figure in told["figures"].values():
        for by in ("all", *BREAKDOWNS):
            for share in figure[by].values():
                assert share["hits"] is None or share["hits"] == 0 or share["hits"] >= 5
    assert told["reports"]["channel"]["paper"] is None


@pytest.mark.django_db
def test_the_figures_of_a_county_are_counted_and_seen_there_alone(past, service_teams):
    past(6, received_at="2026-03-02T09:12:00+08:00")
    with as_role("worker"), acting(TRYING, "test"):
        Matter.objects.update(state="answered")
    with as_role("worker"):
        assert count_quality() >= 2, "the nation and the county"
        assert count_quality() == 0, "fresh enough"
    actor, other = desk_worker(), desk_worker("desk-two", "10013")
    with acting(actor, "test"):
        assert {one.county for one in QualityFigures.objects.all()} == {"68000"}
    with acting(other, "test"):
        assert "68000" not in {one.county for one in QualityFigures.objects.all()}
