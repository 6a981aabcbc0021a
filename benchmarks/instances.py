"""A test instance of its own for a benchmark: embedded database, a county's registries loaded.

Durability stays on (decision 26). The instance is kept in its folder and used again by the next
run with the same county.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.county import County

AS_OF = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A county whose registries are in the database; `seconds` by step, empty when used again."""

    county: County
    seconds: dict[str, float]


def folder_for(county_seed: int, persons: int) -> Path:
    """Where the instance of such a county is kept between runs."""
    place = Path(tempfile.gettempdir()) / f"anwang-bench-{os.geteuid()}"
    return place / f"county-{county_seed}-{persons}"


@contextlib.contextmanager
def loaded_county(county_seed: int, persons: int, home: Path | None = None) -> Iterator[Loaded]:
    """This process as the worker of an instance with the registries of one invented county."""
    home = home or folder_for(county_seed, persons)
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "ANWANG_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "ANWANG_DATABASE_ROLE": "worker",
    }
    from config import programs
    from config.postgres import embedded

    with embedded(home) as server:
        os.environ["ANWANG_SOCKETS"] = str(server.sockets)
        marker = home / "loaded.json"
        if not marker.exists() and programs.run("migrator", "prepare", "--kind", "test"):
            sys.exit("The database could not be made ready; the reason stands above.")
        import django

        django.setup()
        from demo.county import build_county

        county = build_county(county_seed, AS_OF, persons)
        seconds: dict[str, float] = {}
        if not marker.exists():
            seconds = _load(county, home / "files")
            marker.write_text(json.dumps(seconds), encoding="utf-8")
        yield Loaded(county, seconds)
        from django.db import connections

        connections.close_all()


def _load(county: County, folder: Path) -> dict[str, float]:
    from anwang.access.context import LOADING
    from anwang.people.actions import identify
    from anwang.registries.actions.deliveries import load_file
    from demo.registries import write_registries

    seconds = {}
    for source in write_registries(county, folder):
        began = time.perf_counter()
        outcome = load_file(source, folder / f"{source}.csv", actor=LOADING)
        loaded = time.perf_counter()
        if outcome.held or outcome.delivery_id is None:
            sys.exit(f"{source} was held back: {outcome.held_because}")
        identify(outcome.delivery_id, actor=LOADING)
        seconds[f"load {source}"] = round(loaded - began, 2)
        seconds[f"identify {source}"] = round(time.perf_counter() - loaded, 2)
    return seconds
