"""How policy wants a report handled besides grade and stream, as triage/_handling.html takes it.

Window, tasks, what the desk is asked first, and what became of a dispatch without a person. Each line
brings the row that it rests on; these rows stand here and not among the reasons of the grade.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from anwang.access.context import DISPATCHING
from anwang.triage.models import Offer, Screening, State
from anwang.triage.presenters.words import reason_line
from anwang.triage.queries.matters import DeskReport
from anwang.triage.rules.automatic import JOIN, TAKE_UP

Context = dict[str, Any]
TABLES: Final = ("triage.window", "triage.repeats", "triage.tasks", "triage.dispatch")
_OPEN: Final = (Offer.Answer.OPEN, Offer.Answer.ACCEPTED)


def handling_context(found: DeskReport) -> Context | None:
    """None where nothing was proposed: the report is not screened, or its proposal failed."""
    screening = found.screening
    if screening is None or "window" not in screening.proposal:
        return None
    said = screening.proposal
    rows = {table: list(_rows(said, table)) for table in TABLES}
    automatic = _automatic(found, screening, rows)
    ask, tasks = _ask(screening, automatic, rows["triage.repeats"]), said.get("tasks") or []
    # Rows that asked for nothing stand with the window's: no row that fired is told nowhere.
    silent = {"triage.repeats": ask, "triage.tasks": tasks, "triage.dispatch": None}
    if automatic:
        silent[automatic["table"]] = automatic
    return {
        "window": said["window"],
        "transfer": said.get("transfer"),
        "window_rows": rows["triage.window"]
        + [row for table, shown in silent.items() if not shown for row in rows[table]],
        "ask": ask,
        "tasks": tasks,
        "task_rows": rows["triage.tasks"],
        "automatic": automatic,
    }


def is_handling(reason: Mapping[str, Any]) -> bool:
    """Whether a reason is told here, and not beside the grade."""
    return reason.get("rule") in TABLES


def _rows(said: Mapping[str, Any], table: str) -> Iterator[Context]:
    return (reason_line(one) for one in said.get("reasons") or () if one.get("rule") == table)


def _ask(screening: Screening, automatic: Context | None, rows: list[Context]) -> Context | None:
    """What the desk is asked before it goes on; nothing is asked where it is taken up as usual, or
    where policy has joined the report and nobody took that back."""
    code = screening.proposal.get("screening") or TAKE_UP
    if code == JOIN:
        if automatic and (automatic["state"] == "waiting" or automatic["standing"]):
            return None
        code, rows = "ask-same-event", [] if automatic else rows
    if code == TAKE_UP:
        return None
    signs = screening.inputs.get("error_signs")
    told = signs if code == "ask-error" and isinstance(signs, list) else []
    return {"code": code, "signs": told, "rows": rows}


def _automatic(
    found: DeskReport, screening: Screening, rows: Mapping[str, list[Context]]
) -> Context | None:
    """What became of a proposal that policy lets go by itself; None where it lets none."""
    if not screening.automatic:
        return None
    joins = screening.proposal.get("screening") == JOIN
    table = "triage.repeats" if joins else "triage.dispatch"
    offered = any(is_automatic(one) and one.answer in _OPEN for one in found.offers)
    return {
        "table": table,
        "joins": joins,
        "state": screening.automatic,
        "because": screening.held_because,
        "standing": found.matter.state == State.LINKED if joins else offered,
        "rows": rows[table],
    }


def is_automatic(offer: Offer) -> bool:
    """Whether our program made the offer: nobody at the desk has looked at the report."""
    return offer.decision.by == DISPATCHING.id
