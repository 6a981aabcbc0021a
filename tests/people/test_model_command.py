"""`anwang model`: trains beside what is loaded, evaluates with held-out questions, shows weights."""

import json
import uuid
from functools import partial

import pyarrow
import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from anwang.access.context import Actor, enter
from anwang.access.models import AuditEntry
from anwang.access.sealing import token
from anwang.people.actions import linkage_models
from anwang.people.actions.linkage_models import NothingToLearnFrom
from anwang.people.rules.model_file import read_model
from anwang.people.rules.scoring import MODEL_FILE, MODELS, load_model
from anwang.people.rules.training import PASSES, train
from tests.people import stored
from tests.people.invented_persons import persons

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_the_command(in_role, monkeypatch):
    monkeypatch.setattr(stored, "token", token)
    with in_role("worker"):
        enter(Actor(uuid.uuid4(), "program"))
        yield


def ask(tmp_path, everybody, absent):
    rows = [
        {"query_id": f"Q{at}", "kind": "exact", "person": one.key, "name": one.raw["name"],
         "birth": one.raw["birth_date"], "national_id": one.raw["national_id"]}
        for at, one in enumerate(everybody[:30])
    ] + [
        {"query_id": f"A{at}", "kind": "absent", "person": None, "name": one.raw["name"],
         "birth": one.raw["birth_date"], "national_id": None}
        for at, one in enumerate(absent)
    ]  # fmt: skip
    truth = [
        {"source": stored.REGISTRY, "record_key": f"R{one.key}", "person": one.key}
        for one in everybody
    ]
    for name, table in (("queries", rows), ("truth", truth)):
        parquet.write_table(pyarrow.Table.from_pylist(table), tmp_path / f"{name}.parquet")
    return tmp_path / "queries.parquet", tmp_path / "truth.parquet"


@pytest.mark.slow
def test_a_draft_is_trained_evaluated_and_chosen_by_precision(
    tmp_path, capsys, monkeypatch, settings
):
    settings.HOME = tmp_path
    everybody = persons(200, seed=61)
    stored.store([one.raw | {"record_key": f"R{one.key}"} for one in everybody])
    questions, truth = ask(tmp_path, everybody, persons(10, seed=62))
    monkeypatch.setattr(linkage_models, "train", partial(train, passes=PASSES[:1]))
    folder = tmp_path / "models"
    call_command("model", "train", "--questions", questions, "--random-pairs", "20000",
                 "--folder", folder, "--json")  # fmt: skip
    path = folder / f"{json.loads(capsys.readouterr().out)['version']}.yaml"
    model = read_model(path)
    assert model.rest["state"] == "draft" and model.rest["trained"]["begun_with"]
    assert load_model(path).names is not None
    call_command("model", "evaluate", path, "--questions", questions, "--truth", truth,
                 "--choose", "0.99", "--json")  # fmt: skip
    told, chosen = capsys.readouterr().out.strip().splitlines()
    assert json.loads(told)["accepted"] == {"precision": 1.0, "recall": 1.0}
    assert {one["kind"]: one["wrong"] for one in json.loads(told)["kinds"]} == {
        "absent": 0, "exact": 0,
    }  # fmt: skip
    assert read_model(chosen).rest["accept"] == json.loads(told)["thresholds"][2]["probability"]
    assert model.evaluation_path.exists()
    with pytest.raises(CommandError, match="already"):
        call_command("model", "evaluate", path, "--questions", questions, "--truth", truth)
    assert AuditEntry.objects.filter(detail__command="model train").count() == 1


def test_an_evaluation_that_is_there_is_noticed_before_anything_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(linkage_models, "find_many", pytest.fail)
    questions, truth = ask(tmp_path, persons(3, seed=64), [])
    with pytest.raises(CommandError, match="already"):
        call_command("model", "evaluate", "--questions", questions, "--truth", truth)
    assert not AuditEntry.objects.filter(detail__command="model evaluate").exists()


def test_too_few_records_teach_nothing(tmp_path):
    stored.store([one.raw for one in persons(5, seed=63)])
    with pytest.raises(NothingToLearnFrom):
        call_command("model", "train", "--folder", tmp_path)


@pytest.mark.parametrize("version", sorted(MODELS.glob("*[0-9].yaml")), ids=lambda path: path.stem)
def test_every_version_ever_shipped_can_be_looked_at(version, capsys):
    call_command("model", "show", version, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == version.stem
    assert {"same", "different"} <= {one["level"].split("-")[0] for one in told["levels"]}


def test_every_level_is_shown_with_its_weight_and_where_it_comes_from(capsys):
    call_command("model", "show", "--json")
    told = json.loads(capsys.readouterr().out)
    model = load_model(MODEL_FILE)
    assert {(row["comparison"], row["level"]): row["weight"] for row in told["levels"]} == {
        (one.comparison, one.level): round(one.weight, 1)
        for rows in model.weights.values() for one in rows.values()
    }  # fmt: skip
    assert {row["from"] for row in told["levels"]} <= {"assumed", "trained"}
    call_command("model", "show")
    assert "same-everyday" in capsys.readouterr().out
