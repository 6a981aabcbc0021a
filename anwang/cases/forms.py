"""What a team may send: why it refuses an offer, what it asks to have sealed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.access.models import Account
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


class SealForm(forms.Form):
    """Why, and who is named from then on; without `people` only why."""

    ground = forms.ChoiceField(error_messages={"required": _("請選一個理由。")})
    text = forms.CharField(max_length=2000, error_messages={"required": _("請寫清楚為什麼。")})
    lead = forms.ChoiceField(error_messages={"required": _("請選主責。")})
    members = forms.MultipleChoiceField(required=False)

    def __init__(
        self, *args: Any, people: Sequence[Account] | None, grounds: Sequence[Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.grounds, self.people = grounds, people or ()
        self.fields["ground"].choices = [(g["code"], "") for g in grounds]  # type: ignore[attr-defined]
        known = [(str(one.pk), one.display_name) for one in self.people]
        for name in ("lead", "members"):
            if people is None:
                del self.fields[name]
            else:
                self.fields[name].choices = known  # type: ignore[attr-defined]

    def clean_lead(self) -> uuid.UUID:
        """The account that leads."""
        return uuid.UUID(self.cleaned_data["lead"])

    def clean_members(self) -> list[uuid.UUID]:
        """The accounts named besides."""
        return [uuid.UUID(one) for one in self.cleaned_data["members"]]
