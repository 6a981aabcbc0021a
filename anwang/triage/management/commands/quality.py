"""`anwang quality [--county CODE]`: the quality loop's figures, one a line."""

from __future__ import annotations

import json as text_json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import TRYING, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.triage.trials.actions.quality import span_of
from anwang.triage.trials.actions.running import PURPOSE
from anwang.triage.trials.queries.past_reports import find_who_came_back, forget_who_came_back
from anwang.triage.trials.queries.quality import quality_counts
from anwang.triage.trials.rules.quality import quality_result


class Command(BaseCommand):
    help = "Print what became of the last year's reports, each share with stage and denominator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--county", help="five-digit code; without it the nation")
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, county: str | None, json: bool, **options: Any) -> None:
        record_apart(
            Act.READ, actor=TRYING, object_kind="trial", purpose=PURPOSE, fields=["counts"],
            detail={"command": "quality", "county": county},
        )  # fmt: skip
        with acting(TRYING, PURPOSE):
            find_who_came_back()
            result = quality_result(quality_counts(*span_of(clock_now()), county))
            forget_who_came_back()
        for name, figure in result["figures"].items():
            whole = next(iter(figure["all"].values()), None)
            told = {"figure": name, "stage": figure["stage"], **(whole or {})}
            if json:
                more = {by: figure[by] for by in ("channel", "screener", "row")}
                self.stdout.write(text_json.dumps(told | more, ensure_ascii=False))
            else:
                self.stdout.write(
                    "  ".join(str(one) for one in (name, told.get("hits"), told.get("of")))
                )
