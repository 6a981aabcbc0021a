"""What a team may send: why it refuses an offer, what it asks to have sealed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.access.models import Account
from anwang.households.rules.corrections import correctables
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


class DaysForm(forms.Form):
    """Of which day, and as known on which day; both may be left out, neither may lie ahead."""

    as_of = forms.DateField(
        required=False, error_messages={"invalid": _("日期請寫成 2026-03-02。")}
    )
    known_on = forms.DateField(
        required=False, error_messages={"invalid": _("日期請寫成 2026-03-02。")}
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        for name in ("as_of", "known_on"):
            if said.get(name) and said[name] > self.today:
                self.add_error(name, _("這一天還沒到。"))
        return said


class CorrectionForm(forms.Form):
    """What is said of a member: which thing, since when, why, and what that thing asks for besides."""

    person = forms.TypedChoiceField(coerce=uuid.UUID, error_messages={"required": _("請選是誰。")})
    what = forms.ChoiceField(error_messages={"required": _("請選要更正什麼。")})
    other = forms.TypedChoiceField(coerce=uuid.UUID, required=False, empty_value=None)
    address = forms.CharField(required=False, max_length=300)
    day = forms.DateField(
        error_messages={
            "required": _("請填日期。"),
            "invalid": _("日期請寫成 2026-03-02。"),
        }
    )
    reason = forms.CharField(max_length=2000, error_messages={"required": _("請寫明依據。")})

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, str]], today: dt.date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["person"].choices = people  # type: ignore[attr-defined]
        self.fields["other"].choices = [("", ""), *people]  # type: ignore[attr-defined]
        self.fields["what"].choices = [(one, "") for one in correctables()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("day") and said["day"] > self.today:
            self.add_error("day", _("這一天還沒到。"))
        asks = correctables()[said["what"]].asks if said.get("what") else frozenset()
        if "address" in asks and not said.get("address", "").strip():
            self.add_error("address", _("請填地址。"))
        if "other" in asks and said.get("other") in (None, said.get("person")):
            self.add_error("other", _("請選另一個人。"))
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


class TransferForm(forms.Form):
    """Which team is to take a case over, and why."""

    team = forms.CharField(max_length=64, error_messages={"required": _("請選小組。")})
    reason = forms.CharField(max_length=2000, error_messages={"required": _("請寫理由。")})


class TransferAnswerForm(forms.Form):
    """What the asked team says; a refusal with a coded reason."""

    answer = forms.ChoiceField(
        choices=[("accepted", ""), ("refused", ""), ("withdrawn", "")],
        error_messages={"required": _("請選接下或退回。"), "invalid_choice": _("請選接下或退回。")},
    )
    code = forms.ChoiceField(choices=[(code, code) for code in REFUSALS], required=False)
    text = forms.CharField(required=False, max_length=2000)


class HelpForm(forms.Form):
    """Which team is asked to help, and with what."""

    team = forms.CharField(max_length=64, error_messages={"required": _("請選小組。")})
    task = forms.CharField(max_length=1000, error_messages={"required": _("請寫明請對方做什麼。")})


class HelpStepForm(forms.Form):
    """The next status of help, with words where it is declined."""

    to_status = forms.CharField(max_length=10)
    text = forms.CharField(required=False, max_length=1000)
