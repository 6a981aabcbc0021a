"""Write docs/trust.md from the figures of tests/trust, their last results and the list of stories.

python tools/write_trust_page.py           write the page
python tools/write_trust_page.py --check   status 1 when the page is not what it would be
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TRUST = ROOT / "tests" / "trust"
STORIES = TRUST / "stories"
PAGE = ROOT / "docs" / "trust.md"
HEAD = """# Trust: what is measured, and how to measure it again

Written by `tools/write_trust_page.py` from `tests/trust`; a test fails when it is stale. A figure is
an attempt repeated with seeded trials: it finds nothing, and it does find each fault that is planted
for it, or it is void. `make test` runs the share and two planted faults of each figure, others with
every commit; `make drill` runs the whole and all faults, in slices that go on where they were cut off
until a file that they speak of changes (`MATTERS` in `tests/trust/figure.py`; the commit named is that
of the last slice).

Repeat one alone: `.venv/bin/python -m pytest tests/trust/<file> -s`, with `ANWANG_SEED=N` for other
trials, and with `ANWANG_DRILL=1` for the whole (`ANWANG_DRILL_SECONDS=S` ends after S seconds and
says `ran k of K`).

## Figures

| figure | what | goal | in `make test` | in `make drill` | planted faults | last drill | file |
|---|---|---|---|---|---|---|---|
"""

STORIES_HEAD = """

## Stories

The 22 stories of the threat model. Each is a test by name (`test_sNN_...`), or waits for a room that
is not built yet (`tests/trust/stories/later.yaml`).

| story | must fail | held by |
|---|---|---|
"""
TAIL = """

## Ledgers and gates

`docs/asvs.yaml` maps each requirement of OWASP ASVS 5.0.0, levels 1 and 2, to a test, evidence, why
it does not apply, or what is open; `tests/trust/test_asvs.py` holds it. Static tools with rules of
our own and dated waivers run in `tools/check_security.py`: gates, never the proof.
"""


def figures() -> list[dict[str, Any]]:
    """Every Figure(...) of tests/trust/test_*.py as written there, with its file; sorted by name."""
    found = []
    for file in sorted(TRUST.glob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Figure":
                names = ("name", "what", "goal", "share", "whole", "portion", "allowed")
                values = {n: _value(a) for n, a in zip(names, node.args, strict=False)}
                values |= {str(word.arg): _value(word.value) for word in node.keywords}
                found.append(values | {"file": file.name})
    return sorted(found, key=lambda one: str(one["name"]))


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def stories() -> dict[str, str]:
    """S1 ... S22 -> what must fail, from docs/threat-model.md."""
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (S\d+) \| (.+?) \| .+ \|$", text)
    return dict(rows)


def tests_of_stories() -> dict[str, list[str]]:
    """S4 -> [file::test] of every function called test_s04_..."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for number, name in re.findall(
            r"(?m)^def (?=test_s(\d\d)_)(\w+)", file.read_text(encoding="utf-8")
        ):
            key = f"S{int(number)}"
            found.setdefault(key, []).append(f"{file.relative_to(ROOT)}::{name}")
    return found


def later() -> dict[str, str]:
    """Stories that wait for a room that is not built yet, with that room."""
    return dict(yaml.safe_load((STORIES / "later.yaml").read_text(encoding="utf-8")))


def _faults(name: str) -> str:
    file = TRUST / "planted" / f"{name.replace('-', '_')}.yaml"
    if not file.exists():
        return "in the file"
    return str(len(yaml.safe_load(file.read_text(encoding="utf-8"))))


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _last(results: dict[str, Any], name: str) -> str:
    one = results.get(name)
    if not one:
        return "not run yet"
    return f"{one['ran']:,} of {one['of']:,}, found {one['found']} ({one['commit']}, seed {one['seed']})"


def page() -> str:
    """The whole page."""
    file = ROOT / "docs" / "trust-results.json"
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    lines = [
        f"| {one['name']} | {one['what']} | {one['goal']} | {_number(one['share'])}"
        f" | {_number(one['whole'])} | {_faults(str(one['name']))} | {_last(results, str(one['name']))}"
        f" | `{one['file']}` |"
        for one in figures()
    ]
    tested, waiting = tests_of_stories(), later()
    rows = []
    for number, told in stories().items():
        files = sorted({one.partition("::")[0] for one in tested.get(number, [])})
        held = (
            f"{len(tested[number])} tests: " + ", ".join(f"`{f}`" for f in files) if files else ""
        )
        rows.append(f"| {number} | {told} | {held or 'waits: ' + waiting.get(number, '?')} |")
    return HEAD + "\n".join(lines) + STORIES_HEAD + "\n".join(rows) + TAIL


def main() -> int:
    fresh = page()
    if "--check" in sys.argv:
        return int(PAGE.read_text(encoding="utf-8") != fresh)
    PAGE.write_text(fresh, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(figures())} figures, {len(stories())} stories")
    return 0


if __name__ == "__main__":
    sys.exit(main())
