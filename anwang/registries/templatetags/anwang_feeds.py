"""What templates of the registries say in words: what kind of thing stood in a cell, what can be mended."""

from __future__ import annotations

import re
from typing import Final

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anwang.registries.rules.faults import is_correctable

register = template.Library()

_CLASS: Final = re.compile(r"([a-z-]+)(?:\((\d+)\))?")
_WORDS: Final = {
    "empty": gettext_lazy("空白"),
    "digits": gettext_lazy("數字"),
    "digits-and-marks": gettext_lazy("數字與符號"),
    "letters": gettext_lazy("英文字母"),
    "letters-and-digits": gettext_lazy("英文字母與數字"),
    "text": gettext_lazy("文字"),
}


@register.filter
def class_words(value_class: object) -> str:
    """`digits(7)` as 數字，7 字; a class that is not known stays as it is."""
    found = _CLASS.fullmatch(str(value_class or ""))
    if found is None or found[1] not in _WORDS:
        return str(value_class or "")
    words = str(_WORDS[found[1]])
    return _("%(what)s，%(n)s 字") % {"what": words, "n": found[2]} if found[2] else words


@register.filter
def can_be_corrected(rule: object) -> bool:
    """Whether a row that broke `rule` can be written anew cell by cell."""
    return is_correctable(str(rule))
