"""What a manifest says of the way to its source: which transport, which path, how it may be asked.

Where the source stands and how one proves who asks is the instance's own matter (connections.py);
a manifest is published and holds neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["file", "sftp", "rest", "lookup", "own"]
PAGE_SIZE: Final = 500
# A family at the desk is asked about within five seconds; no single source may use them up.
LONGEST_SECONDS: Final = 4.0
KEEP_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Asking:
    """How a source may be asked about one person now.

    `who_may_ask` are roles, `purposes` those for which the source may be asked; empty: any role of
    the desk, any purpose of the source's legal basis. An answer is shown again for `keep_hours`.
    """

    path: str
    by: tuple[str, ...]
    time_limit_seconds: float
    keep_hours: float
    who_may_ask: frozenset[str]
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Route:
    """How a source delivers. `path` lies below the address of its connection."""

    kind: Kind
    path: str = ""
    page_size: int = PAGE_SIZE
    asking: Asking | None = None

    @property
    def fetched(self) -> bool:
        """Whether we fetch deliveries; others write themselves or are only asked."""
        return self.kind in ("file", "sftp", "rest")


def route_of(body: Mapping[str, Any]) -> Route:
    """The route in a manifest's body; a bare word names the transport alone."""
    said = body["transport"]
    if isinstance(said, str):
        said = {"kind": said}
    return Route(
        kind=said["kind"],
        path=said.get("path") or "",
        page_size=said.get("page_size") or PAGE_SIZE,
        asking=_asking(body.get("lookup")),
    )


def _asking(said: Mapping[str, Any] | None) -> Asking | None:
    if said is None:
        return None
    seconds = float(said.get("time_limit_seconds") or LONGEST_SECONDS)
    return Asking(
        path=said["path"],
        by=tuple(said.get("by") or ("national_id",)),
        time_limit_seconds=min(seconds, LONGEST_SECONDS),
        keep_hours=float(said.get("keep_hours", KEEP_HOURS)),
        who_may_ask=frozenset(said.get("who_may_ask") or ()),
        purposes=frozenset(said.get("purposes") or ()),
    )
