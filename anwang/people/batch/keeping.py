"""The base between two runs: a file beside the database, made anew whenever it does not fit.

It holds columns of hashed numbers, keys and scored pairs; nothing that a person typed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb

from anwang.common.errors import AnwangError
from anwang.people.batch.base import MOST_OF_A_KEY, TABLES, Base
from anwang.people.queries import model_in_force
from anwang.people.rules.columns import STORED
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.scoring import Model

FILE: Final = "linking.duckdb"


class BaseInUse(AnwangError):
    """另一個 anwang link 正在執行，請等它結束。 Another anwang link is at work; wait for its end."""


class EngineMissing(AnwangError):
    """--engine spark 需要選用套件： --engine spark needs an optional extra: .venv/bin/python -m pip
    install --require-hashes -r requirements/spark.txt, and Java 17 or newer.
    """


@contextmanager
def base_kept(home: Path, engine: str = "duckdb") -> Iterator[Base]:
    """The base of the last run, or an empty one. Raises BaseInUse, EngineMissing."""
    if engine == "spark":
        if not has_spark():
            raise EngineMissing(" ".join(str(EngineMissing.__doc__).split()))
        from anwang.people.batch.spark import SparkBase, spark_session

        with spark_session() as session, duckdb.connect() as db:
            base: Base = SparkBase(db, model_in_force(), session)
            base.prepare()
            yield base
        return
    path = home / "derived" / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened(path, model_in_force()) as db:
        path.chmod(0o600)
        base = Base(db, model_in_force())
        base.prepare()
        yield base


def has_spark() -> bool:
    """Whether the optional extra is installed."""
    return find_spec("pyspark") is not None


@contextmanager
def _opened(path: Path, model: Model) -> Iterator[duckdb.DuckDBPyConnection]:
    made_for = f"{model.version} {STORED.descr} {MOST_OF_A_KEY} " + " ".join(
        f"{one.name}:{','.join(one.names)}" for one in COMPARISONS
    )
    try:
        db = duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BaseInUse(str(BaseInUse.__doc__)) from error
        os.remove(path)  # what an interrupted machine left cannot be read
        db = duckdb.connect(str(path))
    try:
        db.execute("create table if not exists made_for (what varchar)")
        if db.execute("select what from made_for").fetchall() not in ([], [(made_for,)]):
            for table in (*TABLES, "made_for"):
                db.execute(f"drop table if exists {table}")
            db.execute("create table made_for (what varchar)")
        db.execute("delete from made_for")
        db.execute("insert into made_for values (?)", [made_for])
        yield db
    finally:
        db.close()
