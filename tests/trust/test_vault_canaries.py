"""Reporter and safe-address canaries through every screen, table, log, job, file and command (R6, R7).

Reports with marks in every protected field come in by all doors; some are screened, taken over,
written about, revealed (canary_world.py). Then everything that can be looked at is looked at, as every
role and as the database's superuser, and searched for the marks. The vault must hold ciphertext only.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from anwang.access.sealing import CannotUnseal
from tests.trust.canaries import body_of, marks_in
from tests.trust.canary_world import Place, database, dump
from tests.trust.figure import Figure, commit, hold, rotating
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "vault_canaries",
    "reporter and safe-address canaries through every screen, export, print, message, search,"
    " statistic, log, job, dump",
    "0 bytes outside the vault in 100,000 reports",
    share=500, whole=100_000, portion=10_000,
)  # fmt: skip
VOID = "void: "


@contextlib.contextmanager
def listened() -> Iterator[io.StringIO]:
    """Everything that any logger says, at every level."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def attempt_at(server: Any) -> Callable[[range, int], list[str]]:
    """The attempt of the figure. A line that begins with VOID says that something was not looked at."""
    log: Path = server.data.parent / "postgres.log"

    def attempt(numbers: range, seed: int) -> list[str]:
        start, found = log.stat().st_size, set()
        with database(server), listened() as heard:
            place = Place()
            worked = place.take_in(numbers)
            try:
                place.work(worked)
            except CannotUnseal as broken:
                found.add(f"{VOID}a step could not be made: {broken!r}")
            place.post()
            place.look(random.Random(f"{seed}/{numbers.start}/{commit()}"))
            for table, text in dump():
                found |= {f"{table}: {one}" for one in marks_in(text)}
        found |= {f"{VOID}{one}" for one in place.void}
        for what, text in place.answers:
            name, _, own = what.partition("\x00")
            found |= {f"{name}: {one}" for one in marks_in(text, but=frozenset(own.split(",")))}
        found |= {f"log: {one}" for one in marks_in(heard.getvalue())}
        with log.open("rb") as said:
            said.seek(start)
            found |= {f"the server's log: {one}" for one in marks_in(said.read())}
        return sorted(found)

    return attempt


@pytest.fixture
def attempt(postgres_server, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield attempt_at(postgres_server)


def test_the_marks_are_found_in_every_form() -> None:
    for number in range(8):
        body = body_of(number)
        for content in (json.dumps(body), json.dumps(body, ensure_ascii=False).encode("utf-16-le"),
                        json.dumps(body, ensure_ascii=False).encode().hex()):  # fmt: skip
            kinds = {one.partition(" as ")[0] for one in marks_in(content)}
            assert kinds >= {"name", "organisation", "phone", "email", "safe_address", "safe_phone"}
    assert marks_in("桃園市中壢區範例路") == set()


def test_no_mark_is_found_outside_the_vault(attempt) -> None:
    hold(FIGURE, attempt)


@pytest.mark.parametrize("fault", rotating(faults_of("vault_canaries")), ids=lambda f: f["fault"])
def test_a_planted_leak_is_found(fault, attempt) -> None:
    with planted_in_code(fault):
        found = [one for one in attempt(range(60), 1) if not one.startswith(VOID)]
    assert found, f"nobody noticed: {fault['fault']}"
