"""Writes a nation to Parquet, block by block, in as many processes as asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.population.people import BLOCK, blocks_of
from benchmarks.population.questions import queries
from benchmarks.population.registers import SOURCES, rows_of_block

QUERIES = 5_000
_TOGETHER = 8  # blocks of one row group
Told = Callable[[int], None]


def write(
    folder: Path, persons: int, seed: int, *, sources: Iterable[str] = tuple(SOURCES),
    share: float = 1.0, count: int = QUERIES, workers: int = 1, progress: Told | None = None,
) -> dict[str, Path]:  # fmt: skip
    """Write records, truth and `count` queries into `folder`; paths by name (`records-<source>`,
    `truth`, `queries`). `progress` hears how many persons are done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources = tuple(sources)
    names = [*(f"records-{source}" for source in sources), "truth", "queries"]
    paths = {name: folder / f"{name}.parquet" for name in names}
    pq.write_table(queries(seed, persons, count), paths["queries"])
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for done, tables in _parts(seed, persons, sources, share, workers):
            for name, table in tables.items():
                if name not in writers:
                    writers[name] = pq.ParquetWriter(paths[name], table.schema, compression="zstd")
                writers[name].write_table(table)
            if progress:
                progress(min(done, persons))
    finally:
        for writer in writers.values():
            writer.close()
    return paths


def _parts(
    seed: int, persons: int, sources: tuple[str, ...], share: float, workers: int
) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """(persons done, tables by name) in the order of the blocks."""
    blocks = blocks_of(persons)
    parts = [blocks[at : at + _TOGETHER] for at in range(0, len(blocks), _TOGETHER)]
    made = partial(_part, seed, persons, sources, share)
    done = 0
    if workers == 1:
        for part in parts:
            done += len(part) * BLOCK
            yield done, made(part)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        # A bounded number of parts is ahead of the writer.
        for at in range(0, len(parts), 2 * workers):
            some = parts[at : at + 2 * workers]
            for part, tables in zip(some, pool.map(made, some), strict=True):
                done += len(part) * BLOCK
                yield done, tables


def _part(
    seed: int, persons: int, sources: tuple[str, ...], share: float, part: range
) -> dict[str, pa.Table]:
    told: dict[str, list[pa.Table]] = {"truth": []}
    for block in part:
        for source in sources:
            records, truth = rows_of_block(seed, persons, block, source, share)
            told.setdefault(f"records-{source}", []).append(records)
            told["truth"].append(truth)
    return {name: pa.concat_tables(tables).unify_dictionaries() for name, tables in told.items()}
