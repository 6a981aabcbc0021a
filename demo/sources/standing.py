"""The simulated sources of one instance: what they hold, when they delivered last, their homes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from anwang.common.values.roc_dates import TAIPEI
from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.manifests import (
    LOCAL_SYSTEMS,
    SOURCES,
    Manifest,
    manifest_of,
    transport_of,
)
from anwang.registries.transports.connections import connect, disconnect
from anwang.registries.transports.questions import signer
from demo.sources.simulator import Simulator
from demo.sources.stock import Stock

NIGHT: Final = time(2, 30)  # when registries deliver, in Taipei
TOO_OLD: Final = timedelta(hours=36)


def folder_of(home: Path) -> Path:
    """Where an instance's simulated sources live."""
    return home / "demo" / "sources"


def stock_of(home: Path) -> Stock:
    """What they hold; empty before the demo was filled."""
    return Stock(folder_of(home) / "stock.db")


def last_night(now: datetime) -> datetime:
    """The latest hour of delivery that is not after `now`."""
    day = now.astimezone(TAIPEI).date()
    tonight = datetime.combine(day, NIGHT, TAIPEI)
    return (tonight if tonight <= now else tonight - timedelta(days=1)).astimezone(UTC)


def delivered_at(home: Path, now: datetime) -> datetime:
    """When the sources delivered last: as noted, unless that is so long ago that they would have
    delivered since.
    """
    try:
        noted = datetime.fromisoformat(json.loads((_note(home)).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return last_night(now)
    return last_night(now) if now - noted > TOO_OLD else noted


def note_delivery(home: Path, at: datetime) -> None:
    """Keep when the sources delivered last."""
    _note(home).write_text(json.dumps(at.isoformat()), encoding="utf-8")


def simulator_of(
    home: Path, at: datetime, *, faults: dict[str, str] | None = None, port_base: int = 0
) -> Simulator:
    """The instance's sources, delivering as of `at`, and the local systems, which take what they are
    told. They know this instance's key.
    """
    stock = stock_of(home)
    held = set(stock.sources())
    bodies: dict[str, Any] = {}
    manifests: dict[str, Manifest] = {}
    for path in sorted([*SOURCES.glob("*.yaml"), *LOCAL_SYSTEMS.glob("*.yaml")]):
        body = read_yaml(path)
        if (transport_of(body) != "own" and path.stem in held) or "outgoing" in body:
            bodies[path.stem] = body
            manifests[path.stem] = manifest_of(body, where=path.stem)
    return Simulator(
        stock, bodies, manifests, folder_of(home), delivered_at=at, faults=faults,
        asker=Ed25519PublicKey.from_public_bytes(signer().public.public), port_base=port_base,
    )  # fmt: skip


def connect_all(simulator: Simulator) -> list[str]:
    """Let the instance know every source and local system of a running simulator; the sources' ids."""
    made = simulator.connections()
    for one in made:
        connect(one)
    return [one.source for one in made if one.source in set(simulator.site.stock.sources())]


def disconnect_all(simulator: Simulator) -> None:
    """Let the instance forget every one of them: where they were, nobody will answer."""
    for one in simulator.connections():
        disconnect(one.source)


def _note(home: Path) -> Path:
    return folder_of(home) / "delivered-at"
