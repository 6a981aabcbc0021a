"""The quality loop's figures. Each names its stage and its denominator: a share of those dispatched is
not a share of those decided (inconsistencies I-04 and I-14 of the sources).

Miss and misroute are two things: a *miss* is found at the stage of dispatch, among those let go; a
*misroute* at the stage of taking over, among those whose first team has answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from anwang.triage.trials.rules.shares import hide_alone, shown_counts

BREAKDOWNS: Final = ("channel", "screener", "row")


class Counts(Protocol):
    """Counts of one group, as `queries.quality` gives them."""

    @property
    def by(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def reports(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Figure:
    """`hits` and `of` are names of counts; `stage` is dispatch or taking-over."""

    id: str
    stage: str
    hits: str
    of: str
    text: Mapping[str, str]


FIGURES: Final = (
    Figure("dispatched_of_decided", "dispatch", "dispatched", "decided",
           {"zh": "派案率（派案階段，分母：值班台已決定的通報）",
            "en": "Dispatched (stage: dispatch; of reports decided at the desk)"}),
    Figure("error_of_decided", "dispatch", "error", "decided",
           {"zh": "誤報率（派案階段，分母：值班台已決定的通報）",
            "en": "Wrong reports (stage: dispatch; of reports decided at the desk)"}),
    Figure("same_event_of_decided", "dispatch", "joined", "decided",
           {"zh": "同一事件併案率（派案階段，分母：值班台已決定的通報）",
            "en": "Joined as the same event (stage: dispatch; of reports decided at the desk)"}),
    Figure("missed_of_let_go", "dispatch", "missed", "let_go",
           {"zh": "漏接率（派案階段，分母：未派案而結束的通報）",
            "en": "Missed (stage: dispatch; of reports let go without dispatch)"}),
    Figure("came_back_of_let_go", "dispatch", "let_go_came_back", "let_go",
           {"zh": "再通報率（派案階段，分母：未派案而結束的通報）",
            "en": "Came back (stage: dispatch; of reports let go without dispatch)"}),
    Figure("misrouted_of_first_replies", "taking-over", "misrouted", "replied",
           {"zh": "錯派率（收案階段，分母：第一個小組已答覆的派案）",
            "en": "Misrouted (stage: taking over; of first offers answered)"}),
    Figure("duplicate_of_first_replies", "taking-over", "duplicate", "replied",
           {"zh": "重複退回率（收案階段，分母：第一個小組已答覆的派案）",
            "en": "Refused as duplicate (stage: taking over; of first offers answered)"}),
    Figure("opened_of_dispatched", "taking-over", "opened", "dispatched",
           {"zh": "開案率（收案階段，分母：已派案的通報）",
            "en": "Opened (stage: taking over; of reports dispatched)"}),
    Figure("came_back_of_opened", "taking-over", "opened_came_back", "opened",
           {"zh": "再通報率（收案階段，分母：已開案的通報）",
            "en": "Came back (stage: taking over; of reports opened)"}),
)  # fmt: skip


def quality_result(counts: Iterable[Counts]) -> dict[str, Any]:
    """JSON-able: {"figures": {id: {stage, text, all, channel, screener, row}}, "reports": {...}}; each
    breakdown maps its groups to shares, small ones hidden."""
    listed = list(counts)
    figures = {
        one.id: {
            "stage": one.stage,
            "text": dict(one.text),
            **{by: _shares(one, [c for c in listed if c.by == by]) for by in ("all", *BREAKDOWNS)},
        }
        for one in FIGURES
    }
    reports = {
        by: shown_counts({c.group: c.reports for c in listed if c.by == by})
        for by in ("all", *BREAKDOWNS)
    }
    return {"figures": figures, "reports": reports}


def _shares(figure: Figure, counts: Sequence[Counts]) -> dict[str, dict[str, Any]]:
    told = [
        (one.group, int(getattr(one, figure.hits)), int(getattr(one, figure.of))) for one in counts
    ]
    return {group: share.as_dict() for group, share in hide_alone(told).items()}
