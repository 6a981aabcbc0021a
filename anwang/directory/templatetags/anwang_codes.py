"""The words behind codes of the exchange formats, for templates; from `directory/data`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anwang.common.yaml_files import read_yaml

register = template.Library()

LISTS: Final = Path(__file__).resolve().parent.parent / "data"
KNOWN: Final = frozenset({"value", "none"})


@cache
def _entries(name: str) -> dict[str, dict[str, Any]]:
    """Code -> entry of one list, in screen order. Raises FileNotFoundError for no list."""
    rows = read_yaml(LISTS / f"{name}.yaml")
    return {str(row["code"]): row for row in rows}


@register.filter
def word(code: object, name: str) -> str:
    """The word for `code` of the list `name` (streams, ...); an unlisted code stays itself."""
    if code is None or code == "":
        return ""
    entry = _entries(name).get(str(code))
    if entry is None:
        return str(code)
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    return str(entry.get(f"short_{language}") or entry[language])


@register.simple_tag
def codes(name: str) -> list[dict[str, str]]:
    """All of a list for a choice: [{code, word, hint}]."""
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    return [
        {"code": code, "word": word(code, name), "hint": str(entry.get(f"hint_{language}") or "")}
        for code, entry in _entries(name).items()
    ]


@register.simple_tag
def grade_chip(grade: object) -> str:
    """Grade as a square chip; no grade yet says so."""
    if grade is None or grade == "":
        return format_html('<span class="chip unknown">{}</span>', _("尚未分級"))
    shape = "g1" if str(grade) == "1" else "g2"
    return format_html('<span class="chip {}">{}</span>', shape, word(grade, "grades"))


@register.simple_tag
def stream_chip(stream: object, agency_kind: object = "") -> str:
    """Stream as a tinted chip, with the agency it leads to."""
    if not stream:
        return format_html('<span class="chip unknown">{}</span>', _("尚未分流"))
    if agency_kind:
        return format_html(
            '<span class="chip stream">{} → {}</span>',
            word(stream, "streams"),
            word(agency_kind, "agency_kinds"),
        )
    shape = "unknown" if stream == "consult" else "stream"
    return format_html('<span class="chip {}">{}</span>', shape, word(stream, "streams"))


@register.simple_tag
def state_chip(state: object) -> str:
    """State of a report."""
    return format_html('<span class="chip state">{}</span>', word(state, "report_states"))


@register.filter
def is_unknown(state: object) -> bool:
    """Whether a look-up's state is no answer: unknown is not no."""
    return str(state) not in KNOWN


@register.simple_tag
def lookup_chip(state: object) -> str:
    """State of a look-up; what is no answer is hatched and says that it does not mean none."""
    words = {
        "value": _("有資料"),
        "none": _("查無"),
        "late": _("逾時，不等於沒有"),
        "failed": _("查詢失敗，不等於沒有"),
        "not-asked": _("未查詢"),
        "withheld": _("依規定不提供"),
    }
    shape = {"value": "ok", "none": "state", "withheld": "sealed"}.get(str(state), "unknown")
    text = words.get(str(state), str(state or _("不明")))
    return format_html('<span class="chip {}">{}</span>', shape, text)
