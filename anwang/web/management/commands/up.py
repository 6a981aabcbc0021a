"""`anwang up`: web and worker until interrupted; the demo filled where the database is empty."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from anwang.access.queries.demo import demo_accounts
from anwang.web.demo_witnesses import demo_witnesses
from config import postgres, prepared, programs
from config.programs import Kept

WEB = 0  # its place among the children
LOOK_SECONDS = 0.2
# So long it is tried to bring a dead database up again before everything ends. A busy machine may need
# minutes to read its log back, and one that gives up at the first failure stays down all night.
GIVE_UP_SECONDS = 900.0


class Interrupted(Exception):
    """Somebody asked us to end."""


class Command(BaseCommand):
    help = "Serve the web pages and work on the queue until Ctrl-C."
    ending = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--demo", action="store_true", help="fill the demo on a server too")
        parser.add_argument("--json", action="store_true", help="JSON on standard output")

    def handle(self, *, port: int, host: str, demo: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, self.interrupt)
        signal.signal(signal.SIGINT, self.interrupt)
        self._check_port(host, port)
        filled_here = demo or not os.environ.get("DATABASE_URL")
        children: list[Kept] = []
        try:
            self._prepare(filled_here)
            children.append(Kept("app", self._web(host, port), ANWANG_POOL="6"))
            if filled_here:
                children += demo_witnesses()
            children.append(Kept("worker", programs.command("work")))
            self._await(host, port, children[WEB])
            self._tell(host, port, filled_here)
            if filled_here:
                children.append(
                    Kept("worker", programs.command("fill", "--if-demo"), to_its_end=True)
                )
                sources = programs.command("demo", "sources", "--await-filled")
                children.append(Kept("worker", sources, to_its_end=True))
            self._watch(children)
        except Interrupted:
            self.stderr.write("ending ...")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            connection.close()
            programs.end(child.process for child in children)

    def interrupt(self, *_: int | FrameType | None) -> None:
        """Somebody asks us to end. Raised at once, and kept: Python drops what is raised while it forks."""
        self.ending = True
        raise Interrupted

    def _check_port(self, host: str, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} cannot be used ({error.strerror})."
                    " Choose another: PORT=8001 make up"
                ) from None

    def _prepare(self, filled_here: bool) -> None:
        """Migrate and load what is shipped, unless this very tree did so in this very database."""
        server = os.environ.get("DATABASE_URL")
        data = None if server else postgres.data_folder(settings.HOME)
        if data and prepared.is_ready(settings.HOME, data):
            return
        kind = ["--kind", "demo", "--demo-teams"] if filled_here else []
        if programs.run("migrator", "prepare", *kind, *([] if server else ["--keep"])):
            raise CommandError("The database could not be made ready; the reason stands above.")
        if filled_here and programs.run("worker", "fill", "--accounts"):
            raise CommandError("The accounts could not be made; the reason stands above.")
        if data:
            prepared.note(settings.HOME, data)

    def _web(self, host: str, port: int) -> list[str]:
        # fmt: off
        return [sys.executable, "-m", "gunicorn", "config.wsgi:application",
                "--bind", f"{host}:{port}", "--workers", "2", "--threads", "4",
                "--timeout", "60", "--graceful-timeout", "10", "--worker-class", "gthread",
                "--log-level", "warning", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        # fmt: on

    def _await(self, host: str, port: int, web: Kept) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if web.process.poll() is not None:
                raise CommandError("The web server ended by itself; the reason stands above.")
            try:
                with urllib.request.urlopen(f"http://{host}:{port}/health/", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise CommandError("The web server does not answer.")

    def _tell(self, host: str, port: int, filled_here: bool) -> None:
        self.stdout.write(f"\n  安網 Anwang  http://{host}:{port}/\n")
        for account in demo_accounts() if filled_here else []:
            who = account["who"]
            self.stdout.write(
                f"    {account['username']:<14} {account['password']}   {who['zh']} / {who['en']}"
            )
        self.stdout.write("\n  Ctrl-C ends it; what was entered is kept.\n")
        self.stdout.flush()

    def _watch(self, children: list[Kept]) -> None:
        """Wait; start again whatever dies: the database, the web server, the worker."""
        ours = not os.environ.get("DATABASE_URL")
        watch, stood = postgres.Watch(settings.HOME), time.monotonic()
        while not self.ending:
            time.sleep(LOOK_SECONDS)
            if ours:
                try:
                    if watch.look():
                        self.stderr.write("The database had died and was started again.")
                    stood = time.monotonic()
                except postgres.ServerFailed as error:
                    if time.monotonic() - stood > GIVE_UP_SECONDS:
                        raise CommandError(str(error)) from None
                    self.stderr.write(f"The database has died and does not start; again. {error}")
            for child in children:
                child.look()
        raise Interrupted
