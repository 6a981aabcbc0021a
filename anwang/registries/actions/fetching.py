"""Fetches what a source has for us over its transport and takes each delivery as a file.

Nothing is taken twice: what arrived is noted by name and version, loading knows a file's digest,
and an interrupted fetch goes on where it stopped. A source that fails is noted with its reason and
changes nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.registries.actions.deliveries import LoadOutcome, load_file, manifest_in_force
from anwang.registries.actions.loading import PURPOSE
from anwang.registries.models import Arrival, FetchState, Source
from anwang.registries.rules.fetching import next_fetch
from anwang.registries.transports import drop, folders, rest
from anwang.registries.transports.connections import (
    Connection,
    WrongConnection,
    connection_to,
    drop_folder,
    staging_folder,
)
from anwang.registries.transports.fetched import Fetched, Progress, quiet
from anwang.registries.transports.routes import Route, route_of
from anwang.registries.transports.troubles import SourceTrouble
from config.home import home

logger = logging.getLogger(__name__)
# What fails on the way is gone on with at once, a few times.
CUT_SHORT_TRIES = 3
GOES_ON = frozenset({"cut-short", "too-slow"})
Loaded = Callable[[LoadOutcome], None]


class FetchedAlready(AnwangError):
    """Somebody is fetching from this source right now. Wait until that is done."""


class NothingToFetch(AnwangError):
    """This source is not fetched: it is only asked about one person, or written here."""


@dataclass(slots=True)
class FetchOutcome:
    """What came of one fetch. `trouble`: why it ended early, a code of troubles.TEXTS, or nothing."""

    source: str
    outcomes: list[LoadOutcome] = field(default_factory=list)
    trouble: str = ""


def fetch_source(
    source_id: str,
    *,
    actor: Actor,
    loaded: Loaded = lambda _: None,
    progress: Progress = quiet,
    settles_seconds: float = folders.SETTLES_SECONDS,
) -> FetchOutcome:
    """Take everything new that the source offers, in its order; each delivery is told to `loaded`.

    Raises SourceUnknown, NothingToFetch, FetchedAlready. A source in trouble comes back with its
    trouble, and with what was taken before.
    """
    route = route_to(source_id)
    if not route.fetched:
        raise NothingToFetch(f"{NothingToFetch.__doc__} ({source_id})")
    outcome = FetchOutcome(source_id)
    with _alone(source_id):
        for tries_left in reversed(range(CUT_SHORT_TRIES)):
            try:
                for one in _offered(source_id, route, progress, settles_seconds):
                    outcome.outcomes.append(_take(source_id, one, actor, loaded))
                outcome.trouble = ""
                break
            except SourceTrouble as trouble:
                outcome.trouble = trouble.code
                if trouble.code not in GOES_ON or not tries_left:
                    break
            except WrongConnection:
                outcome.trouble = "not-connected"
                break
        _note(outcome, actor)
    return outcome


def route_to(source_id: str) -> Route:
    """How the source delivers, as its manifest in force says. Raises SourceUnknown."""
    manifest_in_force(source_id)
    return route_of(Source.objects.values_list("manifest", flat=True).get(pk=source_id))


def due_sources() -> list[str]:
    """Sources that are fetched and whose time has come, the longest waiting first."""
    now = clock_now()
    states = {one.source_id: one for one in FetchState.objects.all()}
    due = []
    for source_id, body in Source.objects.values_list("id", "manifest"):
        if not _can_be_fetched(source_id, route_of(body)):
            continue
        state = states.get(source_id)
        at = next_fetch(
            state.tried_at if state else None,
            failures=state.failures if state else 0,
            expected_every_days=body["rhythm"]["expected_every_days"],
        )
        if at is None or at <= now:
            due.append((state.tried_at.timestamp() if state else 0.0, source_id))
    return [source_id for _, source_id in sorted(due)]


@contextlib.contextmanager
def held_off() -> Iterator[None]:
    """Nobody else on this machine asks a source, or calls one late, until this ends.

    For who tells a past year: what the sources hold then is of another day, and their time to deliver
    is not the present. The lock ends with the process.
    """
    with _held_off_file().open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_held_off() -> bool:
    """Whether a past year is being told right now; what is due waits until then."""
    with contextlib.suppress(FileNotFoundError), _held_off_file().open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _held_off_file() -> Path:
    folder = home() / "fetching"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / ".held-off.lock"


def fetched_sources() -> list[str]:
    """Every source that is fetched and has a connection or a folder of its own."""
    bodies = Source.objects.order_by("id").values_list("id", "manifest")
    return [source_id for source_id, body in bodies if _can_be_fetched(source_id, route_of(body))]


def _can_be_fetched(source_id: str, route: Route) -> bool:
    if not route.fetched:
        return False
    if connection_to(source_id) is not None:
        return True
    return route.kind == "file" and drop_folder(source_id).is_dir()


def _offered(
    source_id: str, route: Route, progress: Progress, settles_seconds: float
) -> Iterator[Fetched]:
    """Deliveries over the source's transport, one at a time. Raises SourceTrouble."""
    connection = connection_to(source_id)
    staging = staging_folder(source_id)
    if _by_pages(route, connection):
        assert connection is not None
        last = Arrival.objects.filter(source_id=source_id).order_by("-pk").first()
        after = last.name if last else None
        return rest.deliveries(connection, route, staging, after=after, progress=progress)
    if connection is None and route.kind != "file":
        raise SourceTrouble("not-connected")
    arrivals = Arrival.objects.filter(source_id=source_id)
    taken = set(arrivals.values_list("name", "version"))
    if connection is not None and connection.url.startswith("sftp:"):
        from anwang.registries.transports import sftp  # its library is read when it is needed

        opened = sftp.shelf_at(connection, route)
    else:
        opened = drop.shelf_in(drop.folder_of(source_id, connection, route))
    return folders.deliveries(
        opened, staging, taken=taken, progress=progress, settles_seconds=settles_seconds
    )


def _by_pages(route: Route, connection: Connection | None) -> bool:
    if route.kind != "rest":
        return False
    if connection is None:
        raise SourceTrouble("not-connected")
    return connection.url.startswith("http")


def _take(source_id: str, one: Fetched, actor: Actor, loaded: Loaded) -> LoadOutcome:
    """Load what lies in the staging folder, then note that it arrived."""
    outcome = load_file(source_id, one.path, actor=actor)
    with acting(actor, PURPOSE):
        Arrival.objects.bulk_create(
            [
                Arrival(
                    source_id=source_id, name=one.name, version=one.version, bytes=one.size,
                    delivery_id=outcome.delivery_id, fetched_at=clock_now(),
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    loaded(outcome)
    return outcome


def _note(outcome: FetchOutcome, actor: Actor) -> None:
    """Keep how it went; a new trouble and its end are put on record."""
    now = clock_now()
    with acting(actor, PURPOSE):
        before = FetchState.objects.filter(pk=outcome.source).first()
        trouble_before = before.trouble if before else ""
        still = before is not None and outcome.trouble == trouble_before
        FetchState.objects.update_or_create(
            source_id=outcome.source,
            defaults={
                "tried_at": now,
                "came_at": (before.came_at if before else None) if outcome.trouble else now,
                "trouble": outcome.trouble,
                "since": (before.since if still and before else now) if outcome.trouble else None,
                "failures": (before.failures if before else 0) + 1 if outcome.trouble else 0,
            },
        )
        if outcome.trouble != trouble_before:
            logger.warning("Source %s: %s.", outcome.source, outcome.trouble or "well again")
            record_event(
                Act.SOURCE_FETCHED, actor=actor, object_kind="source", object_ids=[outcome.source],
                purpose=PURPOSE, result="failed" if outcome.trouble else "done",
                detail={"deliveries": len(outcome.outcomes), "trouble": outcome.trouble},
            )  # fmt: skip


@contextlib.contextmanager
def _alone(source_id: str) -> Iterator[None]:
    """One fetch of a source at a time on this machine; the lock ends with the process."""
    with (staging_folder(source_id).parent / f".{source_id}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchedAlready(f"{FetchedAlready.__doc__} ({source_id})") from None
        yield
