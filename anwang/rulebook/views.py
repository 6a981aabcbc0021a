"""The policies as an official reads them: a table each, every row with its law."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import policy_versions


@login_required
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """All policies with their version, state and number of rows."""
    versions = PolicyVersion.objects.order_by("policy_id", "county", "-loaded_at")
    return render(request, "rulebook/policies.html", {"versions": versions})


@login_required
@require_safe
def policy(request: HttpRequest, number: int) -> HttpResponse:
    """One version, row by row."""
    version = get_object_or_404(PolicyVersion, pk=number)
    context = {
        "version": version,
        "lines": list(_lines(version.body)),
        "others": policy_versions().filter(policy_id=version.policy_id).exclude(pk=version.pk),
    }
    return render(request, "rulebook/policy.html", context)


def _lines(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of any kind of policy as {id, text, when, then, citation, confidence}."""
    if isinstance(body.get("clocks"), list):
        return [
            line | {"when": {"start": line.get("start")}, "then": _length(line)}
            for line in body["clocks"]
        ]
    if isinstance(body.get("rows"), list):
        return [line for line in body["rows"] if isinstance(line, dict)]
    if isinstance(body.get("sections"), list):
        return [question for section in body["sections"] for question in section["questions"]]
    if isinstance(body.get("inputs"), dict):
        return [{"id": name} | line for name, line in body["inputs"].items()]
    return []


def _length(clock: dict[str, Any]) -> dict[str, Any]:
    return {unit: clock[unit] for unit in ("hours", "days", "working_days", "months", "years")
            if clock.get(unit)} | {"stop": clock.get("stop")}  # fmt: skip
