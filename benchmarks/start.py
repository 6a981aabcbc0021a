"""How long a newcomer waits: the first `anwang up` until the desk can be used and until the year is
in, and the second one over the kept data.

The page counts as usable when the demo's desk account has signed in and the desk answers.
"""

from __future__ import annotations

import argparse
import contextlib
import http.cookiejar
import json
import os
import re
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Goal, Result, remove_home
from benchmarks.serving import await_answer, ended, free_port, started

SIZES = [(15_000, 650), (30_000, 1_300), (60_000, 2_600)]  # persons and reports of the demo
QUICK_SIZES = [(1_000, 60), (2_000, 120), (3_000, 180)]
LONGEST_SECONDS = 400.0
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result. Without `--all-sizes` only the demo's own size, which is long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks start")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--all-sizes", action="store_true")
    chosen, _ = parser.parse_known_args(arguments)
    sizes = QUICK_SIZES if chosen.quick else SIZES if chosen.all_sizes else SIZES[-1:]
    result = Result("start", "`anwang up` in an empty home, then again over the kept data")
    for persons, reports in sizes:
        result.rows.append(_measured(persons, reports))
        print(result.rows[-1], flush=True)
    if len(sizes) > 1:
        for column in ("usable_s", "filled_s", "again_s"):
            result.grow(column)
    last = result.rows[-1]
    result.goals = [
        Goal(f"first start to usable page, {last['size']:,} persons", last["usable_s"], 60, "s"),
        Goal(f"first start to full year, {last['size']:,} persons", last["filled_s"], 150, "s"),
        Goal(f"second start to usable page, {last['size']:,} persons", last["again_s"], 10, "s"),
    ]
    return result.keep()


def _measured(persons: int, reports: int) -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="anwang-start-"))
    home.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANWANG_", "DATABASE_URL"))}
    environment = kept | {
        "ANWANG_HOME": str(home),
        "ANWANG_DEMO_PERSONS": str(persons),
        "ANWANG_DEMO_REPORTS": str(reports),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    try:
        usable, filled = _one_start(home, environment)
        again, _ = _one_start(home, environment)
    finally:
        remove_home(home)
    return {
        "size": persons,
        "reports": reports,
        "usable_s": round(usable, 1),
        "filled_s": round(filled, 1),
        "again_s": round(again, 1),
    }


def _one_start(home: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until the desk can be used, and until the year is in; ended as a user ends it."""
    port, log = free_port(), home / "up.log"
    with log.open("w") as out:
        began = time.monotonic()
        up = started(["up", "--port", str(port)], environment, out)
        try:
            await_answer(port, up, log)
            _open_desk(home, port)
            usable = time.monotonic() - began
            _await_filled(home)
            return usable, time.monotonic() - began
        finally:
            ended(up)


def _open_desk(home: Path, port: int) -> None:
    """Sign in as the first demo account of a desk and fetch the desk. Raises where it fails."""
    accounts = json.loads((home / "demo-accounts.json").read_text(encoding="utf-8"))
    account = next(one for one in accounts if one["role"] == "desk")
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    base = f"http://127.0.0.1:{port}"
    page = browser.open(f"{base}/", timeout=60)
    token = _TOKEN.search(page.read())
    form = {
        "csrfmiddlewaretoken": token.group(1).decode() if token else "",
        "username": account["username"],
        "password": account["password"],
    }
    packed = urllib.parse.urlencode(form).encode()
    headers = {"Referer": page.geturl(), "Origin": base}
    browser.open(urllib.request.Request(page.geturl(), packed, headers), timeout=60).read()
    answer = browser.open(f"{base}/desk/", timeout=60)
    if not answer.geturl().startswith(f"{base}/desk/"):
        raise RuntimeError(f"The desk led to {answer.geturl()}")


def _await_filled(home: Path) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError, ValueError):
            if json.loads((home / "filling.json").read_text(encoding="utf-8")).get("done"):
                return
        time.sleep(0.2)
    raise RuntimeError("The demo was not filled in time.")
