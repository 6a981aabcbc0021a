"""The documents hold together: links resolve, examples fit the schema, code lists fit the data."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "anwang" / "directory" / "data"
FORMATS = ROOT / "docs" / "formats"

# The left column of the table "Outcomes" -> the file of the directory that holds the same list.
LISTS_IN_FORMATS = {
    "grade": "grades",
    "class": "grade_classes",
    "stream": "streams",
    "receiving agency kind": "agency_kinds",
    "state of a report": "report_states",
    "state of a look-up": "lookup_states",
    "refusal of an offer": "refusals",
    "roles of people": "roles",
    "outcome of a vulnerable-family visit": "visit_outcomes",
}
# Where the schema lists codes -> the file of the directory that holds the same list.
LISTS_IN_SCHEMA = {
    ("channel",): "channels",
    ("subjects", "items", "role"): "subject_roles",
    ("subjects", "items", "sex"): "sexes",
    ("concerns", "items"): "concerns",
    ("immediate_danger",): "answers",
    ("incident", "injury"): "injuries",
}
# A link or an image in Markdown: the target without its title.
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def prose(path: Path) -> str:
    """The text of a document without fenced blocks, in which brackets are not links."""
    return re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def anchors(path: Path) -> set[str]:
    """Anchors of the headings as code hosts derive them: lower case, no marks, hyphens."""
    headings = re.findall(r"^#+ (.+)$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def directory_codes(name: str) -> list[str]:
    """Codes of one list of the directory, in its order."""
    rows = yaml.safe_load((DIRECTORY / f"{name}.yaml").read_text(encoding="utf-8"))
    return [str(row["code"]) for row in rows]


def table_rows(path: Path) -> list[list[str]]:
    """Cells of every table row of a document."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.strip()[1:-1].split("|") for line in lines if line.startswith("|"))
    return [[cell.strip() for cell in row] for row in rows]


def documented_codes(name: str) -> list[str]:
    for row in table_rows(FORMATS / "README.md"):
        if row[0] == name and len(row) == 2:
            return re.findall(r"`([^`]+)`", row[1])
    raise AssertionError(f"docs/formats/README.md has no list {name!r}")


def schema() -> dict[str, object]:
    return json.loads((FORMATS / "report.schema.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def schema_codes(path: tuple[str, ...]) -> list[str]:
    node: object = schema()
    for step in path:
        assert isinstance(node, dict)
        node = node["items"] if step == "items" else node["properties"][step]
    assert isinstance(node, dict)
    return [str(code) for code in node["enum"]]


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_of_a_document_ends_inside_the_repository(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        assert not re.match(r"[a-z]+:|/", target), f"{path.name}: {target} leaves the repository"
        file, _, anchor = target.partition("#")
        end = (path.parent / file).resolve() if file else path
        assert end.is_relative_to(ROOT), f"{path.name}: {target} leaves the repository"
        assert end.exists(), f"{path.name}: {target} does not exist"
        if anchor:
            assert anchor in anchors(end), f"{path.name}: {target} has no such heading"


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_document_names_a_path_of_some_machine(path: Path) -> None:
    # Paths of pages (/desk) and of data (/var/lib/anwang) are fine; homes are not.
    assert not re.search(
        r"(?<![\w.])/(work|home|root|Users|tmp|mnt)/", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.schema.json")), ids=lambda p: p.name)
def test_every_schema_is_a_valid_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_every_document_that_code_cites_exists() -> None:
    sources = [p for top in ("anwang", "config", "demo", "tools") for p in (ROOT / top).rglob("*")]
    for path in sources:
        if path.suffix in {".py", ".yaml", ".sql", ".html"}:
            text = path.read_text(encoding="utf-8")
            for cited in re.findall(r"\bdocs/[\w/.-]*\w", text):
                assert (ROOT / cited).exists(), f"{path.relative_to(ROOT)} cites {cited}"
            for number in re.findall(r"\bADR (\d{4})\b", text):
                assert list((ROOT / "docs/adr").glob(f"{number}-*.md")), (
                    f"{path.name}: ADR {number}"
                )


def test_every_example_report_satisfies_the_schema() -> None:
    check = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    lines = (FORMATS / "example-reports.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        check.validate(json.loads(line))


@pytest.mark.parametrize(("name", "file"), LISTS_IN_FORMATS.items())
def test_a_code_list_of_the_formats_is_the_list_of_the_directory(name: str, file: str) -> None:
    assert sorted(documented_codes(name)) == sorted(directory_codes(file))


@pytest.mark.parametrize(("path", "file"), LISTS_IN_SCHEMA.items())
def test_a_code_list_of_the_schema_is_the_list_of_the_directory(
    path: tuple[str, ...], file: str
) -> None:
    assert sorted(schema_codes(path)) == sorted(directory_codes(file))


def test_relations_to_the_head_of_a_household_are_those_of_the_directory() -> None:
    text = (FORMATS / "README.md").read_text(encoding="utf-8")
    listed = re.search(r"`relation_to_head`: ([^;]+);", text)
    assert listed
    codes = re.findall(r"`([^`]+)`", listed.group(1))
    assert sorted(codes) == sorted(directory_codes("relations_to_head"))


def test_counties_of_the_domain_page_are_those_of_the_directory() -> None:
    with (DIRECTORY / "counties.csv").open(encoding="utf-8", newline="") as lines:
        kept = {(row["code"], row["name_zh"]) for row in csv.DictReader(lines)}
    rows = [row for row in table_rows(ROOT / "docs" / "domain.md") if len(row) == 6]
    told = {
        (row[i], row[i + 1]) for row in rows for i in (0, 2, 4) if re.fullmatch(r"\d{5}", row[i])
    }
    assert told == kept


def test_every_numbered_rule_of_trust_stands_once_in_order() -> None:
    # Tests elsewhere name these numbers, so none may vanish or be given twice.
    numbers = [row[0] for row in table_rows(ROOT / "docs" / "threat-model.md")]
    for letter, last in {
        "A": 10,
        "S": 22,
        "B": 9,
        "R": 17,
        "G": 5,
        "D": 6,
        "P": 10,
        "I": 8,
    }.items():
        found = [number for number in numbers if re.fullmatch(rf"{letter}\d+", number)]
        assert found == [f"{letter}{n}" for n in range(1, last + 1)]


def test_every_promise_stands_once_in_order() -> None:
    numbers = [row[0] for row in table_rows(ROOT / "docs" / "design.md")]
    assert [n for n in numbers if re.fullmatch(r"V\d+", n)] == [f"V{n}" for n in range(1, 11)]


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for number, page in enumerate(pages, start=1):
        assert page.name.startswith(f"{number:04d}-")
        assert f"({page.name})" in index, f"{page.name} is missing from the list of decisions"
        headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert headings == ["Context", "Options", "Decision", "Consequences"], page.name


def test_every_design_token_is_described_and_no_other() -> None:
    sheet = (ROOT / "anwang/common/static/anwang/tokens.css").read_text(encoding="utf-8")
    defined = set(re.findall(r"^\s*(--[\w-]+):", sheet, flags=re.MULTILINE))
    groups = [row[1] for row in table_rows(ROOT / "docs" / "look.md") if len(row) == 3]
    assert set(re.findall(r"`(--[\w-]+)`", " ".join(groups))) == defined


def test_no_word_of_the_glossary_has_two_entries() -> None:
    rows = [row for row in table_rows(ROOT / "docs" / "glossary.md") if len(row) == 4]
    words = [row[0] for row in rows if row[0] not in {"中文", "---"}]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*")), ids=lambda p: p.name)
def test_requirements_hold_no_addresses(path: Path) -> None:
    assert "://" not in path.read_text(encoding="utf-8")


def test_the_page_of_clocks_names_every_clock_and_every_pause():
    """A term that is not on the page cannot be checked by who knows the law."""
    said = yaml.safe_load((ROOT / "anwang/triage/policies/clocks.yaml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "clocks.md").read_text(encoding="utf-8")
    units = ("hours", "days", "working_days", "months")
    for one in said["clocks"]:
        (line,) = [text for text in page.splitlines() if text.startswith(f"| `{one['id']}` |")]
        amount = next(one[unit] for unit in units if unit in one)
        assert f"| {amount} " in line and one["citation"] in line
    for one in said["pauses"]:
        assert f"| `{one['id']}` | {one['text']['en']} |" in page
