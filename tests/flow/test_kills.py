"""Twenty kills -9 of web, worker and database with 200 reports in flight (decision 17).

What was acknowledged is there, once; every open report has one accountable team and a running
clock. fsync is on, as in use. The seed is printed; ANWANG_SEED sets it.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests

from tests.flow import processes
from tests.instance import Instance, running

pytestmark = pytest.mark.timeout(600)
REPORTS, CLIENTS, KILLS = 200, 8, 20
# A kill every 0.7 s or so at random instants; the reports are spread over the same time.
LONGEST_PAUSE = 1.2
TARGETS = {
    "worker": 4,
    "web": 4,
    "one of the web's workers": 4,
    "database": 5,
    "one of its backends": 3,
}
PATIENCE = 400.0


@pytest.fixture(scope="module")
def killed(small_home: Path) -> Iterator[Instance]:
    small = {"ANWANG_DEMO_PERSONS": "300", "ANWANG_DEMO_REPORTS": "0"}
    with running(small_home, **small) as started:
        started.await_filled()
        yield started


def pids(started: Instance, target: str) -> list[int]:
    """Processes of the instance that a kill of `target` may hit now."""
    lines = processes.family(started.pid)
    masters = {pid for pid, line in lines.items() if "gunicorn" in line}
    if target == "worker":
        return [pid for pid, line in lines.items() if "manage.py work" in line]
    if target == "web":
        return [pid for pid in masters if _parent(pid) == started.pid]
    if target == "one of the web's workers":
        return [pid for pid in masters if _parent(pid) in masters]
    database = processes.database_pid(started.home)
    if target == "database":
        return [database] if database and psutil.pid_exists(database) else []
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one.pid for one in psutil.Process(database).children()]
    return []


def _parent(pid: int) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).ppid()
    return 0


def kill_at_random(started: Instance, rng: random.Random, sending: threading.Event) -> list[str]:
    """Twenty kills, each of something that runs at that instant; the list of what was hit."""
    targets = [target for target, times in TARGETS.items() for _ in range(times)]
    rng.shuffle(targets)
    hit: list[str] = []
    until = time.monotonic() + PATIENCE
    for target in targets:
        time.sleep(rng.uniform(0.05, LONGEST_PAUSE))
        while time.monotonic() < until and len(hit) < KILLS:
            found = pids(started, target)
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(rng.choice(found), 9)
                hit.append(target)
                break
            time.sleep(0.05)  # it is not up again yet
    sending.clear()
    return hit


def report(number: int) -> dict[str, object]:
    """One of 200 invented reports; every tenth tells of the same family."""
    family = number % 20
    return {
        "report_id": f"KILL-{number:03}",
        "channel": "hotline-113",
        "county": "桃園市",
        "subjects": [
            {"role": "victim", "name": f"測小{'甲乙丙丁戊己庚辛壬癸'[family % 10]}", "birth": "107.5.1",
             "address": f"桃園市中壢區範例路{family + 1}號"},
        ],
        "concerns": ["child-physical"],
        "immediate_danger": "unknown",
        "narrative": f"第 {number} 件：孩子手臂有瘀青。",
    }  # fmt: skip


def send_until_acknowledged(
    url: str, credential: str, numbers: list[int], rng: random.Random, sending: threading.Event
) -> dict[str, str]:
    """Report id -> receipt. A sender that hears nothing sends the same report again."""
    received: dict[str, str] = {}
    until = time.monotonic() + PATIENCE
    for number in numbers:
        body = report(number)
        while time.monotonic() < until:
            with contextlib.suppress(requests.RequestException, ValueError, KeyError):
                answer = requests.post(
                    f"{url}/api/v1/reports", json=body, timeout=8,
                    headers={"Authorization": f"Bearer {credential}"},
                )  # fmt: skip
                if answer.status_code in (200, 201):
                    received[str(body["report_id"])] = answer.json()["receipt"]
                    break
            time.sleep(rng.uniform(0.05, 0.3))
        if sending.is_set():
            time.sleep(rng.uniform(0, 1.0))
    return received


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(killed: Instance) -> None:
    seed = int(os.environ.get("ANWANG_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}")
    [sender] = killed.anwang("sender", "add", "kill-drill")
    sending = threading.Event()
    sending.set()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        shares = [list(range(start, REPORTS, CLIENTS)) for start in range(CLIENTS)]
        clients = [
            pool.submit(send_until_acknowledged, killed.url, sender["credential"], share,
                        random.Random(seed + place), sending)
            for place, share in enumerate(shares)
        ]  # fmt: skip
        hit = pool.submit(kill_at_random, killed, random.Random(seed), sending).result()
        receipts = {key: value for one in clients for key, value in one.result().items()}
    print("hit:", ", ".join(hit))
    assert len(hit) == KILLS == sum(TARGETS.values())
    told = (killed.home / "up.log").read_text(errors="replace")[-4000:]
    assert len(receipts) == REPORTS, f"a report was never acknowledged\n{told}"
    assert len(set(receipts.values())) == REPORTS, "two reports got one receipt"

    with killed.superuser() as connection:
        _await_screened(connection)
        rows = connection.execute(
            "select report_id, receipt from intake_report where sender = 'kill-drill'"
        ).fetchall()
        assert len(rows) == REPORTS, "a report is missing or doubled"
        assert dict(rows) == receipts
        assert _unsound(connection) == []


def _await_screened(connection: psycopg.Connection[Any]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        [(waiting,)] = connection.execute(
            "select count(*) from triage_matter where state in ('received', 'screened')"
        )
        if not waiting:
            return
        time.sleep(0.3)
    raise AssertionError(f"{waiting} reports were not screened")


UNSOUND = """
select m.report_id, m.state,
    (select count(*) from triage_duty d
     where d.matter_id = m.report_id and upper_inf(d.during)) as running_duties,
    (select count(*) from triage_clock c
     where c.matter_id = m.report_id and c.state = 'running') as running_clocks,
    (select count(*) from triage_screening s where s.matter_id = m.report_id) as screenings,
    (select count(*) from triage_screening s
     where s.matter_id = m.report_id and s.failed_steps = '[]') as complete,
    (select count(*) from vault.raw_body b where b.report_id = m.report_id) as bodies
from triage_matter m
"""


def _unsound(connection: psycopg.Connection[Any]) -> list[tuple[object, ...]]:
    """Matters without exactly one running duty, a running clock, a screening and one body; a second
    screening is for those of which the first says that a step failed.
    """
    return [
        row
        for row in connection.execute(UNSOUND).fetchall()
        if row[2] != 1 or row[3] < 1 or row[4] < 1 or row[5] > 1 or row[6] != 1
    ]
