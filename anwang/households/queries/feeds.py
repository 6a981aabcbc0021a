"""What the look-up states need of the sources: what they cover, and when they last delivered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from anwang.common.values.roc_dates import TAIPEI
from anwang.households.rules.evidence import SourceView
from anwang.registries.models import Source
from anwang.registries.rules.manifests import Manifest, manifest_as_taken

# Two indexes answer for a source (registries, 0007); unpacking its manifest here would cost more than both.
_SOURCES: Final = """
select s.id, s.xmin::text, full_one.delivered_at, coalesce(newest.state = 'held', false)
from registries_source s
left join lateral (
    select delivered_at from registries_delivery
    where source_id = s.id and state = 'published' and mode = 'full' and known_at <= %(known_at)s
    order by known_at desc limit 1
) full_one on true
left join lateral (
    select state from registries_delivery
    where source_id = s.id and began_at <= %(known_at)s and mode <> 'look-up'
      and (state = 'held' or known_at <= %(known_at)s)
    order by began_at desc limit 1
) newest on true
order by s.id
"""
# A manifest by source and row version: parsed once a process and upgrade.
_manifests: dict[tuple[str, str], Manifest] = {}


@dataclass(frozen=True, slots=True)
class Feeds:
    """All sources; `asked` are those that deliver, as their feeds stood. Our own is none of them, nor
    are the local systems of counties: what they say counts, that they say nothing does not.
    """

    asked: list[SourceView]
    manifests: list[Manifest]

    def telling(self, kinds: Collection[str]) -> list[str]:
        """Ids of the sources that may yield a fact of one of these kinds."""
        return [
            one.id
            for one in self.manifests
            if one.transport == "own" or any(fact.kind in kinds for fact in one.facts)
        ]


def feeds_as_known(known_at: datetime) -> Feeds:
    """Every source with its last full delivery known at `known_at`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, {"known_at": known_at})
        rows = cursor.fetchall()
    manifests = [_manifest(source, version) for source, version, _, _ in rows]
    asked = [
        SourceView.of(
            manifest,
            full_delivered_on=delivered_at.astimezone(TAIPEI).date() if delivered_at else None,
            last_failed=failed,
        )
        for manifest, (_, _, delivered_at, failed) in zip(manifests, rows, strict=True)
        if manifest.transport != "own" and manifest.county is None
    ]
    return Feeds(asked, manifests)


def _manifest(source: str, version: str) -> Manifest:
    if (source, version) not in _manifests:
        body = Source.objects.values_list("manifest", flat=True).get(pk=source)
        _manifests[source, version] = manifest_as_taken(body)
    return _manifests[source, version]
