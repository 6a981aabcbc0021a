"""Sources from their manifests: run by the owner when an instance is made or upgraded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from anwang.common.yaml_files import read_yaml
from anwang.registries.models import Source
from anwang.registries.rules.manifests import SOURCES, load_manifests

_PARTITIONED = ("registries_record", "registries_fact")


def partition_of(table: str, source_id: str) -> str:
    """Name of the partition that holds a source's rows of `table`."""
    return f"{table}_{source_id.replace('-', '_')}"


@transaction.atomic
def load_sources(folder: Path = SOURCES) -> list[str]:
    """Upsert a Source for each manifest in `folder` and give it its partitions. Repeatable.

    Returns the ids, sorted. Raises ManifestFault before anything is written.
    """
    manifests = load_manifests(folder)
    for source_id, manifest in manifests.items():
        Source.objects.update_or_create(
            id=source_id,
            defaults={
                "manifest": _body(folder / f"{source_id}.yaml"),
                "version": str(manifest.version),
                "external": manifest.external,
                "assumed": manifest.assumed,
            },
        )
        _make_partitions(source_id)
    return list(manifests)


def _body(path: Path) -> dict[str, Any]:
    body: dict[str, Any] = read_yaml(path)
    return body


def _make_partitions(source_id: str) -> None:
    """A partition a source. Policies are not inherited, so nobody gets a grant on it."""
    with connection.cursor() as cursor:
        for table in _PARTITIONED:
            name = partition_of(table, source_id)
            cursor.execute("select to_regclass(%s)", [f"public.{name}"])
            if cursor.fetchone()[0] is None:
                make = sql.SQL("create table {} partition of {} for values in ({})")
                parts = (sql.Identifier(name), sql.Identifier(table), sql.Literal(source_id))
                cursor.execute(make.format(*parts).as_string(None))
