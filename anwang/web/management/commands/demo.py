"""`anwang demo sources`: every source of the demo county behind real servers on loopback."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from anwang.access.operator import ShowsNoPersons, instance_kind
from anwang.common.clock import clock_now

LOOK_SECONDS = 30.0


class Command(BaseCommand):
    help = "Serve the demo county's sources (HTTP and SFTP on 127.0.0.1) until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["sources"])
        parser.add_argument("--port-base", type=int, default=0, help="HTTP there, SFTP one above")
        parser.add_argument(
            "--fault", action="append", default=[], metavar="SOURCE=FAULT", help="let one fail"
        )
        parser.add_argument("--list-faults", action="store_true")
        parser.add_argument(
            "--await-filled",
            action="store_true",
            help="wait for the demo's year, where there is one",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, fault: list[str], port_base: int, **options: Any) -> None:
        from demo.sources.faults import FAULTS, NoSuchFault, read_faults

        if options["list_faults"]:
            for name, means in FAULTS.items():
                self.stdout.write(f"{name:14} {means}")
            return
        kind = instance_kind()
        if kind == "production":
            raise ShowsNoPersons(str(ShowsNoPersons.__doc__))
        if options["await_filled"] and kind != "demo":
            return
        try:
            faults = read_faults(fault)
        except NoSuchFault as wrong:
            raise CommandError(str(wrong), returncode=2) from None
        over = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: over.set())
        signal.signal(signal.SIGINT, lambda *_: over.set())
        self._serve(faults, port_base, over, options)

    def _serve(
        self, faults: dict[str, str], port_base: int, over: threading.Event, options: dict[str, Any]
    ) -> None:
        from demo.filling import put_on_stock, stocked_on
        from demo.sources import standing

        home = settings.HOME
        if options["await_filled"]:
            while not _filled() and not over.wait(LOOK_SECONDS / 30):
                pass
        if over.is_set():
            return
        if not stocked_on():
            put_on_stock()
        at = standing.delivered_at(home, clock_now())
        with standing.simulator_of(home, at, faults=faults, port_base=port_base) as running:
            sources = standing.connect_all(running)
            told = {"http": running.http_port, "sftp": running.sftp_port, "sources": len(sources)}
            self.stdout.write(
                json.dumps(told) if options["json"] else
                f"{len(sources)} sources: http://127.0.0.1:{running.http_port}/SOURCE,"
                f" sftp://127.0.0.1:{running.sftp_port}/. Connections are set; Ctrl-C ends it."
            )  # fmt: skip
            self.stdout.flush()
            while not over.wait(LOOK_SECONDS):
                tonight = standing.last_night(clock_now())
                connection.close()
                if tonight > running.site.delivered_at:
                    running.site.delivered_at = tonight
                    running.lay_files()
                standing.note_delivery(home, running.site.delivered_at)


def _filled() -> bool:
    """Whether the demo's year is in: until then the filling is the sources' only customer."""
    try:
        return bool(json.loads((settings.HOME / "filling.json").read_text())["done"])
    except (OSError, ValueError, KeyError):
        return False
