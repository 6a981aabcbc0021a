"""A folder of deliveries taken at once. Nobody in these files exists."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from anwang.access.context import LOADING
from anwang.people.actions import full_load
from anwang.people.actions.full_load import IdentifyingStopped, NothingToLoad, load_folder
from anwang.people.models import Identity
from anwang.registries.models import Record
from tests.people.test_identify import dose
from tests.registries.conftest import CHILD, FATHER, REGISTRY, person, write_csv


@pytest.fixture
def folder(tmp_path):
    """Two sources' files, and one that is no source's."""
    write_csv(tmp_path / "immunisation.csv", [dose(f"V-{n}", national_id=CHILD) for n in range(5)],
              source="immunisation")  # fmt: skip
    write_csv(tmp_path / f"{REGISTRY}.csv", [person("R-1", national_id=CHILD),
                                             person("R-2", national_id=FATHER, name="陳大方")])  # fmt: skip
    (tmp_path / "notes.csv").write_text("a\n1\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in turn"])
def test_every_file_is_taken_and_identified_the_fullest_register_first(
    own_database, folder, at_once
):
    heard = []
    taken = list(load_folder(folder, actor=LOADING, at_once=at_once,
                             progress=lambda *word: heard.append(word)))  # fmt: skip
    assert [(one.source, one.outcome.accepted) for one in taken] == [
        (REGISTRY, 2), ("immunisation", 5),
    ]  # fmt: skip
    assert Identity.objects.count() == Record.objects.exclude(source_id="anwang").count() == 7
    assert Identity.objects.values("person").distinct().count() == 2
    assert (REGISTRY, "rows", 2, 2) in heard
    assert ("immunisation", "identified", 5, 5) in heard
    again = list(load_folder(folder, actor=LOADING, at_once=at_once))
    assert all(one.outcome.repeated for one in again)
    assert Identity.objects.count() == 7


@pytest.mark.slow
def test_an_identification_that_breaks_off_is_told_and_gone_on_with(
    own_database, folder, monkeypatch
):
    def broken(*_, **__):
        raise SystemExit(1)

    monkeypatch.setattr(full_load, "identify", broken)
    with pytest.raises(IdentifyingStopped, match="goes on"):
        list(load_folder(folder, actor=LOADING))
    monkeypatch.undo()
    list(load_folder(folder, actor=LOADING))
    assert Identity.objects.count() == 7


@pytest.mark.slow
def test_the_command_tells_each_source_and_what_was_held(own_database, folder, capsys):
    write_csv(folder / "prison.csv", [{"no": "1"}])
    with pytest.raises(CommandError, match="1 held back"):
        call_command("load", "--all", str(folder), "--json")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["source"], one["accepted"], one["held"]) for one in told] == [
        (REGISTRY, 2, False), ("immunisation", 5, False), ("prison", 0, True),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_folder_without_a_sources_file_is_told(tmp_path):
    with pytest.raises(NothingToLoad, match=r"SOURCE\.csv"):
        list(load_folder(tmp_path, actor=LOADING))
