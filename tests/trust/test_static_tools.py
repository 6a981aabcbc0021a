"""The gates of tools/check_security.py: rules that find, waivers that end, pins with hashes."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLANTED = Path(__file__).with_name("planted") / "semgrep"
TODAY = dt.date(2026, 3, 2)


def _gates() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gates", ROOT / "tools" / "check_security.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["gates"] = module
    spec.loader.exec_module(module)
    return module


gates = _gates()
RULES = [
    rule["id"] for rule in yaml.safe_load((ROOT / "tools/semgrep/anwang.yaml").read_text())["rules"]
]


def found(rule: str = "x", path: str = "anwang/a.py") -> object:
    return gates.Finding("semgrep", rule, path, 3, "text")


def waiver(until: dt.date = TODAY, path: str = "anwang/a.py", reason: str = "why " * 9) -> object:
    return gates.Waiver("semgrep", "x", path, reason, until)


def test_a_finding_without_a_waiver_stops_the_build() -> None:
    assert len(gates.judged([found()], [], TODAY)) == 1
    assert gates.judged([found()], [waiver()], TODAY) == []
    assert len(gates.judged([found("y")], [waiver()], TODAY)) == 2


def test_a_waiver_that_ended_lasts_too_long_or_is_idle_stops_the_build() -> None:
    assert "ended" in gates.judged([found()], [waiver(TODAY - dt.timedelta(1))], TODAY)[0]
    assert "beyond" in gates.judged([found()], [waiver(TODAY + dt.timedelta(500))], TODAY)[0]
    assert "not needed" in gates.judged([], [waiver()], TODAY)[0]


def test_a_waiver_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text("- {tool: t, rule: r, path: p, reason: ok, until: 2026-01-01}")
    with pytest.raises(ValueError, match="says why"):
        gates.read_waivers(file)


def test_our_waivers_are_in_force_and_name_files_that_are_there() -> None:
    today = dt.datetime.now(dt.UTC).date()  # noqa: TID251 - a waiver ends by the calendar
    for one in gates.read_waivers():
        assert (ROOT / one.path).is_file(), one
        assert one.until >= today, f"{one}: mend the place, or give a new reason"


def test_every_requirement_has_an_exact_version_and_a_hash() -> None:
    assert gates.pins() == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("django>=5.2 \\\n    --hash=sha256:00", "exact-version"),
        ("django==5.2.1", "hash"),
        ("django @ https://files.example/django.whl --hash=sha256:00", "address"),
        ("-e git+https://files.example/django", "address"),
    ],
)
def test_an_open_requirement_is_found(line: str, rule: str) -> None:
    assert rule in {one.rule for one in gates.pins_of(line, "x.txt")}


@pytest.fixture(scope="module")
def planted() -> set[tuple[str, str, int]]:
    files = [str(file.relative_to(ROOT)) for file in PLANTED.glob("bad.*")]
    told = gates.semgrep(*files, jobs=1)
    return {(one.rule, Path(one.path).name, one.line) for one in told}


def test_every_rule_of_ours_finds_the_line_planted_for_it(
    planted: set[tuple[str, str, int]],
) -> None:
    marked = {
        (rule, file.name, number)
        for file in PLANTED.glob("bad.*")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        for rule in re.findall(r"finds: ([a-z-]+)", line)
    }
    assert {rule for rule, _, _ in marked} == set(RULES), (
        "a rule without a planted line proves nothing"
    )
    assert sorted(marked - planted) == []


def test_the_bill_of_materials_names_every_pinned_package() -> None:
    parts = {
        one["name"].lower(): one for one in json.loads(gates.bill_of_materials())["components"]
    }
    pinned = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements/run.txt").read_text()))
    assert {name.lower() for name in pinned} <= parts.keys()
    assert all(one["hashes"] for one in parts.values())
