"""What the desk may send: a changed decision, an answer without a case, a reason to open again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.directory.models import County, Team
from anwang.directory.templatetags.anwang_codes import codes
from anwang.triage.actions.decisions import ERROR_KINDS, Change
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
    error_kind = forms.ChoiceField(
        required=False, choices=[("", ""), *((one, "") for one in ERROR_KINDS)]
    )
    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)

    def clean(self) -> dict[str, Any]:
        """A wrong report says which kind of wrong; advice given has none."""
        said = super().clean() or {}
        if said.get("kind") == "error" and not said.get("error_kind"):
            self.add_error("error_kind", _("請選是哪一種錯誤通報。"))
        return said

    @property
    def error(self) -> str:
        """Which kind of wrong report it is; empty where advice was given."""
        said = self.cleaned_data
        return str(said["error_kind"]) if said["kind"] == "error" else ""


class LookForm(SeenForm):
    """What the second person says, or that the first one takes the question back."""

    says = forms.ChoiceField(choices=[("yes", ""), ("no", ""), ("back", "")])
    reason = forms.CharField(required=False, max_length=2000)


class ReasonForm(SeenForm):
    """A step that only needs a reason."""

    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)


def errors_of(form: forms.Form) -> dict[str, str]:
    """Field -> its first text, as the dialogs show them."""
    return {field: texts[0] for field, texts in form.errors.items()}  # type: ignore[misc]


class ObjectForm(forms.Form):
    """A team's objection to an offer: ground, what speaks for it, and whom it holds to be right."""

    ground = forms.ChoiceField(error_messages={"required": _("請選一個爭議的理由。")})
    statement = forms.CharField(max_length=2000, error_messages={"required": _("請寫明為什麼。")})
    wanted = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            (entry["code"], entry["word"])
            for entry in codes("dispute_grounds")
            if entry["code"] != "other-county"
        ]


class WhereaboutsForm(forms.Form):
    """Where a child is, as the desk knows it: asked before the regulation's table is."""

    child_in = forms.CharField(required=False, max_length=5)
    residence = forms.CharField(required=False, max_length=5)
    whereabouts = forms.ChoiceField(
        required=False,
        choices=[("", ""), ("settled", ""), ("moving", ""), ("missing", "")],
    )

    def _county(self, name: str) -> str:
        code: str = self.cleaned_data[name]
        if code and not County.objects.filter(pk=code).exists():
            raise forms.ValidationError(_("請從名單選縣市。"))
        return code

    def clean_child_in(self) -> str:
        """A county's code, or empty: not known."""
        return self._county("child_in")

    def clean_residence(self) -> str:
        """A county's code, or empty: as registers tell."""
        return self._county("residence")


class CountyForm(WhereaboutsForm, SeenForm):
    """The desk holds another county to be competent, and says why."""

    county = forms.CharField(max_length=5, error_messages={"required": _("請選縣市。")})
    statement = forms.CharField(max_length=2000, error_messages={"required": _("請寫明為什麼。")})

    def clean_county(self) -> str:
        """A county's code."""
        return self._county("county")


class DisputeAnswerForm(forms.Form):
    """The named office agrees, or says why not."""

    agrees = forms.ChoiceField(
        choices=[("yes", ""), ("no", "")], error_messages={"required": _("請選同意或不同意。")}
    )
    statement = forms.CharField(required=False, max_length=2000)


class RulingForm(forms.Form):
    """Whose it is, why, on what law, and what later cases may take from it."""

    to_team = forms.CharField(max_length=64, error_messages={"required": _("請選由誰處理。")})
    reason = forms.CharField(max_length=2000, error_messages=ASK_REASON)
    law = forms.CharField(max_length=200, error_messages={"required": _("請寫依據的法規。")})
    principle = forms.CharField(
        max_length=1000, error_messages={"required": _("請寫可供日後參考的要旨。")}
    )


class PrecedentForm(forms.Form):
    """What past rulings are looked for by; everything may stay empty."""

    ground = forms.CharField(required=False, max_length=30)
    stream = forms.CharField(required=False, max_length=30)
    law = forms.CharField(required=False, max_length=100)
    words = forms.CharField(required=False, max_length=100)
