"""Takes a folder of deliveries, a file a source: while one is taken, those before it are identified.

Both work at once, in two processes, since one of them is always waiting for the database. What was
taken is not taken again and identification goes on where it stopped, so an interrupted run is simply
begun again.
"""

from __future__ import annotations

import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

from django.db import connections

from anwang.access.context import Actor
from anwang.common.errors import AnwangError
from anwang.common.working import dies_with
from anwang.people.actions.identities import identify
from anwang.registries.actions.deliveries import LoadOutcome, load_file, manifest_in_force
from anwang.registries.models import Source
from anwang.registries.rules.files import SUFFIXES

Step = Literal["rows", "identified"]
Progress = Callable[[str, Step, int, int], None]
"""Hears of a source, a step, how much of it is done and how much there is (0: not known)."""
_PACKED: Final = (".gz",)


class NothingToLoad(AnwangError):
    """No file in this folder is named after a source (SOURCE.csv and the like)."""


class IdentifyingStopped(AnwangError):
    """Identification ended early. Run the command again; it goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a source's file."""

    source: str
    outcome: LoadOutcome


class _Identifying(Protocol):
    """Who identifies deliveries: here, or in a process of its own."""

    def give(self, source: str, outcome: LoadOutcome) -> None: ...

    def listen(self) -> None: ...

    def finish(self) -> None: ...


def load_folder(
    folder: Path, *, actor: Actor, progress: Progress = lambda *_: None, at_once: bool = True
) -> Iterator[Taken]:
    """Take every file of `folder` that is named after a source, the fullest register first, so that
    the others' persons are found in it; each as soon as it is published.

    `at_once`: identify in a process of its own; it has ended when the last is given. Raises
    NothingToLoad, IdentifyingStopped.
    """
    files = files_of(folder)
    if not files:
        raise NothingToLoad(f"{NothingToLoad.__doc__} ({folder.name})")
    how: AbstractContextManager[_Identifying] = (
        _Apart(actor, progress) if at_once else _Here(actor, progress)
    )
    with how as identifying:
        for source, path in files:
            outcome = _taken(source, path, actor, progress, identifying.listen)
            if not outcome.held:
                identifying.give(source, outcome)
            yield Taken(source, outcome)
        identifying.finish()


def files_of(folder: Path) -> list[tuple[str, Path]]:
    """Source and file, in the order of taking."""
    found = []
    for source in Source.objects.values_list("id", flat=True):
        named = [path for path in sorted(folder.glob(f"{source}.*")) if _is_delivery(path, source)]
        found += [
            (manifest_in_force(source).rows_per_1000_persons or 0, source, one) for one in named
        ]
    return [(source, path) for _, source, path in sorted(found, key=lambda one: (-one[0], one[1:]))]


def _is_delivery(path: Path, source: str) -> bool:
    suffixes = path.name.removeprefix(source).lower()
    for packed in _PACKED:
        suffixes = suffixes.removesuffix(packed)
    return suffixes in SUFFIXES


def _taken(
    source: str, path: Path, actor: Actor, progress: Progress, listen: Callable[[], None]
) -> LoadOutcome:
    rows = 0

    def total(told: int) -> None:
        nonlocal rows
        rows = told

    def show(done: int) -> None:
        listen()
        progress(source, "rows", done, rows)

    return load_file(source, path, actor=actor, total=total, progress=show)


class _Here:
    """Identifies each delivery at once, in this process."""

    def __init__(self, actor: Actor, progress: Progress) -> None:
        self._actor, self._progress = actor, progress

    def __enter__(self) -> _Identifying:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left open."""

    def give(self, source: str, outcome: LoadOutcome) -> None:
        _identify(source, outcome.delivery_id, outcome.accepted, self._actor, self._progress)

    def listen(self) -> None:
        """Nobody else speaks."""

    def finish(self) -> None:
        """All of it is done already."""


def _identify(
    source: str, delivery: uuid.UUID | None, rows: int, actor: Actor, progress: Progress
) -> None:
    assert delivery is not None
    identify(
        delivery, actor=actor, progress=lambda done: progress(source, "identified", done, rows)
    )


class _Apart:
    """Identifies deliveries in their order in another process, which has connections of its own."""

    def __init__(self, actor: Actor, progress: Progress) -> None:
        self._progress = progress
        forking = multiprocessing.get_context("fork")
        self._line, theirs = forking.Pipe()
        connections.close_all()  # none may be shared
        self._process = forking.Process(target=_run, args=(theirs, self._line, os.getpid(), actor))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._process.terminate()
        self._line.close()
        self._process.join()

    def give(self, source: str, outcome: LoadOutcome) -> None:
        """Have a delivery identified after those given before."""
        self._tell((source, outcome.delivery_id, outcome.accepted))
        self.listen()

    def listen(self) -> None:
        """Pass on what the other process has said by now: unheard it would have to wait."""
        while self._line.poll():
            self._hear()

    def finish(self) -> None:
        """Wait until all of them are identified. Raises IdentifyingStopped."""
        self._tell(None)
        while self._hear():
            pass

    def _tell(self, what: object) -> None:
        try:
            self._line.send(what)
        except OSError as broken:
            raise IdentifyingStopped(str(IdentifyingStopped.__doc__)) from broken

    def _hear(self) -> bool:
        """Pass on one word of the other process; False when it has done everything."""
        try:
            told: tuple[Any, ...] | None = self._line.recv()
        except (EOFError, OSError) as broken:  # it ended, or with words of ours unread
            raise IdentifyingStopped(str(IdentifyingStopped.__doc__)) from broken
        if told is not None:
            self._progress(*told)
        return told is not None


def _run(line: Connection, theirs: Connection, parent: int, actor: Actor) -> None:
    """The other process: identify what is given until there is no more."""
    theirs.close()
    dies_with(parent)

    def progress(source: str, step: Step, done: int, rows: int) -> None:
        line.send((source, step, done, rows))

    while (given := line.recv()) is not None:
        source, delivery, rows = given
        _identify(source, delivery, rows, actor, progress)
    line.send(None)
    connections.close_all()
