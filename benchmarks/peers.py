"""Peers of the live search on the same rows and questions: Splink 5, and trigrams in PostgreSQL.

Both get what ours gets, cleaned: folded names and sounds, whole birth dates, phones, the parts of
addresses, the number as written. Splink is trained by its own EM on the register itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import psycopg
import pyarrow as pa

from anwang.people.rules.forms import Forms

# Of the stored forms, the columns that a user of Splink would make.
RECORDS: Final = """
select i.no as unique_id, i.person_id::text as person, w.forms->>'f' as name,
    coalesce((select string_agg(one, ' ') from jsonb_array_elements_text(w.forms->'s') one),
        (select string_agg(one, ' ') from jsonb_array_elements_text(w.forms->'l') one)) as sound,
    case when w.forms ? 'd' then format('%%s-%%s-%%s', w.forms->>'y', lpad(w.forms->>'m', 2, '0'),
        lpad(w.forms->>'d', 2, '0')) end as birth_date,
    w.forms->>'y' as year, w.forms->>'x' as sex, w.forms->'p'->>0 as phone,
    nullif(concat_ws('|', w.forms->'a'->>1, w.forms->'a'->>3, w.forms->'a'->>4, w.forms->'a'->>5,
        w.forms->'a'->>6, w.forms->'a'->>7), '') as address
from people_identity i join people_identity w on w.no = coalesce(i.like_no, i.no) order by i.no
"""
_TYPES: Final = pa.schema(
    [("unique_id", pa.int64()), ("person", pa.string()), ("name", pa.string()),
     ("sound", pa.string()), ("birth_date", pa.string()), ("year", pa.string()),
     ("sex", pa.string()), ("phone", pa.string()), ("address", pa.string()),
     ("national_id", pa.string())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A peer's first answer: the person's id and how sure, None where it finds nobody."""

    person: str | None
    score: float


def cleaned(forms: Forms, number: str, place: int) -> dict[str, Any]:
    """One question in the columns of `RECORDS`, the number as told."""
    one = forms.address
    whole = forms.year and forms.month and forms.day
    address = [one.district, one.road, str(one.section), one.lane, one.alley, one.number]
    return {
        "unique_id": -1 - place,
        "person": None,
        "name": forms.name_folded or None,
        "sound": " ".join(forms.name_sound or forms.latin) or None,
        "birth_date": f"{forms.year}-{forms.month:02}-{forms.day:02}" if whole else None,
        "year": str(forms.year) if forms.year else None,
        "sex": forms.sex or None,
        "phone": str(forms.phones[0]) if forms.phones else None,
        "address": "|".join(address) if one.district or one.road else None,
        "national_id": number.strip().upper() or None,
    }


def read_records(address: str, numbers: Sequence[str]) -> pa.Table:
    """The register's rows cleaned, with the numbers as its registries wrote them."""
    parts = []
    with psycopg.connect(address) as own, own.cursor(name="rows") as cursor:
        cursor.execute(RECORDS.replace("%%", "%"))
        while rows := cursor.fetchmany(50_000):
            columns = list(zip(*rows, strict=True))
            first = columns[0][0] - 1
            columns.append(tuple(one or None for one in numbers[first : first + len(rows)]))
            parts.append(
                pa.table([pa.array(one) for one in columns], names=_TYPES.names).cast(_TYPES)
            )
    return pa.concat_tables(parts)


@dataclass(slots=True)
class Splink:
    """Splink trained on the register; asked one at a time or all together."""

    records: pa.Table
    _linker: Any = field(init=False)
    _api: Any = field(init=False)
    _known: Any = field(init=False)
    _asked: int = 0

    def __post_init__(self) -> None:
        import splink.comparison_library as cl
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on

        logging.getLogger("splink").setLevel(logging.ERROR)
        rules = [
            block_on("national_id"), block_on("substr(national_id, 1, 6)"),
            block_on("substr(national_id, 5, 6)"), block_on("name", "year"), block_on("sound", "year"),
            block_on("phone"), block_on("address"), block_on("birth_date", "substr(name, 1, 1)"),
            block_on("birth_date", "sex", "substr(address, 1, 3)"),
        ]  # fmt: skip
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.DamerauLevenshteinAtThresholds("national_id", [1, 2]),
                cl.NameComparison("name").configure(term_frequency_adjustments=True),
                cl.JaroWinklerAtThresholds("sound", [0.95, 0.85]),
                cl.DateOfBirthComparison("birth_date", input_is_string=True),
                cl.ExactMatch("sex"),
                cl.ExactMatch("phone"),
                cl.LevenshteinAtThresholds("address", [1, 4]),
            ],
            blocking_rules_to_generate_predictions=rules,
            retain_matching_columns=False,
        )
        database = duckdb.connect()
        database.register("arrived", self.records)
        database.execute("create table people as select * from arrived")
        self._api = DuckDBAPI(database)
        self._known = self._api.register(database.table("people"))
        self._linker = Linker(self._known, settings, log_level=logging.ERROR)
        training = self._linker.training
        training.estimate_probability_two_random_records_match(
            [block_on("national_id")], recall=0.95
        )
        training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in (block_on("national_id"), block_on("name", "birth_date")):
            training.estimate_parameters_using_expectation_maximisation(
                rule, record_sample_proportion=min(1.0, 300_000 / len(self.records))
            )
        self._linker.table_management.compute_tf_table("name")

    def ask(self, questions: Sequence[dict[str, Any]]) -> list[Found]:
        """The best person for each question by one call; ids from the register's rows."""
        self._asked += 1
        name = f"asked_{self._asked}"
        told = pa.Table.from_pylist([dict(one) for one in questions], schema=_TYPES)
        asked = self._api.register(told, table_name=name)
        pairs = self._linker.inference.predict_between(asked, self._known, warning_mode="never")
        rows = pairs.as_pyarrow_table().select(["unique_id_l", "unique_id_r", "match_weight"])
        pairs.drop_table_from_database_and_remove_from_cache()
        best: dict[int, tuple[float, int]] = {}
        for one, other, weight in zip(
            *(rows[name].to_pylist() for name in rows.column_names), strict=True
        ):
            question, record = (one, other) if one < 0 else (other, one)
            if question not in best or best[question][0] < weight:
                best[question] = (weight, record)
        return [self._found(best.get(one["unique_id"])) for one in questions]

    def _found(self, best: tuple[float, int] | None) -> Found:
        if best is None:
            return Found(None, float("-inf"))
        return Found(self.records["person"][best[1] - 1].as_py(), best[0])


_TRIGRAMS: Final = """
select person, similarity(told, %s) + (national_id is not distinct from %s and %s <> '')::int as sure
from peer_trigrams where told %% %s or national_id = %s
order by sure desc limit 1
"""


@dataclass(slots=True)
class Trigrams:
    """One GIN index over all that is told as one text, and one over the number."""

    connection: psycopg.Connection[Any]

    @classmethod
    def over(cls, address: str, records: pa.Table) -> Trigrams:
        """Make the table unless it is there, with its indexes."""
        own = psycopg.connect(address, autocommit=True)
        own.execute("create extension if not exists pg_trgm")
        if own.execute("select to_regclass('peer_trigrams')").fetchone() == (None,):
            own.execute("create table peer_trigrams (person text, national_id text, told text)")
            with own.cursor() as cursor, cursor.copy("copy peer_trigrams from stdin") as to:
                for batch in records.to_batches(20_000):
                    for row in batch.to_pylist():
                        to.write_row((row["person"], row["national_id"] or "", cls.text(row)))
            own.execute("create index on peer_trigrams using gin (told gin_trgm_ops)")
            own.execute("create index on peer_trigrams (national_id)")
            own.execute("vacuum (analyze) peer_trigrams")
        own.execute("set pg_trgm.similarity_threshold = 0.45")
        return cls(own)

    @staticmethod
    def text(row: dict[str, Any]) -> str:
        """Name and address as one text."""
        return f"{row['name'] or row['sound'] or ''} {row['address'] or ''}"

    def ask(self, question: dict[str, Any]) -> Found:
        """The most similar row's person."""
        told, number = self.text(question), question["national_id"] or ""
        found = self.connection.execute(
            _TRIGRAMS, [told, number, number, told, number or "-"]
        ).fetchone()
        return Found(found[0], found[1]) if found else Found(None, float("-inf"))


def questions_cleaned(asked: Iterable[tuple[Forms, str]]) -> list[dict[str, Any]]:
    """All questions in the peers' columns."""
    return [cleaned(forms, number, place) for place, (forms, number) in enumerate(asked)]
