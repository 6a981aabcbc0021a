"""`anwang work`: the worker, one process with its periodic tasks, until interrupted."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from procrastinate.contrib.django import app

from anwang.triage.actions.automatic import dispatch_waiting
from anwang.triage.actions.screening import screen_waiting, waiting

# Two may be long: fetching from a source, and asking about a family. Three are left for the rest.
CONCURRENCY: Final = 5
# The bell is LISTEN/NOTIFY; the look every second is for a bell that was lost with its connection.
POLLING_SECONDS: Final = 1.0
LEASE_LOOK_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 20.0


class Command(BaseCommand):
    help = "Screen reports and keep the periodic tasks, until interrupted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="screen what waits, run the jobs that are queued, then end",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, until_idle: bool, **options: Any) -> None:
        if until_idle:
            screen_until_nothing_waits()
        asyncio.run(_work(wait=not until_idle))
        if until_idle:
            screen_until_nothing_waits()


def screen_until_nothing_waits() -> int:
    """Screen all, those included that a killed worker leased: their lease runs out in seconds."""
    done = 0
    while True:
        done += screen_waiting()
        dispatch_waiting()
        if not waiting():
            return done
        time.sleep(LEASE_LOOK_SECONDS)


async def _work(*, wait: bool) -> None:
    with app.replace_connector(app.connector.get_worker_connector()) as working:
        async with working.open_async():
            await working.run_worker_async(
                concurrency=CONCURRENCY,
                wait=wait,
                fetch_job_polling_interval=POLLING_SECONDS,
                listen_notify=wait,
                delete_jobs="successful",
                shutdown_graceful_timeout=GRACE_SECONDS,
                install_signal_handlers=wait,
            )
