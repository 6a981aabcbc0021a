"""Tables of figures: each inconsistency of the founding documents is caught by a general rule and
explained; its clean twin passes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.tables.check import check_table
from anwang.registries.rules.tables.described import TableFault, number_in, read_table
from anwang.registries.rules.tables.findings import rules
from anwang.registries.rules.tables.periods import day_in, months_later, period_in

HERE = Path(__file__).parent / "tables"
ROOT = Path(__file__).resolve().parents[2]
CASES = {path.stem: read_yaml(path) for path in sorted(HERE.glob("*.yaml"))}


def written(folder: Path, description: Any, rows: str) -> tuple[Path, Path]:
    table, about = folder / "table.csv", folder / "table.yaml"
    table.write_text(rows, encoding="utf-8")
    about.write_text(yaml.safe_dump(description, allow_unicode=True), encoding="utf-8")
    return table, about


def found(folder: Path, description: Any, rows: str):
    return check_table(read_table(*written(folder, description, rows)))


def test_all_twenty_two_stand_here():
    assert list(CASES) == [f"I-{number:02d}" for number in range(1, 23)]


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_an_inconsistent_table_is_caught_and_explained(case, tmp_path):
    told = CASES[case]
    findings = found(tmp_path, told["description"], told["rows"])
    assert set(told["expects"]) <= {one.rule for one in findings}
    words = " ".join(one.text.zh + one.text.en for one in findings)
    for text in told.get("says", ()):
        assert text in words


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_its_clean_twin_passes(case, tmp_path):
    told, clean = CASES[case], CASES[case]["clean"]
    description = clean.get("description", told["description"])
    assert found(tmp_path, description, clean.get("rows", told["rows"])) == []


@pytest.mark.parametrize("rule", list(rules()))
def test_every_rule_says_what_is_wrong_and_what_to_do_in_both_languages(rule):
    one = rules()[rule]
    assert one.text.zh and one.text.en and one.fix.zh and one.fix.en
    # No number of a requirement and no file of ours, which nobody who reads a finding knows.
    told = " ".join(
        (
            *one.text.as_dict().values(),
            *one.fix.as_dict().values(),
            *one.citation.as_dict().values(),
        )
    )
    assert not re.search(r"\b[SI]-\d|\.yaml", told)


SUMS = {
    "table": "sums",
    "figures": {"unit": "person", "period": "2019", "stage": "x", "owner": "x", "source": "x"},
    "columns": {
        "row": "label",
        "all": {"is": "total", "counts": ["a", "b"]},
        "a": "count",
        "b": "count",
        "share": {"is": "share", "of": "a", "over": "all", "unit": "%", "whole": "all"},
        "rest": {"is": "share", "of": "b", "over": "all", "unit": "%", "whole": "all"},
    },
}


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ('x,"1,000",250,750,25.0%,75.0%', set()),
        ('x,"1,000",250,740,25.0%,74.0%', {"total-not-sum", "shares-not-hundred"}),
        ('x,"1,000",250,750,26.0%,75.0%', {"share-not-recomputed", "shares-not-hundred"}),
        ("x,1000,1250,-250,125%,-25%", {"part-exceeds-whole"}),
        ("x,1000,many,750,25%,75%", {"not-a-number", "total-not-sum"}),
        ("x,3,1,2,33.3%,66.7%", set()),
        ("x,–,–,–,–,–", set()),
    ],
)
def test_totals_parts_and_shares(line, broken, tmp_path):
    findings = found(tmp_path, SUMS, f"row,all,a,b,share,rest\n{line}\n")
    assert {one.rule for one in findings} - {"change-without-kind"} == broken


@pytest.mark.parametrize(
    ("text", "value", "decimals", "percent"),
    [("31,738", 31738, 0, False), ("43.65%", 43.65, 2, True), ("+9%", 9, 0, True),
     ("-0.5", -0.5, 1, False)],
)  # fmt: skip
def test_a_printed_number_is_read_with_its_decimals(text, value, decimals, percent):
    number = number_in(text)
    assert number and (number.value, number.decimals, number.percent) == (value, decimals, percent)


@pytest.mark.parametrize("text", ["", "–", "1,23", "12人", "abc", "1-2"])
def test_what_is_no_number_is_none(text):
    assert number_in(text) is None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("107年1月至12月", "2018-01-01", "2018-12-31"),
        ("107.01~108.02", "2018-01-01", "2019-02-28"),
        ("2018-03-01 to 2020-01-15", "2018-03-01", "2020-01-15"),
        ("108", "2019-01-01", "2019-12-31"),
        ("109年2月", "2020-02-01", "2020-02-29"),
    ],
)
def test_a_period_is_read_from_both_calendars(text, first, last):
    period = period_in(text)
    assert period and (str(period.first), str(period.last)) == (first, last)


def test_a_day_and_the_day_months_later():
    day = day_in("108年1月31日")
    assert day is not None
    assert str(months_later(day, 1)) == "2019-02-28"
    assert str(months_later(day, 13)) == "2020-02-29"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": {"row": "label"}}, "say what these columns are"),
        ({"columns": SUMS["columns"] | {"more": "count"}}, "no column 'more'"),
        ({"columns": SUMS["columns"] | {"a": "guess"}}, "is 'guess'"),
        ({"figures": {"colour": "red"}}, "figures have no colour"),
        ({"speaks": []}, "nobody knows speaks"),
        ({"says": [{"rumour": 1}]}, "a saying is one of"),
    ],
)
def test_a_wrong_description_is_told_in_plain_words(change, said, tmp_path):
    with pytest.raises(TableFault, match=said):
        found(tmp_path, SUMS | change, "row,all,a,b,share,rest\nx,1,1,0,100%,0%\n")


def checked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "table", "check", *arguments], cwd=ROOT, text=True,
        capture_output=True, env=os.environ | {"ANWANG_SOCKETS": "/nonexistent"}, timeout=60,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_tells_what_is_wrong_and_fails_and_is_content_with_the_twin(tmp_path):
    told = CASES["I-01"]
    table, _ = written(tmp_path, told["description"], told["rows"])
    done = checked(str(table))
    assert done.returncode == 1
    assert "1,252" in done.stdout and "unaccounted" in done.stdout
    lines = [json.loads(line) for line in checked(str(table), "--json").stdout.splitlines()]
    assert {one["rule"] for one in lines} == {"total-not-sum"}
    written(tmp_path, told["clean"]["description"], told["clean"]["rows"])
    assert checked(str(table)).returncode == 0
