"""What a team may send: why it refuses an offer."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.triage.actions.offers import REFUSALS


class RefusalForm(forms.Form):
    """A coded reason; *other* needs a sentence besides."""

    reason = forms.ChoiceField(
        choices=[(code, code) for code in REFUSALS],
        error_messages={
            "required": _("請選一個退回理由。"),
            "invalid_choice": _("請選一個退回理由。"),
        },
    )
    text = forms.CharField(required=False, max_length=2000)

    def clean(self) -> dict[str, str]:
        said: dict[str, str] = super().clean() or {}
        if said.get("reason") == "other" and not said.get("text", "").strip():
            self.add_error("text", _("選「其他」時請寫明理由。"))
        return said
