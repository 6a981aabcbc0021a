"""A model's versions: read whole, written beside each other, never over each other."""

from dataclasses import replace
from datetime import date

import pytest

from anwang.people.rules.model_file import Level, next_version, read_model, write_model
from anwang.people.rules.scoring import MODEL_FILE, load_model


def test_a_version_written_reads_as_it_was(tmp_path):
    shipped = read_model(MODEL_FILE)
    levels = {name: dict(rows) for name, rows in shipped.levels.items()}
    levels["sex"]["same"] = Level(0.97, 0.00000012, "trained")
    path = tmp_path / "new.yaml"
    write_model(replace(shipped, path=path, version="x.1", levels=levels))
    again = read_model(path)
    assert (again.version, again.levels, again.rest) == ("x.1", levels, shipped.rest)
    assert load_model(path).accept == load_model().accept


def test_a_version_is_never_overwritten(tmp_path):
    first = replace(read_model(MODEL_FILE), path=tmp_path / "a.yaml")
    write_model(first)
    with pytest.raises(FileExistsError):
        write_model(first)


def test_the_next_version_is_the_first_free_number_of_the_day(tmp_path):
    day = date(2026, 3, 2)
    assert next_version(tmp_path, day) == "2026-03-02.1"
    (tmp_path / "2026-03-02.1.yaml").touch()
    assert next_version(tmp_path, day) == "2026-03-02.2"
