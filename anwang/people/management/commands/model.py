"""`anwang model train|evaluate|show`: versions of the linkage model (docs/matching.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pyarrow import parquet

from anwang.access.sealing import token
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.actions.linkage_models import evaluate_model, train_model, with_threshold
from anwang.people.rules.forms import Forms, forms_of
from anwang.people.rules.model_file import ModelFile, read_model
from anwang.people.rules.questions import Question, read_questions
from anwang.people.rules.scoring import MODEL_FILE
from anwang.people.rules.training import RANDOM_PAIRS

SEED: Final = 1
Truth = frozenset[tuple[str, str]]


class Command(BaseCommand):
    help = "Train, evaluate or show a version of the linkage model."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        train = acts.add_parser("train", help="learn from the loaded records; writes a draft")
        train.add_argument("--questions", type=Path, help="descriptions, as for `anwang match`")
        train.add_argument("--begin-with", type=Path, default=_in_force(), metavar="MODEL")
        train.add_argument("--folder", type=Path, default=settings.HOME / "models")
        train.add_argument("--seed", type=int, default=SEED)
        train.add_argument("--random-pairs", type=int, default=RANDOM_PAIRS)
        train.add_argument("--keep", type=lambda text: text.split(","), default=[],
                           metavar="COMPARISON.LEVEL,...", help="levels not to change")  # fmt: skip
        evaluate = acts.add_parser("evaluate", help="ask held-out descriptions; stores the result")
        evaluate.add_argument("model", type=Path, nargs="?", default=_in_force())
        evaluate.add_argument("--questions", type=Path, required=True,
                              help="with columns kind and person")  # fmt: skip
        evaluate.add_argument("--truth", type=Path, required=True,
                              help="Parquet with source, record_key, person")  # fmt: skip
        evaluate.add_argument("--out", type=Path, help="where not beside the model")
        evaluate.add_argument("--choose", type=float, metavar="PRECISION",
                              help="write a version that accepts from this precision on")  # fmt: skip
        show = acts.add_parser("show", help="every comparison, level and weight")
        show.add_argument("model", type=Path, nargs="?", default=_in_force())
        for one in (train, evaluate, show):
            one.add_argument("--json", action="store_true")

    def handle(self, *, act: str, **options: Any) -> None:
        if act == "train":
            self._train(**options)
        elif act == "evaluate":
            self._evaluate(**options)
        else:
            self._show(options["model"], as_json=options["json"])

    def _train(self, **options: Any) -> None:
        asked = (
            list(map(_forms, read_questions(options["questions"]))) if options["questions"] else []
        )
        model = train_model(
            asked, options["folder"], start=options["begin_with"], seed=options["seed"],
            random_pairs=options["random_pairs"], keep=options["keep"],
            tell=lambda step: self.stderr.write(f"  {step}"),
        )  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps({"version": model.version, "path": str(model.path)}))
            return
        self._show(model.path, as_json=False)
        self.stdout.write(
            f"草案 {model.path}。請先評估，再以 ANWANG_LINKAGE_MODEL 啟用。"
            " A draft: evaluate it, then put it in force with ANWANG_LINKAGE_MODEL."
        )

    def _evaluate(self, **options: Any) -> None:
        questions = _questions(options["questions"], options["truth"])
        try:
            told = evaluate_model(options["model"], questions, out=options["out"])
        except FileExistsError as there:
            raise CommandError(
                f"{there.filename} 已存在。 There is an evaluation already; name another --out."
            ) from None
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self._tell(told)
        if options["choose"]:
            self._choose(options["model"], told, options["choose"])

    def _choose(self, path: Path, told: dict[str, Any], precision: float) -> None:
        found = [one for one in told["thresholds"] if one["precision"] == precision]
        if not found or found[0]["probability"] is None:
            raise CommandError(
                f"沒有精確率 {precision} 的門檻。 No threshold for a precision of {precision}; there are:"
                f" {', '.join(str(one['precision']) for one in told['thresholds'])}."
            )
        folder = settings.HOME / "models"
        chosen = with_threshold(read_model(path), found[0]["probability"], folder)
        self.stdout.write(f"{chosen.path}")

    def _tell(self, told: dict[str, Any]) -> None:
        accepted = told["accepted"]
        self.stdout.write(
            f"{told['model']}: {told['questions']} questions, {told['persons']} persons;"
            f" accepted: precision {accepted['precision']}, recall {accepted['recall']};"
            f" among the first five {told['among_five']}"
        )
        self._table(told["thresholds"])
        self._table(told["kinds"])

    def _show(self, path: Path, *, as_json: bool) -> None:
        model = read_model(path, whole=False)
        rows = rows_of(model)
        if as_json:
            told = {"version": model.version, **model.rest, "levels": rows}
            self.stdout.write(json.dumps(told, ensure_ascii=False, default=str))
            return
        self.stdout.write(f"{model.version} ({path}), accept {model.rest['accept']}")
        self._table(rows)
        if model.evaluation_path.exists():
            self.stdout.write(model.evaluation_path.read_text(encoding="utf-8"))

    def _table(self, rows: Sequence[dict[str, Any]]) -> None:
        names = list(rows[0])
        lines = [names, *[[str(row[name]) for name in names] for row in rows]]
        widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.stdout.write("  " + "  ".join(cells).rstrip())


def rows_of(model: ModelFile) -> list[dict[str, Any]]:
    """A row for each level: how often it occurs, what it weighs, and where that comes from."""
    return [
        {"comparison": comparison, "level": name, "m": f"{level.m:.4g}", "u": f"{level.u:.4g}",
         "weight": round(level.weight, 1), "from": level.origin,
         "alike": _counted(level.alike), "unlike": _counted(level.unlike)}
        for comparison, levels in model.levels.items()
        for name, level in levels.items()
    ]  # fmt: skip


def _counted(pairs: float | None) -> str:
    """How many pairs showed a level in training; nothing where nobody counted."""
    return "" if pairs is None else f"{pairs:.0f}"


def _in_force() -> Path:
    return Path(settings.LINKAGE_MODEL or MODEL_FILE)


def _forms(question: Question) -> Forms:
    today = clock_now().astimezone(TAIPEI).date()
    return forms_of(question, token=token, query=True, told_on=today)


def _questions(path: Path, truth: Path) -> list[tuple[Forms, str, Truth]]:
    """Forms, kind and true records of each question."""
    records: dict[str, set[tuple[str, str]]] = {}
    table: pyarrow.Table = parquet.read_table(truth, columns=["source", "record_key", "person"])
    for row in table.to_pylist():
        records.setdefault(str(row["person"]), set()).add((row["source"], row["record_key"]))
    return [
        (
            _forms(one),
            str(one.get("kind", "")),
            frozenset(records.get(_whole(one.get("person")), ())),
        )
        for one in read_questions(path)
    ]


def _whole(person: object) -> str:
    return "" if person is None else str(person).removesuffix(".0")
