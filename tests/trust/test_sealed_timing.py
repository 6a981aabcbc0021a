"""Sealed against absent by the time that answers take: measured in the drill alone (decision 28).

Pairs of one request for something sealed and one for what never was, the two in an order that is
drawn for each pair, in one process with nothing else to do.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client, override_settings

from anwang.intake.rules.receipts import receipt_from
from tests.trust.figure import SEED, Figure, hold
from tests.trust.planting import Fault, faults_of, planted_in_code
from tests.trust.test_route_matrix import quiet
from tests.trust.test_sealed_absent import FORM, base, twins_of  # noqa: F401 - a fixture
from tests.trust.timing import largest_t, trained_auc
from tests.trust.twin_world import Twins

PAIRS = int(os.environ.get("ANWANG_TIMING_PAIRS", "20000"))
MOST_T, MOST_AUC = 4.5, 0.52
# Channel -> (who asks, how, where, which id).
CHANNELS: dict[str, tuple[str, str, str, str]] = {
    "report": ("desk", "get", "/desk/{}/", "receipt"),
    "decision": ("desk", "post", "/desk/{}/confirm/", "receipt"),
    "same event": ("desk", "post", "/desk/PLAIN/same/{}/join/", "receipt"),
    "search": ("desk", "get", "/desk/find/?q={}", "receipt"),
    "receipt": ("teacher", "get", "/receipts/{}/", "receipt"),
    "case": ("worker", "get", "/cases/{}/", "case"),
    "family": ("worker", "get", "/families/{}/", "family_number"),
    "attachment": ("desk", "get", "/attachments/{}/", "attachment"),
}
FIGURE = Figure(
    name="sealed_timing",
    what="sealed against absent by time: Welch's t and a trained classifier on eight channels",
    goal="abs t < 4.5 and AUC <= 0.52 at 20,000 pairs a channel; in the drill alone",
    share=1,  # of the whole one channel could be; all are measured in the drill alone
    whole=8,
    portion=1,
)


def _never(kind: str, chance: random.Random) -> str:
    if kind in ("receipt", "family_number"):
        return receipt_from([chance.randrange(32) for _ in range(10)])
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def times_of(twins: Twins, channel: str, pairs: int, seed: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the answers for (what is sealed, what never was), in the world with seals."""
    account, way, path, kind = CHANNELS[channel]
    chance = random.Random(f"{seed} {channel}")
    ids = [one[kind] for one in twins.sealed if kind in one]
    # As many that never were as are sealed: an address that is asked again is taken apart faster by
    # the asker himself, which is told apart at 20,000 pairs and says nothing of the answer.
    nevers = [_never(kind, chance) for _ in ids]
    sealed, never = (
        [path.replace("PLAIN", twins.plain["receipt"]).format(one) for one in some]
        for some in (ids, nevers)
    )
    os.environ["ANWANG_PLANTED"] = " ".join(sealed)
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = twins.sessions[account]
    found: tuple[list[float], list[float]] = ([], [])

    def ask(where: str) -> float:
        kept = client.cookies.copy()
        more: dict[str, Any] = {"data": FORM} if way == "post" else {}
        begun = time.perf_counter()
        getattr(client, way)(where, **more)
        took = (time.perf_counter() - begun) * 1000
        client.cookies = kept
        return took

    for number in range(pairs + 20):
        pair = [(0, chance.choice(sealed)), (1, chance.choice(never))]
        chance.shuffle(pair)
        for which, where in pair:
            took = ask(where)
            if number >= 20:  # the first ones warm what is kept in memory
                found[which].append(took)
    return found


def told_apart(twins: Twins, channel: str, pairs: int, seed: int) -> str:
    """In words, how the two kinds can be told apart; empty if they cannot."""
    before = connections["default"]
    here = before.copy()
    here.settings_dict |= {
        "NAME": twins.with_sealed,
        "HOST": str(twins.server.sockets),
        "OPTIONS": {"options": "-c role=anwang_app"},
    }
    connections["default"] = here
    try:
        with quiet(), override_settings(ABSENCE_STROKE_MS=25):
            sealed, never = times_of(twins, channel, pairs, seed)
    finally:
        here.close()
        connections["default"] = before
    t, auc = largest_t(sealed, never), trained_auc(sealed, never)
    print(f"{channel}: {pairs:,} pairs, t {t:.2f}, AUC {auc:.3f}")
    if abs(t) < MOST_T and auc <= MOST_AUC:
        return ""
    return f"{channel}: t {t:.2f}, AUC {auc:.3f}, seed {seed}"


@pytest.fixture(scope="module")
def twins(base) -> Iterator[Twins]:  # noqa: F811
    with twins_of(base) as made:
        yield made


def test_time_does_not_tell_what_is_sealed(twins) -> None:
    names = list(CHANNELS)

    def attempt(numbers: range, seed: int) -> list[str]:
        found = (told_apart(twins, names[n], PAIRS, seed) for n in numbers)
        return [line for line in found if line]

    hold(FIGURE, attempt)


@pytest.mark.parametrize("fault", faults_of("sealed_timing"), ids=lambda f: f["fault"])
def test_a_millisecond_is_found(twins, fault: Fault) -> None:
    with planted_in_code(fault):
        assert told_apart(twins, "report", PAIRS, SEED)
