"""Spark links as DuckDB does: the same pairs, levels, weights and persons (decision 17).

PySpark is an optional extra; `make spark` installs it and runs this.
"""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pytest
from django.core.management import call_command
from django.db import transaction

from anwang.people.models import Identity
from anwang.people.rules.scoring import load_model
from tests.people import stored
from tests.people.told_records import cleaned, fresh_base, linked, registries

pytest.importorskip("pyspark", reason="an optional extra: make spark installs it and runs this")

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def test_spark_finds_the_same_pairs_levels_and_persons():
    from anwang.people.batch.spark import SparkBase, spark_session

    rows, _ = registries(500, seed=35)
    tables = cleaned(rows).tables(list(range(len(rows))), list(range(len(rows))))
    ours = fresh_base()
    ours.take(*tables)
    ours.compare()
    with spark_session() as session:
        nation = SparkBase(duckdb.connect(), load_model(), session)
        nation.prepare()
        nation.take(*tables)
        nation.compare()
    edges = "select * from edge order by l, r"
    assert len(ours.db.execute(edges).fetchall()) > 100
    assert nation.db.execute(edges).fetchall() == ours.db.execute(edges).fetchall()
    assert np.array_equal(linked(ours)[1].cluster, linked(nation)[1].cluster)


@pytest.mark.django_db
def test_the_command_makes_the_same_persons_of_what_is_stored(
    in_role, settings, tmp_path, capsys
) -> None:
    settings.HOME = tmp_path

    def linked_by(engine: str) -> tuple[dict[str, int], set[frozenset[int]]]:
        call_command("link", "--engine", engine, "--json")
        persons: dict[object, set[int]] = {}
        for number, person in Identity.objects.values_list("no", "person_id"):
            persons.setdefault(person, set()).add(number)
        return json.loads(capsys.readouterr().out), {frozenset(one) for one in persons.values()}

    rows, _ = registries(150, seed=41)
    with in_role("worker"):
        stored.store(rows)
        with transaction.atomic():
            told, persons = linked_by("duckdb")
            transaction.set_rollback(True)
        assert told["linked"] > 0
        assert linked_by("spark") == (told, persons)
        assert linked_by("spark")[0]["linked"] == 0
