"""New versions of the linkage model: trained on what is loaded, judged on held-out questions.

A version is a file and is never overwritten; none is in force before somebody names it in
ANWANG_LINKAGE_MODEL. Training and evaluation show nobody and write nothing of anybody: sums only,
and no given name that fewer than five bear.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import splink
import yaml

from anwang.access.actions.entries import record_apart
from anwang.access.context import LOADING
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.queries import find_many
from anwang.people.queries.training_rows import (
    counted_records,
    names_of_persons,
    sampled_rows,
)
from anwang.people.rules.columns import asked_of
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.forms import Forms
from anwang.people.rules.model_file import (
    ModelFile,
    next_version,
    read_model,
    write_model,
    write_new,
)
from anwang.people.rules.name_shares import counted_shares
from anwang.people.rules.quality import Answer, evaluated
from anwang.people.rules.scoring import load_model
from anwang.people.rules.training import RANDOM_PAIRS, train

PURPOSE: Final = "linking"
_ASKED_AT_ONCE: Final = 200
_MOST_RANKS: Final = 5


class NothingToLearnFrom(AnwangError):
    """Too few records are loaded and linked to learn from. Load and link registries first."""


def train_model(
    questions: Sequence[Forms],
    folder: Path,
    *,
    start: Path,
    seed: int,
    random_pairs: int = RANDOM_PAIRS,
    keep: Collection[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> ModelFile:
    """Learn from descriptions against the loaded records (of these among themselves where no
    description is given) and write a draft, its count of names beside it. `keep`: levels, as
    `comparison.level`, that training does not change.

    Raises NothingToLearnFrom.
    """
    _on_record("model train", questions)
    _, persons = counted_records()
    if persons < 100:
        raise NothingToLearnFrom(str(NothingToLearnFrom.__doc__))
    begun = read_model(start)
    today = clock_now().astimezone(TAIPEI).date()
    version = next_version(folder, today)
    names = counted_shares(names_of_persons(), version)
    write_new(folder / f"{version}.names.yaml", yaml.safe_dump(names.told(), allow_unicode=True))
    known = sampled_rows()
    found = train(
        asked_of(questions, names) if questions else known,
        known if questions else None,
        COMPARISONS, begun.levels, one_in=float(persons), seed=seed, random_pairs=random_pairs,
        keep=keep, tell=tell,
    )  # fmt: skip
    told = {
        "state": "draft",
        "valid_from": today.isoformat(),
        "source": f"trained on {len(questions)} descriptions and {len(known)} records",
        "trained": {
            "seed": seed, "begun_with": begun.version, "persons": persons,
            "random_pairs": random_pairs, "kept": sorted(keep), "splink": splink.__version__,
            "duckdb": duckdb.__version__,
            "passes": {name: {"pairs": pairs, "same": round(same)}
                       for name, (pairs, same) in found.pairs.items()},
        },
        "names": f"{version}.names.yaml",
    }  # fmt: skip
    kept = {name: value for name, value in begun.rest.items() if name not in told}
    model = ModelFile(folder / f"{version}.yaml", version, found.levels, told | kept)
    write_model(model)
    return model


def evaluate_model(
    model_path: Path,
    questions: Sequence[tuple[Forms, str, frozenset[tuple[str, str]]]],
    *,
    out: Path | None = None,
) -> dict[str, Any]:
    """Ask the loaded register with a model and write how good its answers were beside it.

    `questions`: forms, kind, and (source, record key) of the person's records, none for somebody
    who is not there. An evaluation is written once. Raises FileExistsError before anything is asked.
    """
    path = out or read_model(model_path).evaluation_path
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    _on_record("model evaluate", questions)
    model = load_model(model_path)
    answers: list[Answer] = []
    for begin in range(0, len(questions), _ASKED_AT_ONCE):
        part = questions[begin : begin + _ASKED_AT_ONCE]
        found = find_many([forms for forms, _, _ in part], limit=_MOST_RANKS, model=model)
        for (_, kind, truth), matches in zip(part, found, strict=True):
            right = [not truth.isdisjoint(one.records) for one in matches]
            answers.append(
                Answer(
                    kind,
                    matches[0].probability if matches else 0.0,
                    bool(matches and matches[0].accepted),
                    bool(right and right[0]),
                    bool(truth),
                    any(right),
                )
            )
    told = {
        "model": model.version,
        "on": clock_now().astimezone(TAIPEI).date().isoformat(),
        "persons": counted_records()[1],
        **evaluated(answers),
    }
    write_new(path, yaml.safe_dump(told, allow_unicode=True, sort_keys=False))
    return told


def with_threshold(model: ModelFile, accept: float, folder: Path) -> ModelFile:
    """The same model accepting from another probability on, as a new version."""
    version = next_version(folder, clock_now().astimezone(TAIPEI).date())
    rest = dict(model.rest) | {"state": "draft", "accept": accept, "levels_of": model.version}
    if names := model.rest.get("names"):
        text = model.path.with_name(names).read_text(encoding="utf-8")
        rest["names"] = f"{version}.names.yaml"
        write_new(folder / rest["names"], text)
    chosen = replace(model, path=folder / f"{version}.yaml", version=version, rest=rest)
    write_model(chosen)
    return chosen


def _on_record(command: str, questions: Sequence[Any]) -> None:
    record_apart(
        Act.SEARCHED, actor=LOADING, object_kind="person", purpose=PURPOSE,
        detail={"command": command, "questions": len(questions)},
    )  # fmt: skip
