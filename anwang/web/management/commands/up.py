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

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from anwang.access.queries import demo_accounts
from config import programs


class Interrupted(Exception):
    """Somebody asked us to end."""


def _interrupt(*_: int | FrameType | None) -> None:
    raise Interrupted


class Command(BaseCommand):
    help = "Serve the web pages and work on the queue until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--demo", action="store_true", help="fill the demo on a server too")
        parser.add_argument("--json", action="store_true", help="JSON on standard output")

    def handle(self, *, port: int, host: str, demo: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)
        self._check_port(host, port)
        filled_here = demo or not os.environ.get("DATABASE_URL")
        children: list[Any] = []
        try:
            self._prepare(filled_here)
            children.append(programs.start("app", self._web(host, port), ANWANG_POOL="6"))
            children.append(programs.start("worker", programs.command("work")))
            if filled_here:
                children.append(programs.start("worker", programs.command("fill")))
            self._await(host, port, children[0])
            self._tell(host, port, filled_here)
            self._watch(children)
        except Interrupted:
            self.stderr.write("ending ...")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            connection.close()
            programs.end(children)

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
        if filled_here:
            arguments = ["prepare", "--kind", "demo", "--demo-teams"]
            if programs.run("migrator", *arguments):
                raise CommandError("The database could not be made ready; the reason stands above.")
            if programs.run("worker", "fill", "--accounts"):
                raise CommandError("The demo accounts could not be made; the reason stands above.")

    def _web(self, host: str, port: int) -> list[str]:
        # fmt: off
        return [sys.executable, "-m", "gunicorn", "config.wsgi:application",
                "--bind", f"{host}:{port}", "--workers", "2", "--threads", "4",
                "--timeout", "60", "--graceful-timeout", "10", "--worker-class", "gthread",
                "--log-level", "warning", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        # fmt: on

    def _await(self, host: str, port: int, web: Any) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if web.poll() is not None:
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

    def _watch(self, children: list[Any]) -> None:
        """Wait; start the worker again when it dies; end when the web server does."""
        while True:
            time.sleep(0.5)
            if children[0].poll() is not None:
                raise CommandError("The web server ended by itself; the reason stands above.")
            if children[1].poll() is not None:
                children[1] = programs.start("worker", programs.command("work"))
