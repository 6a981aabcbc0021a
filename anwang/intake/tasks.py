"""Intake's own housekeeping, run by the worker."""

from __future__ import annotations

from procrastinate.contrib.django import app

from anwang.intake.actions import record_receipts, sweep_drafts


@app.periodic(cron="17 * * * *")  # type: ignore[untyped-decorator]
@app.task(name="intake.sweep_drafts", queue="upkeep", queueing_lock="intake.sweep_drafts")  # type: ignore[untyped-decorator]
def sweep_drafts_task(timestamp: int) -> None:
    """Forget the drafts whose seven days are over."""
    sweep_drafts()


@app.periodic(cron="* * * * *")  # type: ignore[untyped-decorator]
@app.task(name="intake.record_receipts", queue="upkeep", queueing_lock="intake.record_receipts")  # type: ignore[untyped-decorator]
def record_receipts_task(timestamp: int) -> None:
    """Put receipts on the audit's record; reporting never waits for it."""
    while record_receipts() == 500:
        pass
