"""`anwang match`: every query answered, by the contract of docs/formats, Matching."""

import json
import uuid

import pyarrow
import pytest
from django.core.management import call_command
from django.db import connection
from pyarrow import parquet

from anwang.access.actions.accounts import add_account
from anwang.access.context import Actor, enter
from anwang.access.models import Account, AuditEntry
from anwang.access.operator import USERNAME, ShowsNoPersons
from anwang.access.sealing import token
from anwang.people.rules.questions import QuestionsUnreadable, read_questions
from tests.people import stored

pytestmark = pytest.mark.django_db
CHILD = {
    "record_key": "H1",
    "name": "陳志安",
    "sex": "M",
    "birth_date": "2018-05-01",
    "national_id": "A123456789",
}
ROWS = [
    {"query_id": "a", "name": "陳志安", "birth": "民國107年5月1日", "sex": "M"},
    {"query_id": "b", "national_id": "A123456789"},
    {"query_id": "c", "name": "王大明"},
    {"query_id": "d"},
]
COLUMNS = ["query_id", "rank", "person_id", "probability", "weight", "source", "record_key",
           "reasons"]  # fmt: skip


@pytest.fixture(autouse=True)
def _as_the_command(in_role, monkeypatch):
    monkeypatch.setattr(stored, "token", token)
    actor = Actor(uuid.uuid4(), "program")
    with in_role("worker"):
        enter(actor)
        if not Account.objects.filter(username=USERNAME).exists():
            add_account(
                USERNAME, display_name="示範操作", display_name_en="Demo operator", password=None,
                county=None, memberships=[], actor=actor,
            )  # fmt: skip
        yield


def write(path, kind, rows=ROWS):
    file = path / f"asked.{kind}"
    if kind == "parquet":
        names = list(dict.fromkeys(name for row in rows for name in row))
        full = [{name: row.get(name) for name in names} for row in rows]
        parquet.write_table(pyarrow.Table.from_pylist(full), file)
    elif kind == "csv":
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = [",".join(names), *(",".join(row.get(n, "") for n in names) for row in rows)]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_every_query_has_its_rows_whatever_the_format(tmp_path, capsys, kind):
    (child,) = stored.store([CHILD])
    stored.store([CHILD | {"record_key": "V1"}], source="immunisation", persons=[child])
    out = tmp_path / "matches.parquet"
    call_command("match", str(write(tmp_path, kind)), out=out, json=True)
    table = parquet.read_table(out)
    assert table.column_names == COLUMNS
    rows = table.to_pylist()
    assert [(row["query_id"], row["rank"], row["record_key"]) for row in rows] == [
        ("a", 1, "H1"), ("a", 1, "V1"), ("b", 1, "H1"), ("b", 1, "V1"), ("c", 0, None),
        ("d", 0, None),
    ]  # fmt: skip
    assert {row["person_id"] for row in rows[:4]} == {str(child)}
    assert rows[4]["person_id"] is None
    assert json.loads(rows[0]["reasons"])["birth"]["level"] == "day"
    assert 0.7 <= rows[0]["probability"] <= 1
    assert json.loads(capsys.readouterr().out) == {"queries": 4, "matched": 2}


@pytest.mark.parametrize(
    "typed", ["A12345678O", "A523456789", "1A23456789", "A1234*6789", "A1○34567○9", "ａ12345王789"]
)
def test_a_number_with_any_one_slip_or_mask_finds_whom_it_means(tmp_path, typed):
    stored.store([CHILD, CHILD | {"record_key": "H2", "national_id": "A223456781", "sex": "F"}])
    rows = [{"query_id": "0", "national_id": typed, "birth": "107.5.1"}]
    out = tmp_path / "matches.parquet"
    call_command("match", str(write(tmp_path, "jsonl", rows)), out=out)
    (first, *_) = parquet.read_table(out).to_pylist()
    assert (first["query_id"], first["rank"], first["record_key"]) == ("0", 1, "H1")
    assert json.loads(first["reasons"])["national_id"]["level"] == "near"


def test_the_search_is_on_record_before_it_is_answered(tmp_path):
    call_command("match", str(write(tmp_path, "csv")), out=tmp_path / "matches.parquet")
    with connection.cursor() as cursor:
        cursor.execute("set local role anwang_auditor")
        found = AuditEntry.objects.filter(act="searched").count()
        cursor.execute("set local role anwang_worker")
    assert found == 1


def test_an_unreadable_line_is_answered_too(tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_text('{"query_id": "a"}\n{broken\n[1]\n', encoding="utf-8")
    assert [row["query_id"] for row in read_questions(file)] == ["a", "row 2", "row 3"]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    ("told", "ids"),
    [
        ([0, 1, 2], ["0", "1", "2"]),
        ([0.0, 1.0, None], ["0", "1", "row 3"]),
        ([1.5, 1.25, float("nan")], ["1.5", "1.25", "row 3"]),
        ([" a", "a ", "a"], [" a", "a ", "a"]),
        (["2", "", "  "], ["2", "row 2", "row 3"]),
    ],
)
def test_an_id_is_kept_as_told_and_no_row_takes_the_id_of_another(tmp_path, kind, told, ids):
    file = write(tmp_path, kind, [{"query_id": one, "name": "陳志安"} for one in told])
    assert [row["query_id"] for row in read_questions(file)] == ids


def test_half_a_character_in_an_id_does_not_end_the_run(tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_text('{"query_id": "a\\ud800"}\n', encoding="utf-8")
    assert [row["query_id"] for row in read_questions(file)] == ["a?"]


def test_an_id_of_a_csv_keeps_its_blanks_and_zeros(tmp_path):
    file = tmp_path / "asked.csv"
    file.write_text("query_id,name\n0,陳志安\n 007 ,陳志安\n,陳志安\n", encoding="utf-8")
    assert [row["query_id"] for row in read_questions(file)] == ["0", " 007 ", "row 3"]


@pytest.mark.parametrize("name", ["asked.xml", "missing.csv"])
def test_another_kind_of_file_is_refused_with_advice(tmp_path, name):
    if name == "asked.xml":
        (tmp_path / name).write_text("<a/>", encoding="utf-8")
    with pytest.raises(QuestionsUnreadable, match="query_id"):
        read_questions(tmp_path / name)


def test_a_table_without_query_id_is_refused(tmp_path):
    with pytest.raises(QuestionsUnreadable):
        read_questions(write(tmp_path, "csv", [{"name": "陳志安"}]))


def test_numbers_and_days_of_a_typed_table_are_read_as_texts(tmp_path):
    rows = [{"query_id": 7, "birth_year": 74.0, "phone": float("nan"), "name": " 陳志安 "}]
    (row,) = read_questions(write(tmp_path, "parquet", rows))
    assert row == {"query_id": "7", "birth_year": 74, "name": "陳志安"}


def test_a_production_instance_shows_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr("anwang.access.operator.instance_kind", lambda: "production")
    with pytest.raises(ShowsNoPersons):
        call_command("match", str(write(tmp_path, "csv")), out=tmp_path / "matches.parquet")
    assert not (tmp_path / "matches.parquet").exists()
