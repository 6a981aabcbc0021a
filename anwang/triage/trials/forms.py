"""What the pages of trials may send."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.triage.trials.queries.steps import STEPS


class SpanForm(forms.Form):
    """Which past reports: those received from `since` to `until`, both days included."""

    since = forms.DateField(
        required=False, error_messages={"invalid": _("請填日期，例如 2026-03-01。")}
    )
    until = forms.DateField(
        required=False, error_messages={"invalid": _("請填日期，例如 2026-03-01。")}
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if isinstance(since, dt.date) and isinstance(until, dt.date) and until < since:
            self.add_error("until", _("結束日早於起始日。"))
        return said


class SwitchForm(forms.Form):
    """One step in one place, stopped or let run."""

    step = forms.ChoiceField(choices=[(one, one) for one in STEPS])
    county = forms.CharField(required=False, max_length=5)
    runs = forms.ChoiceField(choices=[("yes", ""), ("no", "")])
    reason = forms.CharField(required=False, max_length=2000)
