"""`anwang match QUERIES --out MATCHES`: whom each description means (docs/formats, Matching)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow
from django.core.management.base import BaseCommand, CommandParser
from pyarrow import parquet

from anwang.access.actions.entries import record_apart
from anwang.access.operator import PURPOSE, demo_operator
from anwang.access.sealing import token
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.queries import PersonMatch, find_many
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.questions import QUERY_ID, Question, read_questions

# Persons beside the accepted one are told where they are more than a remote possibility.
LEAST_PROBABILITY: Final = 0.01
MOST_RANKS: Final = 5
_ASKED_AT_ONCE: Final = 2_000
_TOLD_EVERY: Final = 1_000
_SCHEMA: Final = pyarrow.schema(
    [
        ("query_id", pyarrow.string()),
        ("rank", pyarrow.int32()),
        ("person_id", pyarrow.string()),
        ("probability", pyarrow.float64()),
        ("weight", pyarrow.float64()),
        ("source", pyarrow.string()),
        ("record_key", pyarrow.string()),
        ("reasons", pyarrow.string()),
    ]
)
Row = dict[str, Any]


class Command(BaseCommand):
    help = "Find the person each row of a table describes and write the matches as Parquet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queries", type=Path, help="Parquet, CSV or JSON Lines with query_id")
        parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, queries: Path, out: Path, json: bool, **options: Any) -> None:
        operator = demo_operator()
        questions = read_questions(queries)
        record_apart(
            Act.SEARCHED, actor=operator, object_kind="person", purpose=PURPOSE,
            detail={"command": "match"},
        )  # fmt: skip
        counted = self._write(questions, out)
        self.stdout.write(
            _as_json(counted) if json else
            "找到 {matched} 位，共 {queries} 筆查詢。"
            " Found {matched} of {queries}.".format(**counted)
        )  # fmt: skip

    def _write(self, questions: Iterator[Question], out: Path) -> dict[str, int]:
        """Answer in slices; the file appears whole or not at all."""
        counted = {"queries": 0, "matched": 0}
        today = clock_now().astimezone(TAIPEI).date()
        part = out.with_name(out.name + ".part")
        try:
            with parquet.ParquetWriter(part, _SCHEMA) as writer:
                while slice_ := list(islice(questions, _ASKED_AT_ONCE)):
                    asked = [
                        forms_of(one, token=token, query=True, told_on=today) for one in slice_
                    ]
                    rows = [
                        row
                        for question, matches in zip(slice_, _answers(asked), strict=True)
                        for row in rows_of(question[QUERY_ID], matches)
                    ]
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=_SCHEMA))
                    self._count(counted, rows, len(slice_))
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return counted

    def _count(self, counted: dict[str, int], rows: Iterable[Row], asked: int) -> None:
        before = counted["queries"]
        counted["queries"] += asked
        counted["matched"] += len({row["query_id"] for row in rows if row["rank"] == 1})
        if sys.stderr.isatty():
            self.stderr.write(f"\r{counted['queries']} ", ending="")
        elif before // _TOLD_EVERY != counted["queries"] // _TOLD_EVERY:
            self.stderr.write(f"{counted['queries']} queries")


def _answers(asked: list[Forms]) -> list[list[PersonMatch]]:
    return find_many(asked, limit=MOST_RANKS)


def rows_of(query_id: str, matches: list[PersonMatch]) -> list[Row]:
    """The rows of one query: rank 0 alone where the best match is not acceptable."""
    if not matches or not matches[0].accepted:
        return [{"query_id": query_id, "rank": 0, "probability": 0.0, "reasons": "{}"}]
    told = [matches[0], *(m for m in matches[1:] if m.probability >= LEAST_PROBABILITY)]
    return [
        {
            "query_id": query_id,
            "rank": rank,
            "person_id": str(match.person_id),
            "probability": match.probability,
            "weight": match.weight,
            "source": source,
            "record_key": record_key,
            "reasons": _as_json(
                {one.comparison: {"level": one.level, "weight": one.weight}
                 for one in match.reasons}
            ),
        }
        for rank, match in enumerate(told, start=1)
        for source, record_key in match.records
    ]  # fmt: skip


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
