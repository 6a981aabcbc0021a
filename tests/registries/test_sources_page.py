"""docs/sources.md really adds a thirtieth source: manifest, sample and answers are its own text."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from anwang.access.context import LOADING, acting
from anwang.registries.actions.deliveries import load_file
from anwang.registries.actions.sources import load_sources
from anwang.registries.models import Fact
from anwang.registries.rules.manifests import load_manifests

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
NEW = "homeless-shelters"


def block(marker: str) -> str:
    """The fenced block behind `<!-- marker -->`."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"docs/sources.md has no block {marker!r}"
    return found[1]


@pytest.fixture
def folder(tmp_path):
    for name in (f"{NEW}.yaml", f"{NEW}.csv"):
        (tmp_path / name).write_text(block(f"file: {name}"), encoding="utf-8")
    return tmp_path


def test_the_check_of_manifest_and_sample_says_what_the_page_says(folder):
    out = StringIO()
    sample = str(folder / f"{NEW}.csv")
    call_command("source", "check", str(folder / f"{NEW}.yaml"), "--sample", sample, stdout=out)
    assert out.getvalue() == block("output: check")


def prepare(folder: Path) -> None:
    """What `anwang prepare` does with the manifests of a folder, with the owner's rights."""
    worker = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "USER": "postgres", "OPTIONS": {"options": "-c role=anwang_owner"},
    }  # fmt: skip
    try:
        load_sources(folder)
    finally:
        connection.close()
        connection.settings_dict |= worker


def test_the_new_source_delivers_facts_as_the_page_says(folder, own_database):
    prepare(folder)
    outcome = load_file(NEW, folder / f"{NEW}.csv", actor=LOADING)
    said = {
        "accepted": outcome.accepted, "quarantined": outcome.quarantined,
        "held": outcome.held, "reasons": outcome.reasons,
    }  # fmt: skip
    assert said == json.loads(block("output: load"))
    with acting(LOADING):
        facts = list(Fact.objects.filter(source_id=NEW).order_by("valid_from"))
    assert [(one.kind, one.value["need"], one.value["shelter"]) for one in facts] == [
        ("hardship", "debt", "晴川中途之家"), ("hardship", "housing", "晴川中途之家"),
    ]  # fmt: skip


def test_the_page_lists_every_source_with_its_way_here():
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    listed = {
        row[1].split("`")[1]: ("(assumed)" in row[1], row[2].strip(), row[5].strip())
        for row in rows
    }
    assert listed == {
        name: (one.assumed, one.label.zh, one.transport)
        for name, one in load_manifests().items()
        if one.transport != "own"
    }
