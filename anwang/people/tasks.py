"""When sources are fetched from: as often as they deliver, one fetch at a time.

It runs as a command of its own: a nation's file takes memory and processes that the worker, which
screens reports meanwhile, must not share.
"""

from __future__ import annotations

import logging
from typing import Final

from procrastinate.contrib.django import app

from anwang.registries.actions.fetching import due_sources
from config import programs

logger = logging.getLogger(__name__)
QUEUE: Final = "fetching"


@app.periodic(cron="* * * * * 40", periodic_id="fetch-due")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="people.fetch_due", queue=QUEUE, queueing_lock="people.fetch_due", lock="people.fetch_due"
)
def fetch_due(timestamp: int) -> int:
    """Fetch from the sources whose time has come; how many those were."""
    due = due_sources()
    if due:
        fetching = programs.start("worker", programs.command("fetch", "--due"))
        if status := fetching.wait():
            logger.warning("Fetching ended with status %s.", status)
    return len(due)
