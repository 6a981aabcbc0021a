"""What the desk may send: a changed decision, an answer without a case, a reason to open again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.directory.models import Team
from anwang.directory.templatetags.anwang_codes import codes
from anwang.triage.actions.decisions import Change
from anwang.triage.models import Matter

ASK_REASON = {"required": _("請寫理由。")}


class SeenForm(forms.Form):
    """`version` says what the reader saw, so that two desks do not overwrite each other."""

    version = forms.CharField(widget=forms.HiddenInput)

    def clean_version(self) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(self.cleaned_data["version"])
        except ValueError:
            raise forms.ValidationError(_("請重新看過這件通報再決定。")) from None

    @property
    def seen(self) -> dt.datetime:
        """When the report last changed, as the reader saw it."""
        seen: dt.datetime = self.cleaned_data["version"]
        return seen


class DecisionForm(SeenForm):
    """A decision that differs from the proposal, with its reason."""

    grade = forms.ChoiceField(error_messages={"required": _("請選分級。")})
    stream = forms.ChoiceField(error_messages={"required": _("請選分流。")})
    team = forms.CharField(required=False, max_length=64)
    joint_with = forms.MultipleChoiceField(required=False)
    passed_to = forms.CharField(required=False, max_length=60)
    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)

    def __init__(self, *args: Any, matter: Matter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.matter = matter
        for field, listed in (("grade", "grades"), ("stream", "streams"),
                              ("joint_with", "agency_kinds")):  # fmt: skip
            self.fields[field].choices = [  # type: ignore[attr-defined]
                (entry["code"], entry["word"]) for entry in codes(listed)
            ]

    def clean_team(self) -> Team | None:
        """One of the county's teams; empty where the report is passed on outside."""
        chosen = self.cleaned_data["team"]
        if not chosen:
            return None
        team = Team.objects.filter(pk=chosen, is_desk=False, county=self.matter.county).first()
        if team is None:
            raise forms.ValidationError(_("請選本縣市名冊裡的小組。"))
        return team

    def change(self) -> Change:
        """The values that differ from what stands, for the action to compare and keep."""
        said = self.cleaned_data
        team = said["team"]
        values: dict[str, Any] = {
            "grade": said["grade"],
            "stream": said["stream"],
            "joint_with": said["joint_with"],
            "passed_to": said["passed_to"] or None,
        }
        if team is not None:
            values |= {"team": team.pk, "agency_kind": team.agency_kind}
        return Change(said["reason"], values)


class AnswerForm(SeenForm):
    """Closing a report without a case."""

    kind = forms.ChoiceField(choices=[("answered", ""), ("error", "")])
    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)


class ReasonForm(SeenForm):
    """A step that only needs a reason."""

    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)


def errors_of(form: forms.Form) -> dict[str, str]:
    """Field -> its first text, as the dialogs show them."""
    return {field: texts[0] for field, texts in form.errors.items()}  # type: ignore[misc]
