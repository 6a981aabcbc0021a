"""When sources are fetched from, rows set aside tried again, and sources compared.

Fetching goes one at a time, as often as a source delivers, and runs as a command of its own: a
nation's file takes memory and processes that the worker, which screens reports meanwhile, must not
share.
"""

from __future__ import annotations

import logging
from typing import Final

from procrastinate.contrib.django import app

from anwang.access.context import LOADING
from anwang.people.actions.consistency import compare_waiting
from anwang.people.actions.identities import identify
from anwang.registries.actions.fetching import due_sources, is_held_off
from anwang.registries.actions.quarantine import carry_out_retries
from config import programs

logger = logging.getLogger(__name__)
QUEUE: Final = "fetching"


@app.periodic(cron="* * * * * 40", periodic_id="fetch-due")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="people.fetch_due", queue=QUEUE, queueing_lock="people.fetch_due", lock="people.fetch_due"
)
def fetch_due(timestamp: int) -> int:
    """Fetch from the sources whose time has come; how many those were. None while a past year is told."""
    due = [] if is_held_off() else due_sources()
    if due:
        fetching = programs.start("worker", programs.command("fetch", "--due"))
        if status := fetching.wait():
            logger.warning("Fetching ended with status %s.", status)
    return len(due)


@app.periodic(cron="* * * * * */5", periodic_id="retries")  # type: ignore[untyped-decorator]
@app.task(name="people.take_retries", queue="feeds", queueing_lock="people.take_retries")  # type: ignore[untyped-decorator]
def take_retries(timestamp: int) -> int:
    """Rows of quarantine that somebody corrected, or wants checked anew; deliveries made of them."""
    made = carry_out_retries(actor=LOADING)
    for delivery_id in made:
        identify(delivery_id, actor=LOADING)
    return len(made)


@app.periodic(cron="* * * * * 15", periodic_id="consistency")  # type: ignore[untyped-decorator]
@app.task(name="people.compare", queue="feeds", queueing_lock="people.compare")  # type: ignore[untyped-decorator]
def compare_sources(timestamp: int) -> int:
    """Persons of deliveries whose records have been identified since the last look; how many."""
    return compare_waiting(actor=LOADING).persons
