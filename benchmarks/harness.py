"""What every measurement of speed shares: a server of its own, the machine, sizes, goals, results.

Durability stays on (decision 26) and is checked. A run's folder is named by `ANWANG_BENCH_HOME`;
databases made there by one benchmark serve the next. Without it a folder is made and removed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg

from config.home import CHECKOUT

if TYPE_CHECKING:
    from config.postgres import Server

AS_OF = date(2026, 3, 2)
SEED = 20262  # another county than the demo's
TEMPLATE = "bench_template"
RESULTS = Path(__file__).parent / "results"
ROLES = {"": "app", "_MIGRATE": "migrator", "_DOOR": "door", "_WORKER": "worker",
         "_AUDITOR": "auditor"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure with its limit: `at_most` or, where that is false, at least."""

    name: str
    figure: float
    limit: float
    unit: str
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure keeps the limit. A figure that is not a number does not."""
        return self.figure <= self.limit if self.at_most else self.figure >= self.limit

    def line(self) -> str:
        """One line for people."""
        sign = "<=" if self.at_most else ">="
        verdict = "pass" if self.met else "MISS"
        return (
            f"  {verdict}  {self.name}: {short(self.figure)} {self.unit}"
            f" (goal {sign} {short(self.limit)})"
        )


@dataclass(slots=True)
class Result:
    """What one benchmark found: a row a size, how the cost grows, goals, remarks.

    `by_kind`: what failed, a row a kind of slip, where a benchmark asks questions with slips.
    """

    name: str
    what: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    by_kind: list[dict[str, Any]] = field(default_factory=list)
    growth: dict[str, float] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def grow(self, column: str, *, size: str = "size") -> None:
        """Note the slope log(cost)/log(n) of a column over the sizes."""
        self.growth[column] = slope([row[size] for row in self.rows],
                                    [row[column] for row in self.rows])  # fmt: skip

    def keep(self) -> int:
        """Write the JSON file, print the table; status 1 when a goal is missed."""
        RESULTS.mkdir(exist_ok=True)
        kept = asdict(self)
        for told, goal in zip(kept["goals"], self.goals, strict=True):
            told["met"] = goal.met
        kept["machine"]["load_at_end"] = list(os.getloadavg())
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"\n{self.name}: {self.what}")
        print(table(self.rows))
        if self.by_kind:
            print(f"\nBy kind of slip:\n{table(self.by_kind)}\n")
        if self.growth:
            told = ", ".join(f"{name} {value:+.2f}" for name, value in self.growth.items())
            print(f"  growth log(cost)/log(n): {told}")
        for goal in self.goals:
            print(goal.line())
        for remark in self.remarks:
            print(f"  {remark}")
        sys.stdout.flush()
        return int(not all(goal.met for goal in self.goals))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """`--quick`: three small sizes. `--sizes`: others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks NAME")
    parser.add_argument("--quick", action="store_true", help="three small sizes")
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")], default=None)
    return parser.parse_args(arguments)


def machine() -> dict[str, Any]:
    """The machine, the state of the tree and the seed: what a figure means nothing without."""
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_at_start": list(os.getloadavg()),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed_files": len(_git("status", "--porcelain", "--untracked-files=no").splitlines()),
        "seed": SEED,
        "as_of": AS_OF.isoformat(),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Least squares slope of log(cost) over log(n): 1 linear, 0 constant, 2 quadratic."""
    pairs = [(math.log(n), math.log(c)) for n, c in zip(sizes, costs, strict=True) if c > 0]
    if len({x for x, _ in pairs}) < 2:
        return math.nan
    return round(statistics.linear_regression(*zip(*pairs, strict=True)).slope, 2)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; not a number where there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def short(value: Any) -> str:
    """A figure as people read it."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as aligned text; columns of the first row."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [names, *([short(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return "\n".join(
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """The benchmarks' own server; databases are copies of one made ready like a demo instance."""

    server: Server
    home: Path

    def admin(self) -> psycopg.Connection[Any]:
        """The superuser, who makes and drops databases and does nothing that is measured."""
        return psycopg.connect(self.server.address("postgres", "postgres"), autocommit=True)

    def has(self, database: str) -> bool:
        """Whether an earlier benchmark of this run has left the database, finished."""
        return (self.home / f"{database}.made.json").exists()

    def note(self, database: str, **facts: Any) -> None:
        """Mark a database as finished, with what later benchmarks should know of it."""
        (self.home / f"{database}.made.json").write_text(json.dumps(facts), encoding="utf-8")

    def noted(self, database: str) -> dict[str, Any]:
        """What was noted when the database was finished."""
        found: dict[str, Any] = json.loads((self.home / f"{database}.made.json").read_text())
        return found

    def fresh(self, database: str) -> str:
        """A fresh database called so: schema, directory, policies, demo staff, no person."""
        with self.admin() as admin:
            self._template(admin)
            self._copy(admin, TEMPLATE, database)
        return database

    def drop(self, database: str) -> None:
        """Remove a database that nothing needs any more."""
        with self.admin() as admin:
            admin.execute(f'drop database if exists "{database}" with (force)')

    def copy(self, source: str, database: str) -> str:
        """A fresh copy of a database that nobody is connected to."""
        with self.admin() as admin:
            self._copy(admin, source, database)
        return database

    def _copy(self, admin: psycopg.Connection[Any], source: str, database: str) -> None:
        admin.execute(f'drop database if exists "{database}" with (force)')
        admin.execute(f'create database "{database}" template "{source}" owner anwang_owner')
        admin.execute(f'revoke all on database "{database}" from public')
        admin.execute(
            f'grant connect on database "{database}" to anwang_migrator, anwang_app, anwang_door,'
            " anwang_worker, anwang_auditor"
        )
        admin.execute(f'grant temporary on database "{database}" to anwang_worker')

    def _template(self, admin: psycopg.Connection[Any]) -> None:
        found = admin.execute("select 1 from pg_database where datname = %s", [TEMPLATE])
        if found.fetchone():
            return
        from config.postgres import ensure_roles

        making = f"{TEMPLATE}_new"
        admin.execute(f'drop database if exists "{making}" with (force)')
        ensure_roles(self.server.address("postgres", "postgres"), making)
        self.run("migrator", making, "prepare", "--kind", "demo", "--demo-teams")
        self.run("worker", making, "fill", "--accounts")
        admin.execute(f'alter database "{making}" rename to "{TEMPLATE}"')

    def environment(self, role: str, database: str) -> dict[str, str]:
        """The environment in which one of our commands acts as `role` on `database`."""
        return os.environ | {
            "ANWANG_HOME": os.environ.get("ANWANG_HOME", str(self.home)),
            "ANWANG_SOCKETS": str(self.server.sockets),
            "ANWANG_DATABASE": database,
            "ANWANG_DATABASE_ROLE": role,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        }

    def run(self, role: str, database: str, *arguments: str) -> str:
        """Run one of our commands to its end and return what it printed. Raises when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=CHECKOUT, text=True,
            env=self.environment(role, database), capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{arguments}: status {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout

    def addresses(self, database: str) -> dict[str, str]:
        """DATABASE_URL and its siblings, by which `anwang up` serves this database."""
        host = quote(str(self.server.sockets), safe="")
        return {
            f"DATABASE_URL{suffix}": f"postgresql://anwang_{role}@{host}:5432/{database}"
            for suffix, role in ROLES.items()
        }

    def act_as(self, role: str, database: str) -> None:
        """This process works as `role` on `database` from now on."""
        from django.db import connections

        for alias in connections:
            connections[alias].close()
            user = "anwang_door" if alias == "door" else f"anwang_{role}"
            connections[alias].settings_dict |= {
                "NAME": database, "USER": user, "HOST": str(self.server.sockets),
            }  # fmt: skip

    def leave(self) -> None:
        """Close this process's connections, so that its database can be copied or dropped."""
        from django.db import connections

        connections.close_all()


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """The server for a block, durable; Django is set up as the worker of the template database."""
    named = os.environ.get("ANWANG_BENCH_HOME")
    home = Path(named) if named else Path(tempfile.mkdtemp(prefix="anwang-bench-"))
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.environ |= {
        "ANWANG_HOME": str(home),
        "ANWANG_DATABASE": TEMPLATE,
        "ANWANG_DATABASE_ROLE": "worker",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    from config.postgres import embedded

    try:
        with embedded(home) as server:
            _check_durable(server)
            os.environ["ANWANG_SOCKETS"] = str(server.sockets)
            import django

            django.setup()
            made = Bench(server, home)
            try:
                yield made
            finally:
                made.leave()
    finally:
        if not named:
            remove_home(home)


def remove_home(home: Path) -> None:
    """Remove a run's folder, and the data beside it where the server's user could not reach it."""
    pointer = home / "database-location"
    if pointer.exists():
        shutil.rmtree(Path(pointer.read_text().strip()).parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _check_durable(server: Server) -> None:
    with psycopg.connect(server.address("postgres", "postgres")) as admin:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            found = admin.execute(f"show {setting}").fetchone()
            if found != ("on",):
                raise RuntimeError(f"{setting} is {found}: figures without durability do not count")


@contextlib.contextmanager
def clocked(into: dict[str, float], name: str) -> Iterator[None]:
    """Seconds of the block, added to `into[name]`."""
    began = time.perf_counter()
    yield
    into[name] = into.get(name, 0.0) + time.perf_counter() - began
