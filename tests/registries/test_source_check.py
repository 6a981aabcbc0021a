"""`anwang source check` says everything at once, where it stands, in both languages."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from anwang.registries.rules.manifest_lines import read_manifest
from anwang.registries.rules.manifests import SOURCES
from config.console import needs_no_database

PRISON = (SOURCES / "prison.yaml").read_text(encoding="utf-8")


def line_of(text: str, part: str) -> int:
    """The line on which `part` stands."""
    return text[: text.index(part)].count("\n") + 1


def check(path: Path, *options: str) -> list[dict]:
    out = StringIO()
    call_command("source", "check", str(path), "--json", *options, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_manifest_passes_under_its_own_name(path):
    assert read_manifest(path.read_text(encoding="utf-8"), stem=path.stem).faults == ()


def test_all_faults_come_at_once_each_with_its_line_and_words_in_both_languages(tmp_path):
    spoilt = (
        PRISON.replace("kind: in-custody", "kind: in-custdy")
        .replace("column: released_on, not_before", "column: relased_on, not_before")
        .replace("who_may_ask: [desk", "who_may_ask: [boss")
        .replace("entered_on: \"{entered_on}\", ", "entered_on: \"{entered}\", ")
    )  # fmt: skip
    path = tmp_path / "prison.yaml"
    path.write_text(spoilt, encoding="utf-8")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("source", "check", str(path), "--json", stdout=out)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    found = {(one["place"], one["line"]) for one in said}
    assert found == {
        ("lookup.who_may_ask.0", line_of(spoilt, "who_may_ask")),
        ("facts.0.kind", line_of(spoilt, "kind: in-custdy")),
        ("facts.0.value.entered_on", line_of(spoilt, "value: {facility")),
        ("quality.0", line_of(spoilt, "id: custody-order")),
    }
    assert all(one["zh"] and one["en"] and one["file"] == "prison.yaml" for one in said)
    kind = next(one for one in said if one["place"] == "facts.0.kind")
    assert "in-custody" in kind["zh"] and "in-custody" in kind["en"]


@pytest.mark.parametrize(
    ("wrong", "place", "words"),
    [
        (PRISON.replace("version: 3", "version: 3\nversion: 4"), "version", "twice"),
        (PRISON.replace("id: prison", "id: jail"), "id", "file's name"),
        (PRISON.replace("  keep_years: 7\n", ""), "retention", "keep_years"),
        (PRISON.replace("sensitivity: special", "sensitivity: personal"), "sensitivity", "in-custody"),
        (PRISON.replace("kind: file, p", "kind: file, page_size: 9, p"), "transport.page_size", "rest"),
        (PRISON.replace("transport: {kind: file", "transport: {kind: pigeon"), "transport.kind", "sftp"),
        (PRISON.replace("also_reads: [1, 2]", "also_reads: [5]"), "also_reads.0", "earlier"),
        (PRISON.replace("[child-prot", "[odd-prot"), "legal_basis.0.purposes.0", "odd-prot"),
        ("manifest: [", "", "no YAML"),
        ("", "", "nothing in the file"),
        (PRISON.replace("label: {zh: 獄政", "label: 獄政 #"), "label", "{zh: …, en: …}"),
        (PRISON.replace("drop_limit_percent: 20", "drop_limit_percent: 200"), "size.drop_limit_percent",
         "at most 100"),
        (PRISON.replace("kind: in-custody", "kind: being-inside"), "facts.0.kind", "Add it there first"),
        (PRISON.replace('"{facility}"', '"{facility"', 1), "facts.0.value.facility", "no column's name"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_and_what_to_do(wrong, place, words):
    (fault,) = read_manifest(wrong, stem="prison").faults
    assert fault.fault.where == place
    assert words in fault.fault.text.en


@pytest.mark.parametrize(
    ("wrong", "part", "words"),
    [
        (PRISON.replace("owner: {zh", "\towner: {zh"), "\towner", "a tab"),
        (PRISON.replace("id: custody-order", "id: 'custody-order"), "'custody-order", "no end"),
        (PRISON.replace("label: {zh: 獄政, en: ", "label: {zh: 獄政, en: Prison: "), "Prison: ", "a colon"),
        (PRISON.replace("rhythm: {", "rhythm: {{"), "rhythm", "brackets"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_where_it_begins_and_in_plain_words(wrong, part, words):
    (fault,) = read_manifest(wrong, stem="prison").faults
    assert fault.line == line_of(wrong, part)
    assert words in fault.fault.text.en and fault.fault.text.zh.startswith("不是 YAML：")


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(CommandError) as refused:
        call_command("source", "check", str(tmp_path / "none.yaml"))
    assert "none.yaml" in str(refused.value)


def test_checking_needs_no_database_and_other_acts_do():
    assert needs_no_database(["anwang", "source", "check", "a.yaml"])
    assert not needs_no_database(["anwang", "source", "fetch"])
    assert not needs_no_database(["anwang", "sources"])
