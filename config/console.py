"""The console script `anwang`: gives a command its database and its role, then lets it run.

The embedded server is started when DATABASE_URL names none, and stopped by the last command.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from config.home import home

# Programs of ours act with the worker's rights; people's commands with the application's.
WORKERS_COMMANDS = {"load", "reports", "link", "match", "people", "household", "model", "work", "fill",
                    "admin", "audit", "vault", "backtest", "replay", "quality", "fetch", "connect",
                    "verify-look-ups", "clocks", "tell"}  # fmt: skip
OWNERS_COMMANDS = {"migrate", "prepare", "sqlmigrate"}
NEEDS_NO_DATABASE = {"makemigrations", "help", "check", "collectstatic", "--help", "--version",
                     "table"}  # fmt: skip
BRINGS_ITS_OWN = {"up", "init"}
# Acts of a command that look at a file alone.
FILES_ONLY = {("source", "check")}


def role_of(command: str) -> str:
    """The database role with which `command` runs (decision 4)."""
    if command in OWNERS_COMMANDS:
        return "migrator"
    if command == "verify-audit":
        return "auditor"
    return "worker" if command in WORKERS_COMMANDS else "app"


def needs_no_database(given: Sequence[str]) -> bool:
    """Whether this call can do without any database."""
    return given[1] in NEEDS_NO_DATABASE or tuple(given[1:3]) in FILES_ONLY


def _execute(arguments: Sequence[str]) -> int:
    from anwang.common.memory import gather_memory, settle_memory

    gather_memory()
    import django
    from django.core.management import execute_from_command_line
    from django.db.utils import ProgrammingError

    from anwang.common.errors import AnwangError

    try:
        django.setup()
        settle_memory()
        execute_from_command_line(list(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except AnwangError as error:
        print(error, file=sys.stderr)
        return 1
    except ProgrammingError as error:
        if 'schema "clock" does not exist' not in str(error):
            raise
        print("This database has not been made ready. Run: anwang init", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its status: 0 done, 1 refused or failed, 2 wrong usage."""
    given = list(sys.argv if arguments is None else arguments)
    command = given[1] if len(given) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    os.environ.setdefault("ANWANG_DATABASE_ROLE", role_of(command))
    # A terminated command must still stop the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(given) < 2 or needs_no_database(given) or os.environ.get("DATABASE_URL"):
        sys.exit(_execute(given))
    if os.environ.get("ANWANG_SOCKETS"):  # a child of a command that holds the server
        sys.exit(_execute(given))
    from config.postgres import ServerFailed, embedded

    try:
        with embedded(home()) as server:
            os.environ["ANWANG_SOCKETS"] = str(server.sockets)
            status = _execute(given)
    except ServerFailed as error:
        print(error, file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
