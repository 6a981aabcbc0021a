"""Keeps the audit's hash tree close behind its entries."""

from __future__ import annotations

from procrastinate.contrib.django import app

from anwang.access.audit_tree import give_places


@app.periodic(cron="* * * * * */3", periodic_id="audit-places")  # type: ignore[untyped-decorator]
@app.task(name="access.give_places", queue="audit", queueing_lock="access.give_places")  # type: ignore[untyped-decorator]
def place_entries(timestamp: int) -> None:
    """Give committed entries their places in the tree."""
    while give_places():
        pass
