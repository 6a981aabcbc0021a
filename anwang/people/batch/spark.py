"""The nation's engine: the same base, its pairs found and scored by Spark through Splink.

The same records, keys and settings give the same pairs, so that clusters and everything behind
them are the same (decision 17). All is compared anew at each run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from anwang.people.batch.base import MOST_OF_A_KEY, WORTH_COMPARING, Base, Progress, total
from anwang.people.batch.splink_engine import scored_by_splink
from anwang.people.rules.comparisons import COMPARISONS

_PAIRS: Final = f"""
select distinct '0' as match_key,
    case when b.id = 0 then least(c.l, c.r) else c.l end as join_key_l,
    case when b.id = 0 then greatest(c.l, c.r) else c.r end as join_key_r
from (
    select asked.no as l, held.no as r
    from asked join held on asked.key = held.key and asked.no <> held.no
    join (select key from held group by key having count(*) <= {MOST_OF_A_KEY}) small
        on small.key = held.key
) c join record a on a.no = c.l join record b on b.no = c.r
where {WORTH_COMPARING}
"""  # noqa: S608 - constants only


@contextmanager
def spark_session() -> Iterator[Any]:
    """A local session with Splink's functions; a cluster's is configured by SPARK_CONF_DIR."""
    from pyspark.sql import SparkSession
    from splink.backends.spark import similarity_jar_location

    with tempfile.TemporaryDirectory(prefix="anwang-spark-") as folder:
        cores = len(os.sched_getaffinity(0))
        session = (
            SparkSession.builder.appName("anwang-link")
            .master(os.environ.get("ANWANG_SPARK_MASTER", f"local[{cores}]"))
            .config("spark.jars", similarity_jar_location())
            .config("spark.sql.shuffle.partitions", 2 * cores)
            .config("spark.default.parallelism", 2 * cores)
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.local.dir", folder)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.ansi.enabled", "false")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        session.sparkContext.setCheckpointDir(folder)
        try:
            yield session
        finally:
            session.stop()


@dataclass(frozen=True, slots=True)
class SparkBase(Base):
    """A base whose pairs Spark finds and scores."""

    session: Any

    def compare(self, progress: Progress | None = None) -> int:
        """Score everybody against everybody; returns how many pairs were scored."""
        from splink import SparkAPI

        with tempfile.TemporaryDirectory(prefix="anwang-link-") as folder:
            for table in ("record", "held", "asked"):
                path = Path(folder) / f"{table}.parquet"
                self.db.execute(f"copy {table} to '{path}' (format parquet)")
                self.session.read.parquet(str(path)).createOrReplaceTempView(table)
            blocked = Path(folder) / "blocked.parquet"
            self.session.sql(_PAIRS).write.parquet(str(blocked))
            splink_api: Any = SparkAPI
            api = splink_api(spark_session=self.session, break_lineage_method="parquet")
            records = self.session.table("record").drop("tie")
            pairs = self.session.read.parquet(str(blocked))
            found = scored_by_splink(api, records, pairs, self.model, "spark", levels=True)
        levels = {one.name: found[f"level_{one.name}"] for one in COMPARISONS}
        kept = pa.table({"l": found["l"], "r": found["r"], **levels})
        weights = {one.name: found[one.name].to_numpy() for one in COMPARISONS}
        kept = kept.filter(pa.array(total(weights) >= self.least()))
        self.db.execute("delete from edge")
        self.db.register("scored", kept)
        names = ", ".join(one.name for one in COMPARISONS)
        self.db.execute(f"insert into edge select l, r, {names} from scored")  # noqa: S608
        self.db.unregister("scored")
        self._all_compared()
        if progress:
            progress(len(found), len(found))
        return len(found)
